/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * The children of threads that are exiting, noted at sched_process_exit and asked for at the last switch. */
#ifndef LIFELINE_BPF_CHILDREN_H
#define LIFELINE_BPF_CHILDREN_H

#include "lib/common.bpf.h"

/*
 * Who were this thread's children, when it exits? Its end hands them to somebody else; who that is can only be read
 * after the kernel has done it (sched.bpf.c, at the thread's last switch), and by then they are no longer on its list.
 */
struct child_key {
	__u64 task; /* address of the exiting thread's; its tid can change meanwhile, in exec */
	__u32 index, pad;
};

struct child {
	__u64 task; /* address; trusted only if pid and start are still the same */
	__u64 start_ns;
	__u32 pid, zombie;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct child_key);
	__type(value, struct child);
} children SEC(".maps");

#endif
