/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Keeping book of the dead: from the end of a process until somebody collects its status. */
#ifndef LIFELINE_BPF_DEAD_H
#define LIFELINE_BPF_DEAD_H

#include "lib/common.bpf.h"

/* Remembers `leader` as dead and unreaped, under its host pid and under those of nested namespaces. */
static __always_inline void remember_dead(struct task_struct *leader, __s32 status)
{
	struct dead dead = {
	    .start_ns = GET(leader, start_boottime), .status = status, .target = is_target(GET(leader, tgid))};
	struct pid *pid = own_level(leader) ? BPF_CORE_READ(leader, thread_pid) : NULL;
	__u32 key = GET(leader, tgid), level = own_level(leader);

	for (int i = 0; i < NS_LEVELS; i++) {
		if (level < 1 + (__u32)i)
			break;
		dead.ns[i].pid = pid_number(pid, level - i);
		dead.ns[i].pidns = pid_namespace(pid, level - i);
		if (bpf_map_update_elem(&unreaped_ns, &dead.ns[i], &key, BPF_ANY))
			count_lost(GROUP_WAIT, 1);
	}
	if (bpf_map_update_elem(&unreaped, &key, &dead, BPF_ANY))
		count_lost(GROUP_WAIT, 1);
}

#endif
