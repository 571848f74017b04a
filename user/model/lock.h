/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks, and who waits for whom now: folded from the events of group LOCK. Part of the model's interface; times,
 * ownership and constness as in model.h. Counts come from lock_sum alone (every wait is in one), what goes on now from
 * lock_wait, lock_wait_end and thread_look.
 */
#ifndef LIFELINE_MODEL_LOCK_H
#define LIFELINE_MODEL_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi/event.h"

struct model;
struct process;
struct thread;

struct lock_site { /* a place in a program */
	uint32_t number;
	uint32_t cut;	      /* enum site_cut */
	const char *call;     /* the function that waits, or "" */
	const char *const *frames; /* innermost first, frame_count of them; not escaped */
	unsigned frame_count;
};

struct lock_holder_id { /* who holds, as far as it is known */
	uint32_t known; /* enum holder_known */
	uint32_t pid, tid;
	uint64_t start_ns; /* of the process; 0 unless HOLDER_THREAD */
};

struct lock_party { /* what one thread had to do with a lock: as waiter, as holder, as waker */
	struct lock_holder_id who; /* waiters and wakers: HOLDER_THREAD */
	char comm[COMM_SIZE];
	uint64_t waits, timeouts, wait_ns, max_ns; /* as waiter; as holder: waits of others behind it */
	uint64_t wakes;				   /* as waker */
	uint64_t acquisitions, hold_ns, max_hold_ns; /* with --locks all */
	bool now; /* waits now; holds now (as far as the last look or wait says) */
	struct lock_party *next;
};

struct lock_place { /* what was waited at one site */
	const struct lock_site *site;
	uint64_t waits, wait_ns, max_ns;
	struct lock_place *next;
};

struct lock_order { /* a thread took this lock while it held another (--locks all) */
	const struct lock *held, *gate; /* gate: NULL none */
	struct lock_holder_id who;
	const struct lock_site *site, *held_site;
	uint64_t count, first_ns, last_ns;
	struct lock_order *next;
};

struct lock {
	uint32_t number; /* from 1, in order of first sight */
	uint32_t kind;	 /* enum lock_kind */
	uint32_t op;
	bool shared;
	uint64_t address, device, inode, offset;
	uint32_t pid; /* where it was met: with start_ns the process */
	uint64_t start_ns;
	const char *name, *object; /* "" unknown; not escaped */
	const struct lock_site *site; /* where a nameless one was first met, or NULL */
	uint64_t first_ns;
	uint64_t waits, timeouts, wait_ns, max_ns; /* of ended waits */
	struct lock_party *waiters, *holders, *wakers; /* most important first is not promised */
	struct lock_place *places;
	struct lock_order *orders;
	struct lock *next;
};

struct thread_wait { /* what a thread waits for now, or was seen to be in */
	const struct lock *lock; /* NULL: for no lock (then it runs, or is in `syscall`) */
	const struct lock_site *site;
	uint64_t since_ns;	   /* off the processor since; 0 unknown */
	uint64_t looked_ns;	   /* last look, 0 none */
	uint64_t switches;	   /* at that look */
	/* the unbroken row of looks with the same wait, holder and switches: its first, and how many, the last
	 * included; 0: not looked at */
	uint64_t unchanged_since_ns;
	uint32_t unchanged_looks;
	uint64_t handlers;	   /* of its process, at that look */
	uint32_t state;
	int32_t syscall;
	bool timed, alarms;
	struct lock_holder_id holder; /* at the beginning of the wait, or at the last look if there was one */
};

const struct lock *model_locks(const struct model *model); /* then ->next, by number */
const struct lock *model_lock(const struct model *model, uint32_t number); /* NULL unknown */
const struct lock_site *model_site(const struct model *model, uint32_t number); /* NULL unknown */
/* What this thread waits for, NULL: nothing that is known of. */
const struct thread_wait *thread_wait_now(const struct thread *thread);
/* The thread that a holder names, NULL unless HOLDER_THREAD and known. */
const struct thread *lock_holder_thread(const struct model *model, const struct lock_holder_id *holder,
					const struct process **process);
const char *lock_kind_name(uint32_t kind); /* SPEC's word */

#endif
