/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How much, by whom, behind whom and where a lock was waited for, with the waits that have not ended; and whether that
 * is contention at all: waiting for work, for a signal or for a thread's end is not.
 */
#ifndef LIFELINE_ANALYZE_COMMON_CONTENTION_H
#define LIFELINE_ANALYZE_COMMON_CONTENTION_H

#include "analyze/analyzer.h"
#include "base/json.h"
#include "model/lock.h"

struct lock_share { /* a thread's part */
	const struct lock_party *party;
	uint64_t waits, wait_ns;
};

#define SHARES_MAX 3

struct contention {
	uint64_t waits, wait_ns, max_ns;
	uint64_t mean_ns;
	unsigned waiter_count;                 /* threads */
	struct lock_share waiters[SHARES_MAX]; /* most waiting first; party NULL: there are no more */
	struct lock_share holders[SHARES_MAX]; /* that are known, those most waited for first */
	uint64_t unknown_ns;                   /* waited behind holders that are not known, or nobody */
	const struct lock_place *places[SHARES_MAX];
};

/* Zero waits: nobody waited. */
void contention_of(const struct model *model, const struct lock *lock, struct contention *contention);

/*
 * Is it a lock? By kind, where that says it. What waits and wakes without an owner (semaphores, unknown futexes) counts
 * as one if those who wait are also those who wake; where one side waits and another wakes, it is signalling.
 */
bool lock_is_exclusive(const struct lock *lock);

/* The waits and the longest, who waited, behind whom, where: lines of evidence. */
void contention_evidence(struct finding *finding, const struct model *model, const struct lock *lock,
			 const struct contention *contention);
/* "lock": its number, and the sums: members of `detail`. */
void contention_json(struct json *json, const struct lock *lock, const struct contention *contention);
/* The process to tell it of: whose lock it is; of a shared one, the one others waited for most, or that waited most. */
const struct process *contention_subject(const struct model *model, const struct lock *lock,
					 const struct contention *contention);

#endif
