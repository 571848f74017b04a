/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The perfetto export: a track per process and thread, their lives and states as slices, arrows between who caused
 * what, findings as marks (docs/export.md). Written as the events pass; kept is what is open (common/tracks.h). The
 * table at the end decides for every event there is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event/event.h"
#include "sink/common/perfetto.h"
#include "sink/sink.h"

static void show_begin(struct perfetto *perfetto, const struct event *event)
{
	struct packets *packets = &perfetto->tracks.packets;

	packet_clocks(packets, event->t_ns, ((const struct event_begin *)event)->realtime_ns);
	packet_track(packets, TRACK_OBSERVATION, 0, "lifeline");
	packet_counter_track(packets, TRACK_ZOMBIES, "zombies");
	packet_count(packets, event->t_ns, TRACK_ZOMBIES, 0);
}

static void instant_of_observation(struct perfetto *perfetto, const char *name)
{
	struct packet_mark mark = mark_on(perfetto, TRACK_OBSERVATION, "stream", name);

	packet_instant(&perfetto->tracks.packets, &mark);
}

static void show_lost(struct perfetto *perfetto, const struct event *event)
{
	const struct event_lost *lost = (const void *)event;
	const char *class = event_group_name(lost->class);

	instant_of_observation(perfetto, mark_label(perfetto, "%llu events lost: %s", (unsigned long long)lost->count,
						    class ? class : "unknown class"));
}

/* ---- the decisions ---- */

static const struct decision {
	show_fn *show;
	const char *none; /* why it shows nothing */
} decisions[EVENT_KIND_LIMIT] = {
    [EVENT_fork] = {show_fork, ""},
    [EVENT_thread] = {show_thread, ""},
    [EVENT_exec] = {show_exec, ""},
    [EVENT_exit] = {show_exit, ""},
    [EVENT_end] = {show_end, ""},
    [EVENT_rename] = {show_rename, ""},
    [EVENT_reap] = {show_reap, ""},
    [EVENT_wait_enter] = {show_wait_enter, ""},
    [EVENT_wait_exit] = {show_wait_exit, ""},
    [EVENT_adopt] = {show_adopt, ""},
    [EVENT_signal] = {show_signal, ""},
    [EVENT_oom] = {show_oom, ""},
    [EVENT_fork_failed] = {show_fork_failed, ""},
    [EVENT_setsid] = {show_setsid, ""},
    [EVENT_setpgid] = {show_setpgid, ""},
    [EVENT_subreaper] = {show_subreaper, ""},
    [EVENT_pdeathsig] = {show_pdeathsig, ""},
    [EVENT_session_look] = {NULL, "a look at a process; findings tell it"},
    [EVENT_chdir] = {show_chdir, ""},
    [EVENT_umask] = {show_umask, ""},
    [EVENT_dup] = {show_dup, ""},
    [EVENT_close] = {show_close, ""},
    [EVENT_open] = {show_open, ""},
    [EVENT_file_lock] = {show_file_lock, ""},
    [EVENT_unlink] = {show_unlink, ""},
    [EVENT_move] = {show_move, ""},
    [EVENT_listen] = {show_listen, ""},
    [EVENT_pidfile_look] = {NULL, "a look at a file; findings tell it"},
    [EVENT_cgroup] = {NULL, "the name of a number that is not shown"},
    [EVENT_snap_process] = {show_snap_process, ""},
    [EVENT_snap_thread] = {show_snap_thread, ""},
    [EVENT_counters] = {NULL, "sums; the timeline shows what they are sums of"},
    [EVENT_zombie_look] = {NULL, "a look at a parent; findings tell it"},
    [EVENT_begin] = {show_begin, ""},
    [EVENT_finish] = {NULL, "all tracks end there"},
    [EVENT_tick] = {NULL, "no fact, only the passing of time"},
    [EVENT_lost] = {show_lost, ""},
    [EVENT_lock] = {NULL, "its name stands in the waits for it"},
    [EVENT_site] = {NULL, "the name of a number that is not shown"},
    [EVENT_lock_wait] = {show_lock_wait, ""},
    [EVENT_lock_wait_end] = {show_lock_wait_end, ""},
    [EVENT_lock_sum] = {NULL, "sums of waits that have no place in time of their own"},
    [EVENT_lock_wakes] = {NULL, "sums"},
    [EVENT_thread_look] = {NULL, "a look at a thread; findings tell it"},
    [EVENT_look_done] = {NULL, "the end of such looks"},
    [EVENT_lock_hold] = {NULL, "sums"},
    [EVENT_lock_order] = {NULL, "sums; findings tell it"},
    [EVENT_switch] = {show_switch, ""},
};

const char *perfetto_decision(uint16_t kind)
{
	return kind < EVENT_KIND_LIMIT ? decisions[kind].none : NULL;
}

/* ---- findings, the sink ---- */

static void show_finding(struct perfetto *perfetto, const struct finding *finding)
{
	struct tracks *tracks = &perfetto->tracks;
	struct packet_mark mark = {.category = "finding", .name = finding->verdict->code, .track = TRACK_OBSERVATION};
	struct process_track subject = {.id = finding->process};

	if (finding->process.pid && finding->process.start_ns) {
		subject.track = tracks_of_process(finding->process);
		memcpy(subject.comm, finding->comm, COMM_SIZE);
		tracks_describe(tracks, &subject, NULL, 0); /* it may have had no track until now */
		mark.track = subject.track;
	}
	mark.t_ns = finding->until_ns ? finding->until_ns : tracks->now_ns;
	if (mark.t_ns > tracks->now_ns || mark.t_ns < model_observation(perfetto->context->model)->begin_ns)
		mark.t_ns = tracks->now_ns;
	buffer_clear(&tracks->text);
	text_escape(&tracks->text, finding->title, strlen(finding->title), 0);
	packet_note_text(&mark, "title", buffer_text(&tracks->text));
	packet_note_text(&mark, "severity", severity_name(finding->severity));
	packet_note_text(&mark, "certain", finding->certain ? "yes" : "no");
	packet_instant(&tracks->packets, &mark);
}

static int open_perfetto(const struct sink_context *context, void **state)
{
	struct perfetto *perfetto = calloc(1, sizeof(*perfetto));

	if (!perfetto)
		return -ENOMEM;
	perfetto->context = context;
	perfetto->tracks.packets.lines.out = context->out;
	perfetto->runnable.track = TRACK_RUNNABLE;
	*state = perfetto;
	return 0;
}

static int check(struct perfetto *perfetto)
{
	struct tracks *tracks = &perfetto->tracks;

	if (tracks->failed || tracks->name.failed || tracks->text.failed || perfetto->label.failed)
		return -ENOMEM;
	return lines_pass(&tracks->packets.lines);
}

/* A record that comes late is shown when it came: tracks must not run backwards. */
static int take_event(const struct sink_context *context, void *state, const struct event *event)
{
	struct perfetto *perfetto = state;

	(void)context;
	if (event->t_ns > perfetto->tracks.now_ns)
		perfetto->tracks.now_ns = event->t_ns;
	if (event->kind >= EVENT_KIND_LIMIT || !decisions[event->kind].show)
		return 0;
	decisions[event->kind].show(perfetto, event);
	return check(perfetto);
}

static int close_perfetto(const struct sink_context *context, void *state)
{
	const struct observation *observation = model_observation(context->model);
	struct perfetto *perfetto = state;
	struct tracks *tracks = &perfetto->tracks;
	const struct finding *finding;
	int result;

	if (perfetto->timeline)
		runnable_flush(&perfetto->runnable, &tracks->packets);
	tracks_close(tracks, tracks->now_ns);
	for (size_t i = 0; (finding = findings_get(context->findings, i)); i++)
		show_finding(perfetto, finding);
	if (!observation->finished || observation->ended_by == ENDED_CUT)
		instant_of_observation(perfetto, "the trace breaks off here");
	result = check(perfetto);
	if (!result)
		result = lines_flush(&tracks->packets.lines);
	lines_free(&tracks->packets.lines);
	buffer_free(&tracks->name);
	buffer_free(&tracks->text);
	buffer_free(&perfetto->label);
	free(perfetto);
	return result;
}

const struct sink sink_perfetto = {
    .name = "perfetto",
    .suffix = ".pftrace",
    .help = "a timeline for ui.perfetto.dev: tracks, states, arrows, findings",
    .binary = true,
    .open = open_perfetto,
    .event = take_event,
    .close = close_perfetto,
};
