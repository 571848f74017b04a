/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Control groups of the unified hierarchy: id, and the path, told once per group. */
#ifndef LIFELINE_BPF_CGROUP_H
#define LIFELINE_BPF_CGROUP_H

#include "lib/common.bpf.h"

#define CGROUP_DEPTH 12
#define CGROUP_NAME 128

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} cgroups SEC(".maps");

struct cgroup_scratch {
	struct event_cgroup event;
	char path[CGROUP_DEPTH * CGROUP_NAME + 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cgroup_scratch);
} cgroup_scratch SEC(".maps");

static __always_inline __u64 cgroup_id(struct task_struct *task)
{
	return GET(plain(task), cgroups, dfl_cgrp, kn, id);
}

/* Tells the path of task's cgroup if it was not told before: names, innermost first, joined by '/'. */
static __always_inline void tell_cgroup(struct task_struct *task, __u64 id)
{
	struct kernfs_node *node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn), *above;
	struct cgroup_scratch *scratch;
	__u32 zero = 0, length = 0;
	long got;

	if (bpf_map_lookup_elem(&cgroups, &id))
		return;
	scratch = bpf_map_lookup_elem(&cgroup_scratch, &zero);
	if (!scratch || bpf_map_update_elem(&cgroups, &id, &zero, BPF_ANY))
		return;
	__builtin_memset(&scratch->event, 0, sizeof(scratch->event));
	for (int i = 0; i < CGROUP_DEPTH; i++) {
		above = kernfs_above(node);
		if (!above)
			break; /* the root has no name */
		if (length > (CGROUP_DEPTH - 1) * CGROUP_NAME)
			break;
		got = bpf_probe_read_kernel_str(scratch->path + length, CGROUP_NAME, BPF_CORE_READ(node, name));
		if (got <= 0 || got > CGROUP_NAME)
			break;
		length += got;
		if (length > (CGROUP_DEPTH - 1) * CGROUP_NAME)
			break;
		scratch->path[length - 1] = '/';
		node = above;
	}
	if (length > (CGROUP_DEPTH - 1) * CGROUP_NAME + CGROUP_NAME)
		return;
	fill_head(&scratch->event.h, EVENT_cgroup, 0, task, now());
	scratch->event.cgroup = id;
	scratch->event.path_len = length ? length - 1 : 0;
	scratch->event.h.size = (sizeof(scratch->event) + scratch->event.path_len + 7) & ~7;
	if (bpf_ringbuf_output(&events, scratch, scratch->event.h.size & 4095, submit_flags())) {
		bpf_map_delete_elem(&cgroups, &id);
		count_lost(GROUP_LIFE, 1);
	}
}

#endif
