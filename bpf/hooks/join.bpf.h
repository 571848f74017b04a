/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Who enters a watched control group is watched. Loaded only if groups are selected. Who is born there joins in
 * lib/join.bpf.h. */
#ifndef LIFELINE_BPF_HOOK_JOIN_H
#define LIFELINE_BPF_HOOK_JOIN_H

#include "lib/join.bpf.h"

SEC("?tp_btf/cgroup_attach_task")
int STAYING_PROG(ll_attach_task, struct cgroup *group, const char *path, struct task_struct *task, bool threadgroup)
{
	if (GET(task, pid) != GET(task, tgid) || !is_selected_group(group))
		return 0; /* a single thread that moves leaves its process where it is */
	join(task);
	return 0;
}

#endif
