/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the locks source share. */
#ifndef LIFELINE_SOURCE_LOCKS_INTERNAL_H
#define LIFELINE_SOURCE_LOCKS_INTERNAL_H

#include "source/live_looks.h"
#include "source/locks.h"
#include "source/zombies_internal.h"

/* struct pt_regs in 64-bit words: where ip and sp are in what locks_proc.c fills in */
enum { PROC_AT_IP = AT_IP, PROC_AT_SP = AT_SP };

/* locks_proc.c: the threads of a process from /proc/PID/task, alive at the moment. 0, -ESRCH, -EACCES or -ENOMEM. */
int thread_by_proc(uint32_t pid, uint64_t start_ns, uint32_t tid, struct seen_threads *list);
int threads_by_proc(uint32_t pid, uint64_t start_ns, struct seen_threads *list);

#endif
