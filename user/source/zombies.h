/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zombies that exist now, and what their parents are doing, as a source of events: begin (mode snapshot),
 * snap_process of each zombie (a target) and each parent (a relative), cgroup, zombie_look, finish. Read with the task
 * iterator, in a millisecond; where the kernel refuses BPF, from /proc, which knows less: then how long a zombie has
 * been dead is not known, so the source looks twice, zombie_after_ns apart, and tells who is gone by then.
 */
#ifndef LIFELINE_SOURCE_ZOMBIES_H
#define LIFELINE_SOURCE_ZOMBIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/source.h"

struct zombies_options {
	pid_t parent; /* only zombies that this process owes the wait for, in lifeline's namespace; 0: all */
	uint64_t zombie_after_ns; /* how long a death may go unreaped */
	bool without_bpf;         /* read /proc whatever the kernel allows */
	/* out: set if /proc was read instead of asking the kernel, and why */
	bool from_proc;
	struct error refused;
};

/* 0, or a negative errno (-ESRCH: there is no such parent). `options` must outlive the source. */
int source_zombies_open(struct zombies_options *options, struct source **source, struct error *error);

#endif
