/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Context switches (--switches all), as states of threads in the perfetto export. */
#include "sink/common/perfetto.h"

static void begin_timeline(struct perfetto *perfetto)
{
	if (!perfetto->timeline)
		packet_counter_track(&perfetto->tracks.packets, TRACK_RUNNABLE, "runnable threads");
	perfetto->timeline = true;
}

static void come_off(struct perfetto *perfetto, const struct event *event)
{
	static const char *const blocked[] = {
#define REASON(upper, lower) [BLOCKED_##upper] = "blocked: " #lower,
	    BLOCKED_REASONS(REASON)
#undef REASON
	};
	const struct event_switch *told = (const void *)event;
	struct thread_track *thread = tracks_thread(&perfetto->tracks, event->tid, event->start_ns);
	const uint64_t now_ns = perfetto->tracks.now_ns;

	if (!thread || !thread->process->watched)
		return;
	if (told->reason == SWITCH_INVOLUNTARY)
		track_set_state(perfetto, thread, now_ns, RUN_RUNNABLE, "runnable", 0);
	else if (told->reason - 1 < BLOCKED_REASON_COUNT)
		track_set_state(perfetto, thread, now_ns, RUN_BLOCKED, blocked[told->reason - 1], 0);
	else
		track_set_state(perfetto, thread, now_ns, RUN_UNKNOWN, NULL, 0);
}

/* From when it was made runnable until it came on it waited for the processor. */
static uint64_t become_runnable(struct perfetto *perfetto, struct thread_track *thread, const struct event_switch *told)
{
	struct thread_track *waker;
	uint64_t woken_ns = told->woken_ns;

	if (thread->state != RUN_BLOCKED || woken_ns <= thread->state_since_ns || woken_ns > perfetto->tracks.now_ns)
		return 0;
	waker = tracks_thread(&perfetto->tracks, told->waker_tid, told->waker_start);
	track_set_state(perfetto, thread, woken_ns, RUN_RUNNABLE, "runnable", 0);
	return mark_arrow(perfetto, waker == thread ? NULL : waker, woken_ns, "wake",
			  mark_label(perfetto, "wakes %u", thread->tid));
}

void show_switch(struct perfetto *perfetto, const struct event *event)
{
	const struct event_switch *told = (const void *)event;
	struct thread_track *next = tracks_thread(&perfetto->tracks, told->next_tid, told->next_start);
	uint64_t flow;

	begin_timeline(perfetto);
	come_off(perfetto, event);
	if (!next || !next->process->watched)
		return;
	flow = become_runnable(perfetto, next, told);
	track_set_state(perfetto, next, perfetto->tracks.now_ns, RUN_RUNNING, "running", flow);
}
