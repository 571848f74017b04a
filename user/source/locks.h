/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who waits for which lock in a process now, as a source of events: begin (mode snapshot), snap_process and
 * snap_thread, two looks at each of its threads (thread_look, look_done, with what locks and sites they speak of),
 * finish. Processes that hold what it waits for, or share its locks, are looked at as well. Read with the task
 * iterator, where the kernel refuses BPF from /proc, which knows less: not since when a thread has been blocked, and
 * fewer registers, so that stacks can be cut. Nothing is stopped.
 */
#ifndef LIFELINE_SOURCE_LOCKS_H
#define LIFELINE_SOURCE_LOCKS_H

#include <stdbool.h>
#include <sys/types.h>

#include "source/source.h"

struct locks_options {
	pid_t pid;        /* in lifeline's own pid namespace */
	bool without_bpf; /* read /proc whatever the kernel allows */
	/* out: set if /proc was read instead of asking the kernel, and why */
	bool from_proc;
	struct error refused;
};

/* 0, or a negative errno (-ESRCH: there is no such process, -EACCES: it may not be looked at). `options` must outlive
 * the source. */
int source_locks_open(struct locks_options *options, struct source **source, struct error *error);

#endif
