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
	uint32_t cut;   /* enum site_cut */
	bool glibc;     /* the wait goes through this C library, whose locks have a known form */
	bool by_python; /* somewhere in it the interpreter takes its GIL */
	char *call;     /* the function that waits, or "" */
	char *frames;   /* NUL-separated, innermost first */
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
const struct site *sites_find(struct sites *sites, pid_t pid, uint64_t start_ns, const void *registers,
			      const void *stack, size_t size, bool *fresh);
void sites_free(struct sites *sites);

/* ---- live_lock_kinds.c: what a lock is --------------------------------------------------------------------------- */

struct lock_facts { /* of one wait */
	uint32_t op, val;
	uint64_t address;
	const uint32_t *words;   /* LOCK_WORDS at the address, as they were when the wait began */
	const struct site *site; /* NULL unknown */
	bool python;             /* the address lies in the interpreter's own state */
	bool owner_lives;        /* the word where a mutex has its owner names a thread of the process */
	bool value_lives;        /* so does the value that was waited for to change */
};

/* enum lock_kind, as far as the facts prove it; else LOCK_FUTEX. */
uint32_t lock_kind_of(const struct lock_facts *facts);
/* Is the word that such a wait has for its owner one? Only where kind, operation and memory prove the form. */
bool lock_names_owner(uint32_t kind, const struct lock_facts *facts);
/* Where the object begins that this futex is part of. */
uint64_t lock_begin_of(uint32_t kind, const struct lock_facts *facts);

/* ---- live_locks.c ------------------------------------------------------------------------------------------------ */

struct locks;

/* `record` gets the events. NULL: no memory. */
struct locks *locks_new(struct live_bpf *bpf, record_fn record, void *context);
void locks_free(struct locks *locks);
/* Takes note of what an event says about threads. */
void locks_event(struct locks *locks, const struct event *event);
/* A record of the kernel side's that is no event. */
void locks_raw(struct locks *locks, const struct event *raw, size_t size);
/* Tells the sums of the interval before the last one; `all`: up to now. */
void locks_drain(struct locks *locks, bool all);

#endif
