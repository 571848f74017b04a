/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks, and who waits for whom now: folded from the events of group LOCK. Part of the model's interface; times,
 * ownership and constness as in model.h. Counts come from lock_sum alone (every ended wait is in one), what goes on now
 * from lock_wait, lock_wait_end and thread_look. Sums saturate, so that a forged trace cannot make them small.
 */
#ifndef LIFELINE_MODEL_LOCK_H
#define LIFELINE_MODEL_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi/event.h"

struct model;
struct process;
struct thread;

#define SITE_FRAMES_MAX 64

struct lock_site { /* a place in a program */
	uint32_t number;
	uint32_t cut;		   /* enum site_cut */
	const char *call;	   /* the function that waits, or "" */
	const char *const *frames; /* innermost first, frame_count of them; not escaped */
	unsigned frame_count;	   /* 0 as well while a site is only known by its number */
};

struct lock_holder_id { /* who holds, as far as it is known */
	uint32_t known; /* enum holder_known */
	uint32_t pid, tid;
	uint64_t start_ns; /* of the process; 0 unless HOLDER_THREAD */
};

struct lock_party { /* what one thread had to do with a lock: as waiter, as holder, as waker */
	struct lock_holder_id who; /* waiters and wakers: HOLDER_THREAD. Holders: those not known are one */
	char comm[COMM_SIZE];
	uint64_t waits, timeouts, wait_ns, max_ns;   /* as waiter; as holder: waits of others behind it */
	uint64_t wakes;				     /* as waker */
	uint64_t acquisitions, hold_ns, max_hold_ns; /* as holder, with --locks all */
	uint32_t now; /* waits now (1); as holder: so many wait behind it now, as far as wait or look say */
	bool kept;    /* the model's own: it stays in the list */
	struct lock_party *next;
};

/* Those that are not in a lock's lists any more: of threads that ended, so many that each is not worth a line. */
struct lock_gone {
	uint64_t threads;
	uint64_t waits, timeouts, wait_ns, max_ns, wakes, acquisitions, hold_ns, max_hold_ns; /* as in lock_party */
};

enum lock_part { PART_WAITER, PART_HOLDER, PART_WAKER };
#define LOCK_PARTS (PART_WAKER + 1)

struct lock_place { /* what was waited at one site, and (--locks all) taken */
	const struct lock_site *site;
	uint64_t waits, wait_ns, max_ns;
	uint64_t acquisitions, hold_ns, max_hold_ns; /* of those taken here */
	struct lock_place *next;
};

#define ORDER_GATES 4

struct lock_order { /* a thread took this lock while it held another (--locks all) */
	const struct lock *held;
	const struct lock *gates[ORDER_GATES]; /* held besides, each by one thread at a time; NULL: no more */
	uint32_t flags;			       /* ORDER_* */
	struct lock_holder_id who;
	const struct lock_site *site, *held_site; /* NULL unknown */
	uint64_t count, first_ns, last_ns; /* no thread was born or ended in between, where a phase was told */
	struct lock_order *next;
};

struct lock {
	uint32_t number; /* from 1 */
	uint32_t kind;	 /* enum lock_kind; LOCK_FUTEX as well while a lock is only known by its number */
	uint32_t op;
	bool shared;
	bool told; /* its `lock` event came */
	uint64_t address, device, inode, offset;
	uint32_t pid; /* where it was met: with start_ns the process; 0 while it was not told */
	uint64_t start_ns;
	const char *name, *object;    /* "" unknown; not escaped */
	const struct lock_site *site; /* where a nameless one was first met, or NULL */
	uint64_t first_ns;
	uint64_t waits, timeouts, wait_ns, max_ns; /* of ended waits */
	uint64_t wakes, broadcasts; /* calls that woke somebody and were made for more than one */
	uint32_t waiting;			   /* threads that wait for it now */
	struct lock_party *waiters, *holders, *wakers; /* most important first is not promised */
	struct lock_gone *gone;                        /* by enum lock_part, NULL: nobody was taken out */
	struct lock_place *places;
	struct lock_order *orders;
	bool ordered; /* some order names it, as held or as a gate */
	struct lock *next;
};

struct thread_wait { /* what a thread waits for now, or was seen to be in */
	const struct lock *lock; /* NULL: for no lock (then it runs, or is in `syscall`) */
	const struct lock_site *site; /* NULL unknown */
	uint64_t since_ns;	   /* off the processor since; 0 unknown */
	uint64_t looked_ns;	   /* last look, 0 none */
	uint32_t round;		   /* the number of its process' look that the last look at it belongs to */
	uint64_t switches;	   /* at that look */
	/* the unbroken row of looks with the same wait, holder and switches: its first, and how many, the last
	 * included; 0: not looked at since the wait began */
	uint64_t unchanged_since_ns;
	uint32_t unchanged_looks;
	uint64_t handlers; /* of its process, at that look */
	uint32_t state;	   /* the letter that ps shows, 0 unknown */
	int32_t syscall;
	bool timed, alarms;
	struct lock_holder_id holder; /* at the beginning of the wait, or at the last look if there was one */
	/* The kernel refused the wait before this one, as it would have closed a circle (-EDEADLK): for what, when, who
	 * held it. glibc then parks the thread for ever. NULL: no */
	const struct lock *refused;
	const struct lock_site *refused_site;
	uint64_t refused_ns;
	struct lock_holder_id refused_holder;
};

struct process_look { /* the last complete look at a process' threads */
	uint64_t at_ns;
	uint32_t round; /* from 1, counting look_done */
	uint32_t threads, whole, outsiders; /* as in look_done */
	uint32_t told; /* looks at threads that came with it */
};

const struct lock *model_locks(const struct model *model); /* then ->next, by first sight */
const struct lock *model_lock(const struct model *model, uint32_t number); /* NULL unknown */
const struct lock_site *model_site(const struct model *model, uint32_t number); /* NULL unknown */
/* What this thread waits for, or was seen doing when last looked at; NULL: nothing is known of, or it has ended. */
const struct thread_wait *thread_wait_now(const struct thread *thread);
/* NULL: never looked at. */
const struct process_look *process_look_last(const struct process *process);
/* The thread that a holder names, NULL unless HOLDER_THREAD and known. *process likewise, if given. */
const struct thread *lock_holder_thread(const struct model *model, const struct lock_holder_id *holder,
					const struct process **process);
bool lock_holder_equal(const struct lock_holder_id *a, const struct lock_holder_id *b);
/* Waits that have not ended: added up until the time of the model's last event (or of its finish). */
uint64_t lock_waiting_ns(const struct model *model, const struct lock *lock);
const char *lock_kind_name(uint32_t kind); /* SPEC's word, NULL for none of them */

#endif
