/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * How many wait calls each living process has made: counted here, told with its waits, its exit and its counters. */
#ifndef LIFELINE_BPF_CALLS_H
#define LIFELINE_BPF_CALLS_H

#include "lib/common.bpf.h"

/* calls of the whole process; a thread's own count would die with it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} wait_calls SEC(".maps");

static __always_inline __u64 count_call(__u32 tgid, bool one_more)
{
	__u64 *count = bpf_map_lookup_elem(&wait_calls, &tgid), one = 1;

	if (count) {
		if (one_more)
			__sync_fetch_and_add(count, 1);
		return *count;
	}
	if (one_more && bpf_map_update_elem(&wait_calls, &tgid, &one, BPF_NOEXIST))
		count_lost(GROUP_WAIT, 1);
	return one_more;
}

/* At the end of a process: the next bearer of its pid starts from nothing. */
static __always_inline void forget_calls(__u32 tgid)
{
	bpf_map_delete_elem(&wait_calls, &tgid);
}

#endif
