/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks, threads and places in the words of findings, and in the keys that their details share. Names are as they come
 * from programs: sinks escape.
 */
#ifndef LIFELINE_ANALYZE_COMMON_LOCK_WORDS_H
#define LIFELINE_ANALYZE_COMMON_LOCK_WORDS_H

#include "analyze/common/words.h"
#include "model/lock.h"

/* "the mutex balance_lock", "the semaphore first met in take at fork.c:20", "the lock at 0x7f00" */
struct words words_lock(const struct lock *lock);
struct words words_thread(const struct thread *thread); /* "worker-1 (201)": its tid */
/* " in work at bank.c:41", or "" if the place is not known. */
struct words words_place(const struct lock_site *site);
/* Who holds, in the middle of a sentence: "worker-1 (201)", "nobody", "a thread (201) that has ended". */
struct words words_holder(const struct model *model, const struct lock_holder_id *holder);

/* What is known of who can end a wait of this kind: "held by"; "of" a thread that is joined; of a semaphore, which
 * anybody may post, "last taken by". */
const char *words_held_by(const struct lock *lock);

struct lock_link { /* a member of `cycle` in details: who waits for what behind whom */
	const struct process *process;
	const struct thread *thread;
	const struct lock *lock;
	const struct lock_site *site; /* NULL unknown */
	uint32_t held_by_tid;         /* 0 unknown */
};

/* "cycle": [{tid, comm, process, waits_for, held_by_tid, site}, …] */
void words_json_cycle(struct json *json, const struct lock_link *links, size_t count);

#endif
