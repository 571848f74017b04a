/* SPDX-License-Identifier: BSD-2-Clause
 *
 * --locks all: what the probes on lock functions have counted becomes events. Counts come folded from the kernel
 * (bpf/lib/held.bpf.h), by thread, lock and place; what threads still hold at the end is read from their elements and,
 * as to how their last call ended, from their memory, as the kernel side would have done at their next call. */
#include "source/live_locks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "source/live_internal.h"

#define BATCH 256
#define MUTEX_KIND 4 /* words of glibc's mutex */
#define MUTEX_OWNER 2
#define WORD_WRITER 6 /* of its rwlock */
#define KIND_OWNER_IN_LOCK (16 | 32) /* robust, inheriting */
#define KIND_INHERITS 32
#define TID_BITS 0x3fffffffu

static void drop(struct locks *locks, const void *key, const void *value, uint64_t t_ns)
{
	(void)locks, (void)key, (void)value, (void)t_ns;
}

typedef void (*tell_element)(struct locks *locks, const void *key, const void *value, uint64_t t_ns);

/* Takes all elements out of a map and hands them over. */
static void drain(const struct live_bpf *bpf, struct locks *locks, int fd, size_t key_size, size_t value_size,
		  uint64_t t_ns, tell_element tell)
{
	char *keys = malloc(BATCH * key_size), *values = malloc(BATCH * value_size);
	uint64_t position = 0;
	bool begun = false;
	int result = 0;

	while (keys && values && !result) {
		uint32_t count = BATCH;

		result = live_bpf_take(bpf, fd, &position, begun, keys, values, &count);
		if (result && result != -ENOENT)
			break;
		begun = true;
		for (uint32_t i = 0; i < count; i++)
			tell(locks, keys + i * key_size, values + i * value_size, t_ns);
	}
	free(keys);
	free(values);
}

/* ---- holds ------------------------------------------------------------------------------------------------- */

static void tell_hold(struct locks *locks, const void *one, const void *other, uint64_t t_ns)
{
	const struct hold_key *key = one;
	const struct hold_fold *fold = other;
	const struct lock_actor actor = {
	    .pid = key->pid, .tid = key->tid, .start_ns = key->start_ns, .t_ns = t_ns, .comm = fold->comm};
	const struct lock_taken taken = {.space = key->space,
					 .address = key->address,
					 .kind = key->kind,
					 .shared = key->flags & HELD_SHARED,
					 .site = locks_site(locks, key->space, key->pid, key->site)};
	const struct lock_entry *lock = locks_taken(locks, &actor, &taken);

	if (lock)
		LOCKS_TELL(locks, lock_hold, &actor, .acquisitions = fold->acquisitions, .hold_ns = fold->hold_ns,
			   .max_hold_ns = fold->max_ns, .first_ns = fold->first_ns, .last_ns = fold->last_ns,
			   .lock = lock->number, .site = taken.site ? taken.site->number : 0);
}

void holds_met(struct locks *locks, const struct raw_lock_met *raw)
{
	const struct lock_actor actor = locks_actor(&raw->h);
	const struct lock_taken taken = {.space = raw->space,
					 .address = raw->address,
					 .kind = raw->kind,
					 .shared = true,
					 .inode = raw->inode,
					 .offset = raw->offset,
					 .device = raw->device,
					 .site = locks_site(locks, raw->space, actor.pid, raw->site)};

	locks_taken(locks, &actor, &taken);
}

/* ---- orders ------------------------------------------------------------------------------------------------ */

static uint32_t number_of(struct locks *locks, const struct lock_actor *actor, uint64_t space, uint64_t address)
{
	const struct lock_entry *lock = address ? locks_taken_before(locks, actor, space, address) : NULL;

	return lock ? lock->number : 0;
}

static uint32_t site_number(struct locks *locks, const struct order_key *key, uint32_t site)
{
	const struct site *known = locks_site(locks, key->space, key->pid, site);

	return known ? known->number : 0;
}

/* A lock is told by its holds before it is in an order; one that is not was lost, and so is the order. */
static void tell_order(struct locks *locks, const void *one, const void *other, uint64_t t_ns)
{
	const struct order_key *key = one;
	const struct order_fold *fold = other;
	const struct lock_actor actor = {
	    .pid = key->pid, .tid = key->tid, .start_ns = key->start_ns, .t_ns = t_ns, .comm = fold->comm};
	uint32_t gates[GATES_MAX], flags = 0;

	for (unsigned i = 0; i < GATES_MAX; i++) {
		gates[i] = number_of(locks, &actor, key->space, key->gates[i]);
		flags |= key->gates[i] && !gates[i] ? ORDER_MORE_GATES : 0;
	}
	flags |= key->more_gates ? ORDER_MORE_GATES : 0;
	flags |= key->flags & HELD_READ ? ORDER_READS : 0;
	flags |= key->held_flags & HELD_READ ? ORDER_HELD_READS : 0;
	LOCKS_TELL(locks, lock_order, &actor, .count = fold->count, .first_ns = fold->first_ns,
		   .last_ns = fold->last_ns, .lock = number_of(locks, &actor, key->space, key->address),
		   .held = number_of(locks, &actor, key->space, key->held), .site = site_number(locks, key, key->site),
		   .held_site = site_number(locks, key, key->held_site), .gate = gates[0], .gate2 = gates[1],
		   .gate3 = gates[2], .gate4 = gates[3], .flags = flags, .phase = key->epoch);
}

static void drain_side(const struct live_bpf *bpf, struct locks *locks, unsigned side, uint64_t t_ns, tell_element hold,
		       tell_element order)
{
	drain(bpf, locks, live_bpf_hold_fd(bpf, side), sizeof(struct hold_key), sizeof(struct hold_fold), t_ns, hold);
	drain(bpf, locks, live_bpf_order_fd(bpf, side), sizeof(struct order_key), sizeof(struct order_fold), t_ns,
	      order);
}

void holds_drain(struct locks *locks, unsigned side, uint64_t t_ns)
{
	drain_side(locks->bpf, locks, side, t_ns, tell_hold, tell_order);
}

void holds_discard(struct live_bpf *bpf)
{
	drain_side(bpf, NULL, 0, 0, drop, drop);
	drain_side(bpf, NULL, 1, 0, drop, drop);
}

/* ---- the end: what is held still --------------------------------------------------------------------------- */

static bool has_mutex(const struct locker *locker, struct held_lock *held)
{
	uint32_t words[MUTEX_KIND + 1], owner;

	if (live_read_memory(locker->pid, held->address, words, sizeof(words)) != sizeof(words))
		return false;
	owner = words[MUTEX_KIND] & KIND_OWNER_IN_LOCK ? words[0] & TID_BITS : words[MUTEX_OWNER];
	held->kind = words[MUTEX_KIND] & KIND_INHERITS ? LOCK_PI_MUTEX : LOCK_MUTEX;
	return owner == locker->nstid;
}

static bool has_rwlock(const struct locker *locker, struct held_lock *held)
{
	uint32_t words[WORD_WRITER + 1];

	held->kind = LOCK_RWLOCK;
	return live_read_memory(locker->pid, held->address, words, sizeof(words)) == sizeof(words) &&
	       words[WORD_WRITER] == locker->nstid;
}

/* Did the last call, after which no other came, give it the lock? Only where its owner stands in it. */
static bool has_pending(const struct locker *locker, struct held_lock *held)
{
	for (unsigned i = 0; i < locker->count && i < HELD_MAX; i++)
		if (locker->held[i].address == locker->pending)
			return false; /* once more: not to be told from outside */
	switch (locker->pending_call) {
	case PROBE_MUTEX_LOCK:
	case PROBE_MUTEX_TIMED:
	case PROBE_COND_WAIT:
		return has_mutex(locker, held);
	case PROBE_WRITE_LOCK:
	case PROBE_WRITE_TIMED:
		return has_rwlock(locker, held);
	default:
		return false;
	}
}

static void tell_held(struct locks *locks, const struct locker *locker, const struct held_lock *held,
		      uint64_t acquisitions, uint64_t t_ns)
{
	const uint64_t hold_ns = t_ns > held->since_ns ? t_ns - held->since_ns : 0;
	const struct hold_key key = HOLD_KEY(locker, held);
	struct hold_fold fold = {.acquisitions = acquisitions, .hold_ns = hold_ns, .max_ns = hold_ns};

	if (acquisitions)
		fold.first_ns = fold.last_ns = held->since_ns;
	for (unsigned i = 0; i < COMM_SIZE; i++)
		fold.comm[i] = locker->comm[i];
	tell_hold(locks, &key, &fold, t_ns);
}

static void tell_locker(struct locks *locks, const struct locker *locker, uint64_t t_ns)
{
	struct held_lock pending = {.address = locker->pending, .since_ns = locker->pending_ns,
				    .site = locker->pending_site};

	for (unsigned i = 0; i < locker->count && i < HELD_MAX; i++)
		tell_held(locks, locker, &locker->held[i], 0, t_ns);
	if (locker->pending_call && has_pending(locker, &pending))
		tell_held(locks, locker, &pending, 1, t_ns);
}

void holds_end(struct locks *locks)
{
	const int fd = live_bpf_locker_fd(locks->bpf);
	const uint64_t t_ns = live_clock();
	struct locker locker;
	uint64_t key, *previous = NULL;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &locker))
			tell_locker(locks, &locker, t_ns);
		previous = &key;
	}
}
