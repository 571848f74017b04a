/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Who enters a watched control group is watched. Loaded only if groups are selected. */
#ifndef LIFELINE_BPF_HOOK_JOIN_H
#define LIFELINE_BPF_HOOK_JOIN_H

#include "lib/join.bpf.h"

SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(ll_attach_task, struct cgroup *group, const char *path, struct task_struct *task, bool threadgroup)
{
	if (task->pid != task->tgid || !is_selected_group(BPF_CORE_READ(group, kn)))
		return 0; /* a single thread that moves leaves its process where it is */
	join(task);
	return 0;
}

/* clone3 with CLONE_INTO_CGROUP, which is no move (systemd starts units so). */
SEC("?tp_btf/task_newtask")
int BPF_PROG(ll_newtask_in, struct task_struct *child, unsigned long flags)
{
	if (!(flags & 0x10000) && is_selected_group(BPF_CORE_READ(child, cgroups, dfl_cgrp, kn)))
		join(child);
	return 0;
}

#endif
