/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * --locks all: calls of glibc's lock functions. Not loaded otherwise. The loader attaches both programs to a file's
 * functions, each with its number (enum probe_call) as cookie; whoever runs that file's code and is not watched leaves
 * at once.
 */
#ifndef LIFELINE_BPF_HOOK_HELD_H
#define LIFELINE_BPF_HOOK_HELD_H

#include "lib/common.bpf.h"
#include "lib/held.bpf.h"

static __always_inline void call_begins(struct pt_regs *context)
{
	struct task_struct *task = current_task();

	if (is_target(GET(task, tgid)) && !is_compat(task))
		lock_call_begins(task, registers_of(task), bpf_get_attach_cookie(context));
}

static __always_inline void call_tried(struct pt_regs *context)
{
	struct task_struct *task = current_task();
	struct locker *locker;

	if (!is_target(GET(task, tgid)) || is_compat(task))
		return;
	locker = locker_find(task);
	if (locker && locker->pending_call == (bpf_get_attach_cookie(context) & PROBE_CALL))
		tried(task, locker, (__s32)PT_REGS_RC(context), now());
}

SEC("?uprobe")
int ll_lock_call(struct pt_regs *context)
{
	if (own_stack()) {
		call_begins(context);
		leave_stack();
	} else {
		count_lost(GROUP_LOCK, 1);
	}
	return 0;
}

/* Of the calls that try. */
SEC("?uretprobe")
int ll_lock_tried(struct pt_regs *context)
{
	if (own_stack()) {
		call_tried(context);
		leave_stack();
	} else {
		count_lost(GROUP_LOCK, 1);
	}
	return 0;
}

/* A thread ends, perhaps while it holds locks; a program of its own, since that of all exits is large already. */
SEC("?tp_btf/sched_process_exit")
int STAYING_PROG(ll_locker_ends, struct task_struct *task)
{
	if (!is_target(GET(task, tgid)))
		return 0;
	__sync_fetch_and_add(&shared.epoch, 1);
	locker_ends(task, now());
	return 0;
}

SEC("?tp_btf/task_newtask")
int STAYING_PROG(ll_locker_born, struct task_struct *child)
{
	if (is_target(current_task()->tgid))
		__sync_fetch_and_add(&shared.epoch, 1);
	return 0;
}

#endif
