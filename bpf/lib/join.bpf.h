/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Joining the watched without being born to one of them: by name or user at exec, or by entering a control group, as a
 * container's runtime does with what it starts in a running container. What was before is not known, as at attach, so
 * it is told by a snap_process.
 */
#ifndef LIFELINE_BPF_JOIN_H
#define LIFELINE_BPF_JOIN_H

#include "lib/common.bpf.h"
#include "lib/state.bpf.h"
#include "lib/threads.bpf.h"

#define GROUP_LEVELS 8 /* groups above the entered one that are asked for */

/* The groups whose members are watched. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct selected_group);
	__type(value, __u32);
} selected SEC(".maps");

static __always_inline void mark_relative(__u32 tgid)
{
	__u8 *byte;

	if (settings.watch_all)
		return;
	byte = scope_of(tgid);
	if (byte)
		*byte |= IN_SCOPE_RELATIVE;
}

/* False: it was watched already, or is lifeline. */
static __always_inline bool join(struct task_struct *task)
{
	__u8 *byte = scope_of(GET(task, tgid));
	struct event_snap_process *event;

	if (!byte || (*byte & IN_SCOPE_TARGET) || GET(task, tgid) == shared.self_tgid)
		return false;
	*byte |= IN_SCOPE_TARGET;
	mark_relative(GET(plain(task), real_parent, tgid));
	if (settings.want_switch)
		thread_of(task);
	event = RESERVE(snap_process, LIFE, task, now());
	if (!event)
		return true;
	fill_snap(event, task);
	SUBMIT(event);
	return true;
}

static __always_inline bool has_selected_name(struct task_struct *task)
{
	char comm[COMM_SIZE] = {};

	bpf_probe_read_kernel_str(comm, sizeof(comm), task->comm);
	for (int i = 0; i < COMM_SIZE; i++)
		if (comm[i] != settings.comm[i])
			return false;
	return true;
}

static __always_inline bool join_at_exec(struct task_struct *task)
{
	if (settings.select_uid && GET(plain(task), cred, uid.val) == settings.uid)
		return join(task);
	if (settings.select_comm && has_selected_name(task))
		return join(task);
	return false;
}

static __always_inline bool is_selected_group(struct cgroup *group)
{
	struct selected_group key = {.hierarchy = BPF_CORE_READ(group, root, hierarchy_id)};
	struct kernfs_node *node = BPF_CORE_READ(group, kn);

	for (int level = 0; level < GROUP_LEVELS && node; level++) {
		key.number = BPF_CORE_READ(node, id);
		if (bpf_map_lookup_elem(&selected, &key))
			return true;
		node = kernfs_above(node);
	}
	return false;
}

/* The init (PID 1) of the task's own pid namespace; 0 for the first namespace. */
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

/*
 * Of a process whose creator is not watched. Into a watched group: clone3 with CLONE_INTO_CGROUP is no move (systemd
 * starts units so). Into the pid namespace of a watched init: a container's health check (docker exec, nsenter) is born
 * to somebody outside, but what it leaves behind becomes that init's child, and ends with it.
 * Not a program of its own: those of one tracepoint run in the order of their sections, and a birth starts with a clean
 * mark.
 */
static __always_inline void join_at_birth(struct task_struct *child)
{
	__u32 init;

	if (settings.select_cgroups && is_selected_group(BPF_CORE_READ(child, cgroups, dfl_cgrp))) {
		join(child);
		return;
	}
	if (!settings.select_pids || !own_level(child))
		return;
	init = init_of(child);
	if (init && is_target(init))
		join(child);
}

#endif
