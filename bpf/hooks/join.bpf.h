/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Who enters a watched control group, or the pid namespace of a watched init, is watched. Loaded only if groups, or
 * processes, are selected. */
#ifndef LIFELINE_BPF_HOOK_JOIN_H
#define LIFELINE_BPF_HOOK_JOIN_H

#include "lib/join.bpf.h"

SEC("?tp_btf/cgroup_attach_task")
int STAYING_PROG(ll_attach_task, struct cgroup *group, const char *path, struct task_struct *task, bool threadgroup)
{
	if (task->pid != task->tgid || !is_selected_group(BPF_CORE_READ(group, kn)))
		return 0; /* a single thread that moves leaves its process where it is */
	join(task);
	return 0;
}

/* clone3 with CLONE_INTO_CGROUP, which is no move (systemd starts units so). */
SEC("?tp_btf/task_newtask")
int STAYING_PROG(ll_newtask_in, struct task_struct *child, unsigned long flags)
{
	if (!(flags & 0x10000) && is_selected_group(BPF_CORE_READ(child, cgroups, dfl_cgrp, kn)))
		join(child);
	return 0;
}

/* The init (PID 1) of the task's own pid namespace. */
static __always_inline __u32 init_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = pid ? BPF_CORE_READ(pid, level) : 0;
	struct upid upid = {};

	if (!level || level > 32)
		return 0;
	bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[level]);
	return BPF_CORE_READ(upid.ns, child_reaper, tgid);
}

/* A container's health check (docker exec, nsenter) is born to somebody outside, but what it leaves behind becomes the
 * child of the container's init, and goes when that goes: it belongs to it. */
SEC("?tp_btf/task_newtask")
int STAYING_PROG(ll_newtask_ns, struct task_struct *child, unsigned long flags)
{
	__u32 init;

	if ((flags & 0x10000) || !own_level(child) || is_target((__u32)(bpf_get_current_pid_tgid() >> 32)))
		return 0; /* a thread; nobody's container; a descendant already */
	init = init_of(child);
	if (init && is_target(init))
		join(child);
	return 0;
}

#endif
