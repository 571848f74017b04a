/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * What a process is like at one moment, as snap_process tells it. */
#ifndef LIFELINE_BPF_STATE_H
#define LIFELINE_BPF_STATE_H

#include "lib/cgroup.bpf.h"
#include "lib/common.bpf.h"

/* How long dead, at most: the run queue's clock now less the moment it last got a processor (KERNEL: within a time
 * slice of the truth). Both are sched_clock; the monotonic clock is close enough to it for "at most". */
static __always_inline __u64 dead_for(struct task_struct *task)
{
	__u64 arrival = GET(task, sched_info.last_arrival), clock = bpf_ktime_get_ns();

	return arrival && clock > arrival ? clock - arrival : 0;
}

static __always_inline __u32 dead_kind(struct task_struct *leader)
{
	if (!GET(leader, exit_state))
		return 0;
	return GET(plain(leader), signal, live.counter) > 0 ? 2 : 1;
}

/* The letter that ps shows (fs/proc/array.c task_state_array). */
static __always_inline __u32 state_letter(struct task_struct *task)
{
	__u32 state = state_of(task);

	if (GET(task, exit_state))
		return GET(task, exit_state) == EXIT_ZOMBIE_STATE ? 'Z' : 'X';
	if (!state)
		return 'R';
	if (state & 4)
		return 'T';
	if (state & 8)
		return 't';
	if ((state & 0x402) == 0x402)
		return 'I';
	if (state & 2)
		return 'D';
	return state & 1 ? 'S' : 'P';
}

/* All of a snap_process but its head. */
static __always_inline void fill_snap(struct event_snap_process *event, struct task_struct *task)
{
	struct task_struct *parent = GET(plain(task), real_parent);
	struct own_pid own;

	event->parent = GET(parent, tgid);
	event->parent_tid = GET(parent, pid);
	event->parent_start = GET(plain(parent), group_leader, start_boottime);
	event->cgroup = cgroup_id(task);
	event->exit_signal = GET(task, exit_signal);
	event->uid = GET(plain(task), cred, uid.val);
	event->pgid = pgrp_of(task);
	event->sid = session_of(task);
	read_own_pid(&own, task);
	event->pidns_level = own.level;
	event->nspid = own.number;
	event->pidns = own.pidns;
	event->dead = dead_kind(task);
	event->dead_for_ns = event->dead == 1 ? dead_for(task) : 0;
	event->status = event->dead == 1 ? wait_status(task) : 0;
	event->live_threads = GET(plain(task), signal, live.counter);
	event->subreaper = is_subreaper(task);
	event->pdeathsig = GET(task, pdeath_signal);
	event->scope = is_target(GET(task, tgid)) ? SCOPE_TARGET : SCOPE_RELATIVE;
}

#endif
