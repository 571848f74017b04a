/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Busy polling: a thread that asks again and again whether there is something, without sleeping in between. Folded
 * here; a call that brings something costs one comparison, and only a thread that spins is looked up.
 *
 * One EAGAIN is healthy: an event loop reads until there is no more, then sleeps. A spin is a "not ready" right behind
 * another one: within SPIN_GAP_NS, so that the time between them is the loop's own and not that of work done there;
 * with no voluntary switch, so that the call did not sleep; and with no call that brought something.
 */
#ifndef LIFELINE_BPF_POLL_H
#define LIFELINE_BPF_POLL_H

#include "lib/common.bpf.h"
#include "lib/threads.bpf.h"

#define SPIN_GAP_NS 20000
#define ERROR_NOT_NOW (-11)    /* EAGAIN, EWOULDBLOCK */
#define ERROR_NO_MESSAGE (-42) /* ENOMSG: msgrcv */
#define ERROR_UNDER_WAY (-114) /* EALREADY: connect */

/* The last "not ready" on this processor. Between two that are so close a thread hardly ever changes it. */
struct refusal {
	__u64 t_ns, task, switches;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct refusal);
} refusals SEC(".maps");

static __always_inline bool says_not_ready(__u32 kind, long result)
{
	if (kind == POLLED_EVENT)
		return !result;
	return result == ERROR_NOT_NOW || result == ERROR_UNDER_WAY || result == ERROR_NO_MESSAGE;
}

static __always_inline void count_spin(struct task_struct *task, __u32 number, __u64 gap_ns)
{
	struct thread_state *state = thread_of(task);

	if (!state)
		return;
	state->spins++;
	state->spin_ns += gap_ns;
	state->spin_call = number + 1;
}

/* At the return of a call of these kinds. */
static __always_inline void polled(struct task_struct *task, __u32 number, __u32 kind, long result)
{
	__u32 zero = 0;
	struct refusal *last = bpf_map_lookup_elem(&refusals, &zero);
	__u64 t;

	if (!last)
		return;
	if (!says_not_ready(kind, result)) {
		if (last->task == (__u64)task)
			last->task = 0;
		return;
	}
	if (!is_target(GET(task, tgid)))
		return;
	t = now();
	if (last->task == (__u64)task && last->switches == GET(task, nvcsw) && t - last->t_ns <= SPIN_GAP_NS)
		count_spin(task, number, t - last->t_ns);
	last->t_ns = t;
	last->task = (__u64)task;
	last->switches = GET(task, nvcsw);
}

#endif
