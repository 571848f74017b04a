/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looks at processes, for the live source and for `lifeline locks`. shared among the files of user/source only. */
#ifndef LIFELINE_SOURCE_LIVE_LOOKS_H
#define LIFELINE_SOURCE_LIVE_LOOKS_H

#include "source/live_locks.h"

struct seen_thread { /* a thread at one moment */
	struct raw_thread_look raw;
	bool pair; /* of the registers only those of a call's arguments, ip and sp are known */
};

struct seen_threads { /* of one process */
	struct seen_thread *items;
	size_t count, capacity;
};

int seen_add(struct seen_threads *list, const struct seen_thread *seen); /* 0 or -ENOMEM */

#define LOOK_SHARED_MAX 16
#define LOOK_OTHERS_MAX 32

struct look_result {
	unsigned threads, in_futex;                       /* told; of them in a wait on a futex */
	unsigned lock_waits;                              /* in a wait that is not for work */
	unsigned long_waits;                              /* on a futex, for long */
	bool whole;                                       /* nothing of what they wait for was unreadable */
	uint64_t signature;                               /* the same if nobody has run and all wait for the same */
	const struct lock_entry *shared[LOOK_SHARED_MAX]; /* shared locks that are waited for */
	unsigned shared_count;
	uint32_t others[LOOK_OTHERS_MAX]; /* processes that hold what is waited for */
	unsigned other_count;
	uint32_t sharers[LOOK_OTHERS_MAX]; /* processes that map shared locks waited for */
	unsigned sharer_count;
};

struct file_lock_wait {
	uint64_t inode;
	uint32_t device; /* as the kernel numbers it */
	uint32_t holder; /* a process, 0 unknown */
};

/* live_file_locks.c: what the process waits for in fcntl (posix) or flock on this descriptor. False: nothing. */
bool file_lock_waited(uint32_t pid, uint32_t descriptor, bool posix, struct file_lock_wait *wait);
/* Tells a thread_look of each; fills *result. */
void locks_tell_looks(struct locks *locks, const struct seen_threads *list, struct look_result *result);
/* Finds the other processes that map the shared locks of the result. */
void locks_find_sharers(struct look_result *result, uint32_t pid);
/* Tells look_done of this process (any event head of it). */
void locks_tell_done(struct locks *locks, const struct event *process, const struct look_result *result,
		     unsigned outsiders);

#endif
