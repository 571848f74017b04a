/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What keeps a process' record from growing with the threads that it started and that ended: a server may start one for
 * each request. They are folded into sums of their process, and what they had to do with locks into sums of the lock.
 *
 * In a lock's lists stay those that conclusions are drawn from: the ones that waited, or made others wait, the most;
 * and the youngest, who show as well as all would how the lock is used (who waits, and who wakes). Who stays in one
 * list of a lock stays in the others too, so that what a thread did is never told by halves.
 */
#include <stdlib.h>

#include "model/internal.h"

#define HEAVIEST 16       /* of each list: several times as many as are told of */
#define YOUNGEST 32       /* of each list */
#define YOUNGEST_OPEN 256 /* where the pattern tells what kind of thing it is: see analyze/common/contention.c */

struct threads_sweep {
	struct model *model;
	const struct retire_rule *rule;
	const struct retire_users *users;
	uint64_t *ends; /* of those that could go */
	size_t count, capacity;
};

/* ---- whom nobody needs --------------------------------------------------------------------------------------- */

static bool is_fault(const struct process *process, const struct thread *thread)
{
	return process->killer && process->killer->sender_tid == thread->tid &&
	       process_ref_equal(process->killer->sender, process->id);
}

/* The thread with which its process ended tells how that came about. */
static bool is_last(const struct process *process, const struct thread *thread)
{
	return process->exited_ns && thread->exited_ns >= process->exited_ns;
}

static bool is_over(const struct threads_sweep *sweep, const struct process *process, const struct thread *thread)
{
	const uint64_t now = sweep->model->now;

	return thread->tid != process->id.pid && thread->ended && thread->exited_ns && thread->exited_ns <= now &&
	       now - thread->exited_ns >= sweep->rule->grace_ns && !thread->waiting && !thread_wait_now(thread);
}

static bool can_go(const struct threads_sweep *sweep, const struct process *process, const struct thread *thread)
{
	const struct retire_users *users = sweep->users;

	return is_over(sweep, process, thread) && !is_fault(process, thread) && !is_last(process, thread) &&
	       !users->needs_thread(users->context, process, thread);
}

static void find_able(struct threads_sweep *sweep)
{
	for (struct process *process = sweep->model->first; process; process = process->next)
		for (struct thread *thread = process->threads; thread; thread = thread->next)
			thread->able = can_go(sweep, process, thread);
}

static struct thread *thread_of(const struct model *model, const struct lock_holder_id *who, struct process **process)
{
	if (who->known != HOLDER_THREAD)
		return NULL;
	*process = process_find(model, who->pid, who->start_ns);
	return *process ? thread_find(*process, who->tid) : NULL;
}

static void stays(const struct model *model, const struct lock_holder_id *who)
{
	struct process *process = NULL;
	struct thread *thread = thread_of(model, who, &process);

	if (thread)
		thread->able = false;
}

/* ---- a lock's lists -------------------------------------------------------------------------------------------- */

static uint64_t weight(const struct lock_party *party)
{
	return party->wait_ns > party->hold_ns ? party->wait_ns : party->hold_ns;
}

/* The weight from which on a party is among the heaviest of its list. */
static uint64_t heavy_from(const struct lock_party *list)
{
	uint64_t most[HEAVIEST] = {0}; /* falling */

	for (; list; list = list->next) {
		uint64_t at = weight(list);

		for (unsigned i = 0; i < HEAVIEST; i++) {
			const uint64_t other = most[i];

			if (at <= other)
				continue;
			most[i] = at;
			at = other;
		}
	}
	return most[HEAVIEST - 1];
}

static bool is_open(const struct lock *lock)
{
	return lock->kind == LOCK_SEMAPHORE || lock->kind == LOCK_FUTEX;
}

/* Its sums are added to those of the lock without a name, so nothing may need to know whose they are. */
static bool is_foldable(const struct model *model, const struct lock *lock, const struct lock_party *party)
{
	struct process *process = NULL;
	const struct thread *thread = thread_of(model, &party->who, &process);

	return thread && thread->able && !party->now &&
	       (lock->shared || lock->kind == LOCK_FILE ||
		(process->id.pid == lock->pid && process->id.start_ns == lock->start_ns));
}

static void keep(const struct model *model, struct lock *lock, const struct lock_holder_id *who)
{
	for (unsigned part = 0; part < LOCK_PARTS; part++) {
		struct lock_party *party = party_find(model, lock, part, who);

		if (party)
			party->kept = true;
	}
}

static void choose(const struct model *model, struct lock *lock, enum lock_part part)
{
	const unsigned youngest = is_open(lock) ? YOUNGEST_OPEN : YOUNGEST;
	const uint64_t heavy = heavy_from(*party_list(lock, part));
	unsigned seen = 0;

	for (struct lock_party *party = *party_list(lock, part); party; party = party->next) {
		if (seen++ < youngest || weight(party) > heavy || !is_foldable(model, lock, party))
			keep(model, lock, &party->who);
	}
}

static int count_for_gil(struct model *model, const struct lock_party *party)
{
	const uint64_t begin_ns = model->observation.begin_ns;
	struct process *process = NULL;
	struct thread *thread = thread_of(model, &party->who, &process);
	uint64_t since_ns;

	if (!thread || thread->gil_counted)
		return 0;
	if (!process->gone)
		process->gone = arena_get(&model->arena, sizeof(*process->gone));
	if (!process->gone)
		return -ENOMEM;
	since_ns = thread->started_ns > begin_ns ? thread->started_ns : begin_ns;
	thread->gil_counted = true;
	process->gone->gil_threads++;
	process->gone->gil_lived_ns += thread->exited_ns > since_ns ? thread->exited_ns - since_ns : 0;
	return 0;
}

static void fold_parties(struct model *model, struct lock *lock, enum lock_part part)
{
	struct lock_party **place = party_list(lock, part);

	while (*place) {
		struct lock_party *party = *place;
		int err = 0;

		if (!party->kept && lock->kind == LOCK_GIL && part == PART_WAITER)
			err = count_for_gil(model, party);
		if (party->kept || err || party_fold(model, lock, part, place)) {
			stays(model, &party->who);
			place = &party->next;
		}
	}
}

static void fold_lock_parties(struct model *model)
{
	for (struct lock *lock = model->first_lock; lock; lock = lock->next) {
		for (unsigned part = 0; part < LOCK_PARTS; part++)
			for (struct lock_party *party = *party_list(lock, part); party; party = party->next)
				party->kept = false;
		for (unsigned part = 0; part < LOCK_PARTS; part++)
			choose(model, lock, part);
		for (unsigned part = 0; part < LOCK_PARTS; part++)
			fold_parties(model, lock, part);
		for (const struct lock_order *order = lock->orders; order; order = order->next)
			stays(model, &order->who);
	}
}

/* ---- going ------------------------------------------------------------------------------------------------------- */

static int add_end(struct threads_sweep *sweep, uint64_t end_ns)
{
	if (sweep->count == sweep->capacity) {
		const size_t capacity = sweep->capacity ? sweep->capacity * 2 : 1024;
		uint64_t *larger = realloc(sweep->ends, capacity * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		sweep->ends = larger;
		sweep->capacity = capacity;
	}
	sweep->ends[sweep->count++] = end_ns;
	return 0;
}

static int by_number(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* The youngest stay: only who ended before this goes. 0: nobody. */
static uint64_t goes_before(struct threads_sweep *sweep)
{
	for (const struct process *process = sweep->model->first; process; process = process->next)
		for (const struct thread *thread = process->threads; thread; thread = thread->next)
			if (thread->able && add_end(sweep, thread->exited_ns))
				return 0;
	if (sweep->count <= sweep->rule->keep)
		return 0;
	if (!sweep->rule->keep)
		return UINT64_MAX;
	qsort(sweep->ends, sweep->count, sizeof(*sweep->ends), by_number);
	return sweep->ends[sweep->count - sweep->rule->keep];
}

static bool fold_thread_into(struct model *model, struct process *process, const struct thread *thread)
{
	if (!process->gone)
		process->gone = arena_get(&model->arena, sizeof(*process->gone));
	if (!process->gone)
		return false;
	process->gone->threads++;
	process->gone->lives_ns +=
	    thread->started_ns && thread->exited_ns > thread->started_ns ? thread->exited_ns - thread->started_ns : 0;
	counters_add(&process->gone->counters, &thread->counters);
	return true;
}

static void release_able(struct threads_sweep *sweep, struct process *process, uint64_t before_ns)
{
	struct thread *before = NULL, *next;

	for (struct thread *thread = process->threads; thread; thread = next) {
		next = thread->next;
		if (!thread->able || thread->exited_ns >= before_ns ||
		    !fold_thread_into(sweep->model, process, thread)) {
			before = thread;
			continue;
		}
		sweep->users->forget_thread(sweep->users->context, thread);
		thread_release(sweep->model, process, before);
	}
}

void retire_threads(struct model *model, const struct retire_rule *rule, const struct retire_users *users)
{
	struct threads_sweep sweep = {.model = model, .rule = rule, .users = users};
	uint64_t before_ns;

	find_able(&sweep);
	fold_lock_parties(model);
	before_ns = goes_before(&sweep);
	for (struct process *process = before_ns ? model->first : NULL; process; process = process->next)
		release_able(&sweep, process, before_ns);
	free(sweep.ends);
}
