/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * When a thread is made runnable, and by whom (--switches all): kept with the thread until it comes on, and told with
 * that switch.
 */
#ifndef LIFELINE_BPF_TIMELINE_HOOKS_H
#define LIFELINE_BPF_TIMELINE_HOOKS_H

#include "lib/common.bpf.h"
#include "lib/threads.bpf.h"

/*
 * The thread that runs when a wake-up is made is its cause only if it made it itself: an interrupt (a timer, a packet)
 * wakes others while somebody runs who has nothing to do with it, and the kernel does not tell the two apart where a
 * program could ask. So only those count who are in a system call that can end a wait of that kind, or are ending.
 */
static __always_inline bool causes(struct task_struct *waker, const struct thread_state *woken)
{
	__u64 number, reason = (__u64)woken->reason - 1;

	if (!GET(waker, pid) || (GET(waker, flags) & KTHREAD_FLAG) || reason >= BLOCKED_REASON_COUNT)
		return false;
	if (GET(waker, flags) & EXITING_FLAG)
		return (settings.exit_wakes >> reason) & 1;
	number = call_number(registers_of(waker));
	if (number >= SYSCALL_TABLE_SIZE || is_compat(waker))
		return false;
	return (settings.wakes[number] >> reason) & 1;
}

/* The first wake-up since it came off counts: it is what made it runnable. */
SEC("tp_btf/sched_waking")
int BPF_PROG(ll_wake, struct task_struct *task)
{
	struct task_struct *waker;
	struct thread_state *state;

	if (!is_target(GET(task, tgid)))
		return 0;
	state = thread_find(task);
	if (!state || state->woken_ns)
		return 0;
	waker = current_task();
	state->woken_ns = now();
	if (!causes(waker, state))
		return 0;
	state->woken_by_pid = GET(waker, tgid);
	state->woken_by_tid = GET(waker, pid);
	state->woken_by_start = GET(plain(waker), group_leader, start_boottime);
	return 0;
}

#endif
