/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Each context switch as an event (--switches all). None of this is loaded, or left in by the verifier, unless wanted.
 * Switches come faster than anything else, so they may fill no more than half of the ring: what is told of lives, waits
 * and reaps finds its room whatever the processors do.
 */
#ifndef LIFELINE_BPF_TIMELINE_H
#define LIFELINE_BPF_TIMELINE_H

#include "lib/common.bpf.h"
#include "lib/threads.bpf.h"

/* Of a switch that one of the watched takes part in. Asked before the end of a process takes its mark away. */
static __always_inline bool timeline_wants(struct task_struct *prev, struct task_struct *next)
{
	if (!settings.want_timeline)
		return false;
	return (GET(prev, pid) && is_target(GET(prev, tgid))) || (GET(next, pid) && is_target(GET(next, tgid)));
}

/* As ps shows it (fs/proc/array.c task_state_array), of the state that the switch is told with. */
static __always_inline __u32 letter_of_state(__u64 state, bool voluntary)
{
	if (state & TASK_DEAD_STATE)
		return 'X';
	if (!voluntary)
		return 'R';
	if (state & 1)
		return 'S';
	if (state & 2) /* TASK_UNINTERRUPTIBLE; with TASK_NOLOAD it is TASK_IDLE */
		return state & 0x400 ? 'I' : 'D';
	return state & 4 ? 'T' : state & 8 ? 't' : 'S';
}

/* When the process of this thread started, as its state has it (see there); 0: it has none. */
static __always_inline __u64 timeline_start(const struct thread_state *state)
{
	__u64 start_ns = state ? state->process_start : 0;

	/* else the compiler makes one load of either address of this and what is read otherwise: pointers differ */
	barrier_var(start_ns);
	return start_ns;
}

static __always_inline void fill_next(struct event_switch *event, struct task_struct *next)
{
	struct thread_state *state = GET(next, pid) ? thread_find(next) : NULL;

	event->next_start = timeline_start(state);
	if (!state && GET(next, pid))
		event->next_start = GET(plain(next), group_leader, start_boottime);
	event->next_pid = GET(next, tgid);
	event->next_tid = GET(next, pid);
	bpf_probe_read_kernel_str(event->next_comm, sizeof(event->next_comm), next->comm);
	if (!state)
		return;
	event->woken_ns = state->woken_ns;
	event->waker_start = state->woken_by_start;
	event->waker_pid = state->woken_by_pid;
	event->waker_tid = state->woken_by_tid;
}

/* reason: as in the event. */
static __always_inline void tell_switch(struct task_struct *prev, __u64 prev_start, struct task_struct *next,
					__u64 prev_state, bool voluntary, __u32 reason, __u64 t)
{
	struct event_switch *event;

	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > settings.timeline_bytes) {
		count_lost(GROUP_TIMELINE, 1);
		return;
	}
	event = RESERVE(switch, TIMELINE, prev, t);
	if (!event)
		return;
	if (prev_start)
		event->h.start_ns = prev_start;
	event->state = letter_of_state(prev_state, voluntary);
	event->reason = reason;
	fill_next(event, next);
	SUBMIT(event);
}

/* It comes off: whatever woke it before is past. */
static __always_inline void timeline_leave(struct thread_state *state)
{
	state->woken_ns = 0;
	state->woken_by_pid = state->woken_by_tid = 0;
	state->woken_by_start = 0;
}

#endif
