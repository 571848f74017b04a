/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks in the live source: what the kernel side tells about waits (bpf/abi/lock.h) becomes the events 60 to 67. Shared
 * among user/source/live*.c only.
 */
#ifndef LIFELINE_SOURCE_LIVE_LOCKS_H
#define LIFELINE_SOURCE_LIVE_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "bpf/abi/lock.h"
#include "event/event.h"
#include "source/source.h"
#include "symbol/symbol.h"

struct live_bpf;
struct locks;

/* ---- live_people.c: which threads exist, as the stream tells --------------------------------------------- */

struct person {                     /* a thread */
	uint64_t start_ns;          /* of its process */
	uint64_t born_ns, ended_ns; /* 0: before observation; still alive */
	uint32_t pid, tid;
	uint32_t pidns, nstid; /* innermost pid namespace (0: the initial one), and its number there */
};

struct people {
	struct hash by_tid;        /* tid, 0 → struct person */
	struct hash by_ns;         /* pidns, nstid → struct person; only of nested namespaces */
	struct hash spaces;        /* pid, start → struct person of the leader, for its namespace */
	struct person *dead[4096]; /* the last that ended, kept for what is told of them late */
	unsigned dead_next;
};

void people_event(struct people *people, const struct event *event);
const struct person *people_find(const struct people *people, uint32_t tid);
/* Who a thread of process (pid, start) means by this number, in its own pid namespace. NULL: nobody known. */
const struct person *people_meant(const struct people *people, uint32_t pid, uint64_t start_ns, uint32_t number);
void people_free(struct people *people);

/* ---- live_sites.c: places in programs ----------------------------------------------------------------------- */

struct site { /* a place, numbered from 1; equal stacks are one */
	uint32_t number;
	uint32_t cut;              /* enum site_cut */
	bool glibc;                /* the wait goes through this C library, whose locks have a known form */
	bool takes_gil, drops_gil; /* somewhere in it CPython's interpreter takes its GIL; lets it go */
	bool in_barrier;           /* what waits is part of a barrier that is made of other locks */
	char *call;                /* the function that waits, or "" */
	char *frames;              /* NUL-separated, innermost first */
	size_t frames_length;
	struct site *next; /* with the same hash */
};

struct sites {
	struct symbols *symbols;
	struct hash by_text; /* hash of the text, 0 → struct site, then ->next */
	uint32_t count;
};

/* The place of a thread of this process with these registers and stack bytes; NULL: no memory. *fresh: not met before.
 */
const struct site *sites_find(struct sites *sites, pid_t pid, uint64_t start_ns,
			      const struct symbol_registers *registers, const void *stack, size_t size, bool *fresh);
void sites_free(struct sites *sites);

/* ---- live_lock_kinds.c: what a lock is --------------------------------------------------------------------------- */

struct lock_facts { /* of one wait */
	uint32_t op, val;
	uint64_t address;
	const uint32_t *words;   /* LOCK_WORDS at the address, as they were when the wait began */
	const struct site *site; /* NULL unknown */
	bool python;             /* the address lies in the interpreter's own state */
	bool owner_lives;        /* the word where a mutex has its owner names a thread of the process */
	bool on_stack;           /* the address lies in the waiting thread's own frames */
	bool value_lives;        /* so does the value that was waited for to change */
};

/* enum lock_kind, as far as the facts prove it; else LOCK_FUTEX. */
uint32_t lock_kind_of(const struct lock_facts *facts);
/* Is the word that such a wait has for its owner one? Only where kind, operation and memory prove the form. */
bool lock_names_owner(uint32_t kind, const struct lock_facts *facts);
/* The word that would be the owner's, by operation and value (as owner_candidate of bpf/lib/lock.bpf.h). */
uint32_t lock_owner_word(uint32_t op, uint32_t val, uint64_t address, const uint32_t *words);
/* Where the object begins that this futex is part of. */
uint64_t lock_begin_of(uint32_t kind, const struct lock_facts *facts);

/* ---- live_locks.c: numbers --- */

#define WAKES_KEPT 256

struct lock_entry {
	uint32_t number, kind, op, site;
	uint32_t descriptor; /* of a file's locks: that of who first waited */
	bool shared, named;
	uint64_t address, device, inode, offset;
	struct lock_entry *next; /* of all */
	struct lock_entry *same; /* with the same hash of (device, inode, offset) */
};

/* A futex that was waited on: several can belong to one lock. */
struct futex_entry {
	struct lock_entry *lock;
	uint32_t op, val, site; /* of the last facts that were looked at */
	uint32_t pid;
	uint64_t start_ns, space, address;
	struct futex_entry *next;
};

struct wake_entry { /* told when the lock is known */
	struct lock_fold_key key;
	struct lock_fold value;
	uint64_t since_ns;
};

#define ENDED_KEPT 1024

struct lock_ended { /* a process whose last sums are still to come */
	uint64_t start_ns, t_ns;
	uint32_t pid;
};

struct watched_process { /* one that is looked at again */
	uint32_t pid;
	unsigned looks; /* so far */
	uint64_t start_ns, next_ns, step_ns, signature;
	bool idle; /* nobody in it waits for a lock, and somebody can run */
};

struct remembered_thread { /* as it was at the last look */
	uint64_t switches, call;
	const struct site *site;
};

struct looks { /* live_looks.c */
	struct watched_process *items;
	size_t count, capacity;
	struct hash threads; /* tid, start of the process → struct remembered_thread */
	uint64_t pass_ns;    /* when to look for long waits next */
};

struct locks {
	struct looks looks;
	struct live_bpf *bpf;
	record_fn record;
	void *context;
	struct people people;
	struct sites sites;
	struct hash site_numbers; /* space and pid, site → const struct site */
	struct hash futexes;      /* space, address → struct futex_entry */
	struct hash shared;       /* hash of (device, inode, offset) → struct lock_entry */
	struct hash starts;       /* told waits that go on: tid → struct lock_entry */
	struct hash refused;      /* tid, start → the PI lock that the kernel refused as a deadlock */
	struct lock_entry *all;
	struct futex_entry *all_futexes;
	uint32_t lock_count;
	struct wake_entry wakes[WAKES_KEPT];
	unsigned wake_count;
	struct lock_ended ended[ENDED_KEPT];
	unsigned ended_count;
	bool holds;              /* --locks all */
	uint64_t flipped_ns, flipped_before_ns; /* when the side in use, and that before, came into use */
	struct event_builder builder;
};

struct lock_actor {
	uint32_t pid, tid;
	uint64_t start_ns, t_ns;
	const char *comm;
};

struct lock_waited { /* what a record of the kernel side's tells of a wait */
	uint64_t space, address;
	uint32_t op, val, owner;
	uint64_t sp;             /* of the thread, 0 unknown */
	const struct site *site; /* NULL unknown */
	const uint32_t *words;
	const struct lock_taken *taken; /* told by a probe, or NULL */
};

struct lock_taken { /* what a record of a probe tells of a lock */
	uint64_t space, address;
	uint32_t kind;
	bool shared;             /* in memory that processes may share */
	uint64_t inode, offset;  /* where that lies; inode 0: not known, look */
	uint32_t device;         /* as the kernel numbers them */
	const struct site *site; /* NULL unknown */
};

struct lock_holder {
	uint32_t known, pid, tid;
	uint64_t start_ns;
};

/* Who holds the GIL of the actor's process now, for a look. */
struct lock_holder locks_gil_holder(struct locks *locks, const struct lock_actor *actor);
/* Fills the head of an event about this actor, apart from kind and size; tells an event. */
void locks_fill(struct event *head, const struct lock_actor *actor);
void locks_tell(struct locks *locks, const struct event *event);

#define LOCKS_TELL(locks, name, actor, ...)                                                                            \
	do {                                                                                                           \
		struct event_##name _event = {__VA_ARGS__};                                                            \
		locks_fill(&_event.h, actor);                                                                          \
		_event.h.kind = EVENT_##name;                                                                          \
		_event.h.size = sizeof(_event);                                                                        \
		locks_tell(locks, &_event.h);                                                                          \
	} while (0)

struct lock_actor locks_actor(const struct event *event);
/* The place that the kernel side calls `site`; NULL: none, or not known. */
const struct site *locks_site(struct locks *locks, uint64_t space, uint32_t pid, uint32_t site);
/* The place of a thread with these registers and stack bytes, told if it is new. NULL: no memory. */
const struct site *locks_place(struct locks *locks, const struct lock_actor *actor,
			       const struct symbol_registers *registers, const void *stack, size_t size);
/* The lock that is waited for, told if it is new or better known now; fills *facts. NULL: no memory. */
struct lock_entry *locks_find(struct locks *locks, const struct lock_actor *actor, const struct lock_waited *waited,
			      struct lock_facts *facts);
struct futex_entry *locks_futex(const struct locks *locks, const struct lock_actor *actor, uint64_t space,
				uint64_t address); /* NULL: not met yet */
/* The lock that a probe tells of, told if it is new. NULL: no memory. */
struct lock_entry *locks_taken(struct locks *locks, const struct lock_actor *actor, const struct lock_taken *taken);
/* One that locks_taken has given a number already; NULL: it has not. */
struct lock_entry *locks_taken_before(const struct locks *locks, const struct lock_actor *actor, uint64_t space,
				      uint64_t address);
/* The memory of this process is gone: what comes at the same addresses later is something else. */
void locks_forget(struct locks *locks, uint32_t pid, uint64_t start_ns);
/* Who holds it, if `owner` is the word where it names one. `begin_ns`: the wait began then or later. */
struct lock_holder locks_holder(struct locks *locks, const struct lock_actor *actor, const struct lock_entry *lock,
				const struct lock_facts *facts, uint32_t owner, uint64_t begin_ns);

/* ---- live_holds.c: --locks all ---------------------------------------------------------------------------------- */

/* Tells what this side of the maps of holds and orders has. */
void holds_drain(struct locks *locks, unsigned side, uint64_t t_ns);
/* Tells what threads hold that still live: acquisitions that were not told yet, and holding until now. Once, last. */
void holds_end(struct locks *locks);
/* Drops what was counted until now. */
void holds_discard(struct live_bpf *bpf);
void holds_met(struct locks *locks, const struct raw_lock_met *raw);

/* ---- live_python.c ----------------------------------------------------------------------------------------- */

/* The thread that holds the GIL now, by its number in its own pid namespace; 0: nobody, or not to be known. */
uint32_t python_gil_holder(struct symbols *symbols, uint32_t pid, uint64_t start_ns);

/* ---- live_locks.c ------------------------------------------------------------------------------------------------ */

/* `record` gets the events. NULL: no memory. */
struct locks *locks_new(struct live_bpf *bpf, record_fn record, void *context);
void locks_free(struct locks *locks);
/* Takes note of what an event says about threads. */
void locks_event(struct locks *locks, const struct event *event);
/* A record of the kernel side's that is no event. */
void locks_raw(struct locks *locks, const struct event *raw, size_t size);
/* Looks at processes that have long waits, when it is time; once more at the end. */
void locks_watch(struct locks *locks, uint64_t now_ns);
void locks_watch_end(struct locks *locks);
void looks_free(struct looks *looks);
/* Tells the sums of the interval before the last one, as of `t_ns`, which must not lie before its end; `all`: up to
 * now, too. */
void locks_drain(struct locks *locks, bool all, uint64_t t_ns);

#endif
