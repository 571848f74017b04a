/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel side's records about locks become events: single waits as they come, sums when the folds are drained. */
#include "source/live_locks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/live_internal.h"

#define DRAIN_BATCH 512
#define WAKES_KEPT_NS 2000000000ULL

/* ---- single waits ----------------------------------------------------------------------------------------------- */

struct lock_actor locks_actor(const struct event *event)
{
	return (struct lock_actor){.pid = event->pid,
				   .tid = event->tid,
				   .start_ns = event->start_ns,
				   .t_ns = event->t_ns,
				   .comm = event->comm};
}

static uint64_t site_space(uint64_t space, uint32_t pid)
{
	return space ^ (uint64_t)pid << 40;
}

const struct site *locks_site(struct locks *locks, uint64_t space, uint32_t pid, uint32_t site)
{
	return site ? hash_get(&locks->site_numbers, site_space(space, pid), site) : NULL;
}

static void take_site(struct locks *locks, const struct raw_lock_site *raw)
{
	const struct lock_actor actor = locks_actor(&raw->h);
	struct symbol_registers registers;
	const struct site *site;

	if (symbol_registers_saved(&registers, raw->registers, sizeof(raw->registers)))
		return;
	site = locks_place(locks, &actor, &registers, raw->stack, raw->length <= LOCK_STACK ? raw->length : 0);
	if (site)
		hash_put(&locks->site_numbers, site_space(raw->space, actor.pid), raw->site, (void *)(uintptr_t)site);
}

static void take_wait(struct locks *locks, const struct raw_lock_wait *raw)
{
	const struct lock_actor actor = locks_actor(&raw->h);
	const struct lock_waited waited = {.space = raw->space,
					   .address = raw->address,
					   .op = raw->op,
					   .val = raw->val,
					   .owner = raw->owner,
					   .sp = raw->sp,
					   .site = locks_site(locks, raw->space, actor.pid, raw->site),
					   .words = raw->words};
	struct lock_facts facts;
	struct lock_entry *lock = locks_find(locks, &actor, &waited, &facts);
	struct lock_holder holder;

	if (!lock)
		return;
	holder = locks_holder(locks, &actor, lock, &facts, raw->owner, actor.t_ns);
	hash_put(&locks->starts, actor.tid, 0, lock);
	LOCKS_TELL(locks, lock_wait, &actor, .holder_start = holder.start_ns, .lock = lock->number,
		   .site = facts.site ? facts.site->number : 0, .holder = holder.known, .holder_pid = holder.pid,
		   .holder_tid = holder.tid, .timed = raw->timed);
}

/* Rust's RwLock, for one, has marks of its own where glibc's robust mutexes and the kernel have theirs. */
static uint32_t outcome_of(const struct raw_lock_end *raw, const struct lock_entry *lock)
{
	const bool can_die = lock->kind == LOCK_MUTEX || lock->kind == LOCK_PI_MUTEX;

	return raw->outcome == LOCK_OWNER_DIED && !can_die ? LOCK_ACQUIRED : raw->outcome;
}

static void take_end(struct locks *locks, const struct raw_lock_end *raw)
{
	const struct lock_actor actor = locks_actor(&raw->h);
	struct lock_entry *lock = hash_remove(&locks->starts, actor.tid, 0);

	if (!lock)
		return; /* its begin was lost */
	if (raw->result == -EDEADLK)
		hash_put(&locks->refused, actor.tid, actor.start_ns, lock);
	LOCKS_TELL(locks, lock_wait_end, &actor, .waited_ns = raw->waited_ns, .waker_start = raw->waker_start,
		   .lock = lock->number, .outcome = outcome_of(raw, lock), .result = raw->result,
		   .waker_pid = raw->waker_pid, .waker_tid = raw->waker_tid);
}

void locks_raw(struct locks *locks, const struct event *raw, size_t size)
{
	switch (raw->kind) {
	case RAW_LOCK_SITE:
		if (size >= sizeof(struct raw_lock_site))
			take_site(locks, (const void *)raw);
		break;
	case RAW_LOCK_WAIT:
		if (size >= sizeof(struct raw_lock_wait))
			take_wait(locks, (const void *)raw);
		break;
	case RAW_LOCK_END:
		if (size >= sizeof(struct raw_lock_end))
			take_end(locks, (const void *)raw);
		break;
	case RAW_LOCK_MET:
		if (size >= sizeof(struct raw_lock_met))
			holds_met(locks, (const void *)raw);
		break;
	}
}

/* ---- sums ------------------------------------------------------------------------------------- */

static void tell_sum(struct locks *locks, const struct lock_fold_key *key, const struct lock_fold *value, uint64_t t_ns)
{
	const struct lock_actor actor = {
	    .pid = key->pid, .tid = key->tid, .start_ns = key->start_ns, .t_ns = t_ns, .comm = value->comm};
	const struct lock_waited waited = {.space = key->space,
					   .address = key->address,
					   .op = key->op,
					   .val = key->val,
					   .owner = key->owner,
					   .sp = value->sp,
					   .site = locks_site(locks, key->space, key->pid, key->site),
					   .words = value->words};
	struct lock_facts facts;
	struct lock_entry *lock = locks_find(locks, &actor, &waited, &facts);
	struct lock_holder holder;
	uint64_t begin_ns = locks->flipped_before_ns;

	if (!lock)
		return;
	begin_ns -= value->max_ns < begin_ns ? value->max_ns : begin_ns;
	holder = locks_holder(locks, &actor, lock, &facts, key->owner, begin_ns);
	LOCKS_TELL(locks, lock_sum, &actor, .waits = value->waits, .timeouts = value->timeouts,
		   .wait_ns = value->wait_ns, .max_ns = value->max_ns, .holder_start = holder.start_ns,
		   .lock = lock->number, .site = facts.site ? facts.site->number : 0, .holder = holder.known,
		   .holder_pid = holder.pid, .holder_tid = holder.tid);
}

static bool tell_wakes(struct locks *locks, const struct lock_fold_key *key, const struct lock_fold *value,
		       uint64_t t_ns)
{
	const struct lock_actor actor = {
	    .pid = key->pid, .tid = key->tid, .start_ns = key->start_ns, .t_ns = t_ns, .comm = value->comm};
	const struct futex_entry *futex = locks_futex(locks, &actor, key->space, key->address);

	if (!futex || !futex->lock)
		return false;
	LOCKS_TELL(locks, lock_wakes, &actor, .wakes = value->waits, .lock = futex->lock->number,
		   .broadcasts = (uint32_t)value->timeouts);
	return true;
}

/* Those whom it woke have not returned yet, so nobody knows the lock: try again. */
static void keep_wakes(struct locks *locks, const struct lock_fold_key *key, const struct lock_fold *value,
		       uint64_t since_ns)
{
	if (locks->wake_count < WAKES_KEPT)
		locks->wakes[locks->wake_count++] =
		    (struct wake_entry){.key = *key, .value = *value, .since_ns = since_ns};
}

static void tell_kept_wakes(struct locks *locks, uint64_t t_ns)
{
	const unsigned count = locks->wake_count;

	locks->wake_count = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct wake_entry kept = locks->wakes[i];

		if (!tell_wakes(locks, &kept.key, &kept.value, t_ns) && t_ns - kept.since_ns < WAKES_KEPT_NS)
			keep_wakes(locks, &kept.key, &kept.value, kept.since_ns);
	}
}

/* Waits first: they make the locks known that the wake-ups are about. */
static void tell_batch(struct locks *locks, const struct lock_fold_key *keys, const struct lock_fold *values,
		       uint32_t count, uint64_t t_ns)
{
	for (uint32_t i = 0; i < count; i++)
		if (keys[i].op != LOCK_OP_WAKE)
			tell_sum(locks, &keys[i], &values[i], t_ns);
	for (uint32_t i = 0; i < count; i++)
		if (keys[i].op == LOCK_OP_WAKE && !tell_wakes(locks, &keys[i], &values[i], t_ns))
			keep_wakes(locks, &keys[i], &values[i], t_ns);
}

static void drain_map(struct locks *locks, int fd, uint64_t t_ns)
{
	struct lock_fold_key *keys = malloc(DRAIN_BATCH * sizeof(*keys));
	struct lock_fold *values = malloc(DRAIN_BATCH * sizeof(*values));
	uint64_t position = 0;
	bool begun = false;
	int result = 0;

	while (keys && values && !result) {
		uint32_t count = DRAIN_BATCH;

		result = live_bpf_take(locks->bpf, fd, &position, begun, keys, values, &count);
		if (result && result != -ENOENT)
			break;
		begun = true;
		tell_batch(locks, keys, values, count, t_ns);
	}
	free(keys);
	free(values);
}

/* ---- lives ------------------------------------------------------------------------------------ */

/* Sums of a process come until two intervals after its end. */
static void note_end(struct locks *locks, const struct event *event)
{
	if (locks->ended_count < ENDED_KEPT)
		locks->ended[locks->ended_count++] =
		    (struct lock_ended){.pid = event->pid, .start_ns = event->start_ns, .t_ns = event->t_ns};
	else
		locks_forget(locks, event->pid, event->start_ns);
}

static void forget_ended(struct locks *locks)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < locks->ended_count; i++) {
		const struct lock_ended ended = locks->ended[i];

		if (ended.t_ns >= locks->flipped_before_ns)
			locks->ended[kept++] = ended;
		else
			locks_forget(locks, ended.pid, ended.start_ns);
	}
	locks->ended_count = kept;
}

static bool has_locks(const struct locks *locks, const struct event *event)
{
	for (const struct futex_entry *futex = locks->all_futexes; futex; futex = futex->next)
		if (futex->pid == event->pid && futex->start_ns == event->start_ns)
			return true;
	return false;
}

/* A child has its parent's map until it calls exec. It may be gone when its locks are named. */
static void note_map(struct symbols *symbols, const struct event *event)
{
	const struct event_fork *fork = (const void *)event;

	if (event->kind == EVENT_fork)
		symbols_note_fork(symbols, (pid_t)event->pid, event->start_ns, (pid_t)fork->child, fork->child_start);
	else if (event->kind == EVENT_exec)
		symbols_forget_process(symbols, (pid_t)event->pid, event->start_ns);
}

void locks_event(struct locks *locks, const struct event *event)
{
	people_event(&locks->people, event);
	if (locks->sites.symbols && locks->holds)
		note_map(locks->sites.symbols, event);
	if (event->kind == EVENT_end && event_is_process_end(event)) {
		note_end(locks, event);
	} else if (event->kind == EVENT_exec && has_locks(locks, event)) {
		locks_drain(locks, true, live_clock()); /* the sums of the old image's locks are still theirs */
		locks_forget(locks, event->pid, event->start_ns);
	}
}

static void flip(struct locks *locks)
{
	struct shared *shared = locks->bpf->shared;

	__atomic_store_n(&shared->fold_side, !shared->fold_side, __ATOMIC_SEQ_CST);
	locks->flipped_before_ns = locks->flipped_ns;
	locks->flipped_ns = live_clock();
}

/* What comes into a map while it is emptied sets its mark again. */
static bool was_filled(uint32_t *mark)
{
	return __atomic_exchange_n(mark, 0, __ATOMIC_SEQ_CST);
}

static void drain_side(struct locks *locks, unsigned side, uint64_t t_ns)
{
	struct shared *shared = locks->bpf->shared;

	if (was_filled(&shared->folds_filled[side]))
		drain_map(locks, live_bpf_fold_fd(locks->bpf, side), t_ns);
	tell_kept_wakes(locks, t_ns);
	if (was_filled(&shared->holds_filled[side]))
		holds_drain(locks, side, t_ns);
}

void locks_drain(struct locks *locks, bool all, uint64_t t_ns)
{
	const uint32_t idle = !locks->bpf->shared->fold_side;

	drain_side(locks, idle, t_ns);
	forget_ended(locks);
	flip(locks);
	if (!all)
		return;
	usleep(500); /* programs that had chosen the other side are done with it */
	drain_side(locks, !idle, live_clock());
}

/* ---- begin and end ---------------------------------------------------------------------------- */

struct locks *locks_new(struct live_bpf *bpf, record_fn record, void *context)
{
	struct locks *locks = calloc(1, sizeof(*locks));

	if (!locks)
		return NULL;
	locks->bpf = bpf;
	locks->record = record;
	locks->context = context;
	locks->flipped_ns = locks->flipped_before_ns = live_clock();
	return locks;
}

void locks_free(struct locks *locks)
{
	if (!locks)
		return;
	for (struct lock_entry *lock = locks->all, *next; lock; lock = next) {
		next = lock->next;
		free(lock);
	}
	for (struct futex_entry *futex = locks->all_futexes, *next; futex; futex = next) {
		next = futex->next;
		free(futex);
	}
	hash_free(&locks->site_numbers);
	hash_free(&locks->futexes);
	hash_free(&locks->shared);
	hash_free(&locks->starts);
	hash_free(&locks->refused);
	people_free(&locks->people);
	looks_free(&locks->looks);
	sites_free(&locks->sites);
	free(locks);
}
