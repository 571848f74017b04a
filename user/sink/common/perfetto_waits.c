/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Waits, reaps, adoptions, signals and sessions, on tracks of the perfetto export. */
#include "sink/common/perfetto.h"

#include "base/text.h"
#include "sink/common/describe.h"
#include "sink/common/event_words.h"

/* The waiter was quicker than the child's last context switch: it was no zombie for any time that could be shown. */
static void reap_early(struct perfetto *perfetto, struct process_track *child, struct packet_mark *reap)
{
	struct tracks *tracks = &perfetto->tracks;
	struct packet_mark mark = mark_on(perfetto, child->track, "zombie", "dead, reaped at once");

	child->reap_told = true;
	if (!child->exited_ns)
		return;
	mark.t_ns = child->exited_ns;
	mark.flow_out = reap->flow_in = packet_flow(&tracks->packets);
	packet_instant(&tracks->packets, &mark);
}

void show_reap(struct perfetto *perfetto, const struct event *event)
{
	const struct event_reap *reap = (const void *)event;
	struct tracks *tracks = &perfetto->tracks;
	struct process_track *child = tracks_process(tracks, reap->child, reap->child_start);
	struct thread_track *reaper = reap->how == REAP_WAITED ? tracks_actor(tracks, event) : NULL;
	struct packet_mark mark = {0};
	uint64_t flow = 0;

	if (reaper && reaper->process == child)
		return; /* nobody reaps himself */
	if (child && child->dead_ns) {
		flow = reaper ? packet_flow(&tracks->packets) : 0;
		tracks_zombie(tracks, child, tracks->now_ns, flow);
		tracks_count_zombies(tracks, tracks->now_ns, -1);
		tracks_forget_process(tracks, child);
		child = NULL;
	}
	if (!reaper)
		return;
	mark = mark_on(perfetto, tracks_calls(tracks, reaper), "reap", mark_label(perfetto, "reap %u", reap->child));
	mark.flow_in = flow;
	if (child)
		reap_early(perfetto, child, &mark);
	if (child && child->gone)
		tracks_forget_process(tracks, child);
	packet_instant(&tracks->packets, &mark);
}

void show_wait_enter(struct perfetto *perfetto, const struct event *event)
{
	const struct event_wait_enter *wait = (const void *)event;
	struct thread_track *thread = tracks_actor(&perfetto->tracks, event);
	struct packet_mark mark = {.category = "wait"};

	if (!thread)
		return;
	mark.name = event_wait_call_name(wait->call) ? event_wait_call_name(wait->call) : "wait";
	packet_note_number(&mark, "target", event_wait_target(wait->type, wait->target));
	track_begin_call(perfetto, thread, &mark);
}

void show_wait_exit(struct perfetto *perfetto, const struct event *event)
{
	struct thread_track *thread = tracks_thread(&perfetto->tracks, event->tid, event->start_ns);

	if (thread)
		tracks_call_end(&perfetto->tracks, thread, perfetto->tracks.now_ns);
}

void show_adopt(struct perfetto *perfetto, const struct event *event)
{
	const struct event_adopt *adopt = (const void *)event;
	struct process_track *child = tracks_process(&perfetto->tracks, adopt->child, adopt->child_start);
	struct packet_mark mark;

	if (!child)
		return;
	mark = mark_on(perfetto, child->track, "adopt",
		       mark_label_of(perfetto, "adopted", "by", adopt->to, adopt->to_comm));
	packet_note_text(&mark, "rule", describe_adopt_rule(adopt->rule));
	packet_instant(&perfetto->tracks.packets, &mark);
}

/* ---- signals, sessions, refusals ---- */

void show_signal(struct perfetto *perfetto, const struct event *event)
{
	const struct event_signal *told = (const void *)event;
	struct process_track *target = tracks_process(&perfetto->tracks, told->target, told->target_start);
	char made_up[16];
	const char *name = describe_signal(told->signal, made_up);
	struct packet_mark mark;

	if (!target)
		return;
	mark = mark_on(perfetto, target->track, "signal",
		       told->origin == SIGNAL_USER ? mark_label_of(perfetto, name, "from", event->pid, event->comm)
						   : mark_label(perfetto, "%s from the kernel", name));
	packet_note_text(&mark, "result", event_signal_result_name(told->result));
	packet_note_text(&mark, "fatal", told->fatal ? "yes" : "no");
	packet_instant(&perfetto->tracks.packets, &mark);
}

void show_oom(struct perfetto *perfetto, const struct event *event)
{
	const struct event_oom *oom = (const void *)event;
	struct process_track *victim = tracks_process(&perfetto->tracks, oom->victim, oom->victim_start);
	struct packet_mark mark;

	if (!victim)
		return;
	mark = mark_on(perfetto, victim->track, "signal", "chosen by the OOM killer");
	packet_instant(&perfetto->tracks.packets, &mark);
}

void show_fork_failed(struct perfetto *perfetto, const struct event *event)
{
	const char *name = text_errno_name(-((const struct event_fork_failed *)event)->error);

	mark_actor(perfetto, event, "fork", mark_label(perfetto, "fork refused: %s", name ? name : "unknown error"));
}

void show_setsid(struct perfetto *perfetto, const struct event *event)
{
	mark_actor(perfetto, event, "session", "setsid");
}

void show_setpgid(struct perfetto *perfetto, const struct event *event)
{
	const struct event_setpgid *told = (const void *)event;

	mark_actor(perfetto, event, "session", mark_label(perfetto, "setpgid(%u, %u)", told->target, told->pgid));
}

void show_subreaper(struct perfetto *perfetto, const struct event *event)
{
	mark_actor(perfetto, event, "session",
		   ((const struct event_subreaper *)event)->on ? "becomes a subreaper" : "is no subreaper any more");
}

void show_pdeathsig(struct perfetto *perfetto, const struct event *event)
{
	const int32_t signal = ((const struct event_pdeathsig *)event)->signal;
	char made_up[16];

	mark_actor(perfetto, event, "session",
		   signal > 0 ? mark_label(perfetto, "parent-death signal %s", describe_signal(signal, made_up))
			      : "no parent-death signal");
}
