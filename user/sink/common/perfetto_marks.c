/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Marks and slices of the perfetto export that its files share; see perfetto.h. */
#include "sink/common/perfetto.h"

#include <stdarg.h>

/* A text of ours, good until the next one. */
const char *mark_label(struct perfetto *perfetto, const char *format, ...)
{
	va_list arguments;

	buffer_clear(&perfetto->label);
	va_start(arguments, format);
	buffer_vformat(&perfetto->label, format, arguments);
	va_end(arguments);
	perfetto->tracks.failed |= perfetto->label.failed;
	return buffer_text(&perfetto->label);
}

/* "SIGTERM from job (4711)": words of ours, then the name of a stranger. */
const char *mark_label_of(struct perfetto *perfetto, const char *what, const char *relation, uint32_t pid,
			  const char comm[COMM_SIZE])
{
	const char *name = tracks_name(&perfetto->tracks.name, comm);

	return mark_label(perfetto, "%s %s %s (%u)", what, relation, name, pid);
}

struct packet_mark mark_on(struct perfetto *perfetto, uint64_t track, const char *category, const char *name)
{
	return (struct packet_mark){
	    .t_ns = perfetto->tracks.now_ns, .track = track, .category = category, .name = name};
}

void mark_on_calls(struct perfetto *perfetto, struct thread_track *thread, const char *category, const char *name)
{
	struct packet_mark mark = mark_on(perfetto, tracks_calls(&perfetto->tracks, thread), category, name);

	packet_instant(&perfetto->tracks.packets, &mark);
}

/* On the calls of the actor. */
void mark_actor(struct perfetto *perfetto, const struct event *event, const char *category, const char *name)
{
	struct thread_track *thread = tracks_actor(&perfetto->tracks, event);

	if (thread)
		mark_on_calls(perfetto, thread, category, name);
}

/* An arrow that begins at a mark on this thread's calls, now; its number, or 0 if the thread is not known. */
uint64_t mark_arrow(struct perfetto *perfetto, struct thread_track *thread, uint64_t t_ns, const char *category,
		    const char *name)
{
	struct packet_mark mark;

	if (!thread)
		return 0;
	mark = mark_on(perfetto, tracks_calls(&perfetto->tracks, thread), category, name);
	mark.t_ns = t_ns;
	mark.flow_out = packet_flow(&perfetto->tracks.packets);
	packet_instant(&perfetto->tracks.packets, &mark);
	return mark.flow_out;
}

static bool wants_processor(const struct thread_track *thread)
{
	return thread->state == RUN_RUNNING || thread->state == RUN_RUNNABLE;
}

void track_set_state(struct perfetto *perfetto, struct thread_track *thread, uint64_t t_ns, enum run_state state,
		     const char *name, uint64_t flow)
{
	bool wanted = wants_processor(thread), wants = state == RUN_RUNNING || state == RUN_RUNNABLE;

	tracks_state(&perfetto->tracks, thread, t_ns, state, name, flow);
	if (wants != wanted)
		runnable_change(&perfetto->runnable, &perfetto->tracks.packets, t_ns, wants ? 1 : -1,
				perfetto->tracks.now_ns);
}

void track_end_thread(struct perfetto *perfetto, struct thread_track *thread)
{
	if (thread->state != RUN_UNKNOWN)
		track_set_state(perfetto, thread, perfetto->tracks.now_ns, RUN_UNKNOWN, NULL, 0);
	tracks_end_thread(&perfetto->tracks, thread, perfetto->tracks.now_ns);
}

void track_begin_call(struct perfetto *perfetto, struct thread_track *thread, struct packet_mark *mark)
{
	uint64_t track = tracks_calls(&perfetto->tracks, thread);

	tracks_call_end(&perfetto->tracks, thread, perfetto->tracks.now_ns); /* its end was lost */
	mark->t_ns = perfetto->tracks.now_ns;
	mark->track = track;
	packet_slice_begin(&perfetto->tracks.packets, mark);
	thread->in_call = true;
}
