/* SPDX-License-Identifier: BSD-2-Clause
 * Locks for reports; see locks.h. */
#include "sink/common/locks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add(uint64_t *sum, uint64_t more)
{
	*sum = *sum + more < more ? UINT64_MAX : *sum + more;
}

/* The wait that this waiter is in now, if it is for this lock. */
static void add_present(const struct model *model, const struct lock *lock, const struct lock_party *party,
			struct lock_sums *sums)
{
	const struct thread *thread = party->now ? lock_holder_thread(model, &party->who, NULL) : NULL;
	const struct thread_wait *wait = thread ? thread_wait_now(thread) : NULL;
	uint64_t end_ns = model_observation(model)->end_ns, ns = 0;

	if (!wait || wait->lock != lock)
		return;
	if (wait->since_ns && wait->since_ns < end_ns)
		ns = end_ns - wait->since_ns;
	add(&sums->waits, 1);
	add(&sums->wait_ns, ns);
	if (ns > sums->max_ns)
		sums->max_ns = ns;
}

static struct lock_sums sums_of(const struct model *model, const struct lock *lock)
{
	struct lock_sums sums = {lock->waits, lock->wait_ns, lock->max_ns};

	for (const struct lock_party *party = lock->waiting ? lock->waiters : NULL; party; party = party->next)
		add_present(model, lock, party, &sums);
	return sums;
}

static int order_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int order_sums(const struct lock_sums *a, const struct lock_sums *b)
{
	int order = order_numbers(b->wait_ns, a->wait_ns);

	return order ? order : order_numbers(b->waits, a->waits);
}

static int compare_locks(const void *left, const void *right)
{
	const struct lock_row *a = left, *b = right;
	int order = order_sums(&a->sums, &b->sums);

	order = order ? order : order_numbers(b->acquisitions, a->acquisitions);
	return order ? order : order_numbers(a->lock->number, b->lock->number);
}

static struct lock_row row_for(const struct model *model, const struct lock *lock)
{
	struct lock_row row = {.lock = lock, .sums = sums_of(model, lock)};

	if (lock->gone) {
		row.acquisitions = lock->gone[PART_HOLDER].acquisitions;
		row.hold_ns = lock->gone[PART_HOLDER].hold_ns;
		row.max_hold_ns = lock->gone[PART_HOLDER].max_hold_ns;
	}
	for (const struct lock_party *party = lock->holders; party; party = party->next) {
		add(&row.acquisitions, party->acquisitions);
		add(&row.hold_ns, party->hold_ns);
		if (party->max_hold_ns > row.max_hold_ns)
			row.max_hold_ns = party->max_hold_ns;
	}
	return row;
}

int collect_locks(const struct model *model, struct lock_row **rows, size_t *count)
{
	size_t capacity = 0;

	for (const struct lock *lock = model_locks(model); lock; lock = lock->next)
		capacity++;
	*count = 0;
	*rows = calloc(capacity ? capacity : 1, sizeof(**rows));
	if (!*rows)
		return -ENOMEM;
	for (const struct lock *lock = model_locks(model); lock; lock = lock->next) {
		const struct lock_row row = row_for(model, lock);

		if (lock->waits || lock->waiting || row.acquisitions || row.hold_ns)
			(*rows)[(*count)++] = row;
	}
	qsort(*rows, *count, sizeof(**rows), compare_locks);
	return 0;
}

static int compare_parties(const void *left, const void *right)
{
	const struct party_row *a = left, *b = right;
	int order = order_sums(&a->sums, &b->sums);

	if (!order)
		order = order_numbers(b->party->acquisitions, a->party->acquisitions);
	if (!order)
		order = order_numbers(a->party->who.tid, b->party->who.tid);
	return order ? order : order_numbers(a->party->who.start_ns, b->party->who.start_ns);
}

static struct party_row *rows_for(const struct lock_party *party)
{
	size_t capacity = 1;

	for (; party; party = party->next)
		capacity++;
	return calloc(capacity, sizeof(struct party_row));
}

static struct lock_sums party_sums(const struct lock_party *party)
{
	return (struct lock_sums){party->waits, party->wait_ns, party->max_ns};
}

int collect_waiters(const struct model *model, const struct lock *lock, struct party_row **rows, size_t *count)
{
	*count = 0;
	*rows = rows_for(lock->waiters);
	if (!*rows)
		return -ENOMEM;
	for (const struct lock_party *party = lock->waiters; party; party = party->next) {
		struct party_row row = {party, party_sums(party)};

		add_present(model, lock, party, &row.sums);
		if (row.sums.waits)
			(*rows)[(*count)++] = row;
	}
	qsort(*rows, *count, sizeof(**rows), compare_parties);
	return 0;
}

static struct party_row *row_of(struct party_row *rows, size_t count, const struct lock_holder_id *who)
{
	for (size_t i = 0; i < count; i++)
		if (lock_holder_equal(&rows[i].party->who, who))
			return &rows[i];
	return NULL;
}

/* Waits that go on count for the holder that the last look, or the wait's beginning, told. */
static void add_present_waits(const struct model *model, const struct lock *lock, struct party_row *rows, size_t count)
{
	for (const struct lock_party *waiter = lock->waiting ? lock->waiters : NULL; waiter; waiter = waiter->next) {
		const struct thread *thread = waiter->now ? lock_holder_thread(model, &waiter->who, NULL) : NULL;
		const struct thread_wait *wait = thread ? thread_wait_now(thread) : NULL;
		struct party_row *row = wait && wait->lock == lock ? row_of(rows, count, &wait->holder) : NULL;

		if (row)
			add_present(model, lock, waiter, &row->sums);
	}
}

int collect_holders(const struct model *model, const struct lock *lock, struct party_row **rows, size_t *count,
		    struct lock_sums *unknown)
{
	struct lock_sums ignored = {0}, *others = unknown ? unknown : &ignored;

	*count = 0;
	*others = (struct lock_sums){0};
	*rows = rows_for(lock->holders);
	if (!*rows)
		return -ENOMEM;
	for (const struct lock_party *party = lock->holders; party; party = party->next) {
		struct lock_sums sums = party_sums(party);

		if (party->who.tid) {
			(*rows)[(*count)++] = (struct party_row){party, sums};
			continue;
		}
		add(&others->waits, sums.waits);
		add(&others->wait_ns, sums.wait_ns);
		others->max_ns = sums.max_ns > others->max_ns ? sums.max_ns : others->max_ns;
	}
	add_present_waits(model, lock, *rows, *count);
	qsort(*rows, *count, sizeof(**rows), compare_parties);
	return 0;
}

static int compare_places(const void *left, const void *right)
{
	const struct lock_place *a = *(const struct lock_place *const *)left;
	const struct lock_place *b = *(const struct lock_place *const *)right;
	int order = order_numbers(b->wait_ns, a->wait_ns);

	return order ? order : order_numbers(a->site->number, b->site->number);
}

int collect_places(const struct lock *lock, const struct lock_place ***places, size_t *count)
{
	size_t capacity = 1;

	for (const struct lock_place *place = lock->places; place; place = place->next)
		capacity++;
	*count = 0;
	*places = calloc(capacity, sizeof(**places));
	if (!*places)
		return -ENOMEM;
	for (const struct lock_place *place = lock->places; place; place = place->next)
		(*places)[(*count)++] = place;
	qsort(*places, *count, sizeof(**places), compare_places);
	return 0;
}

bool lock_is_real(const struct lock *lock)
{
	switch (lock->kind) {
	case LOCK_CONDVAR:
	case LOCK_JOIN:
	case LOCK_BARRIER:
	case LOCK_ONCE:
		return false;
	default:
		return true;
	}
}

void describe_lock_name(const struct lock *lock, struct buffer *out)
{
	if (*lock->name)
		buffer_text_append(out, lock->name);
	else if (lock->site && lock->site->frame_count)
		buffer_format(out, "(first met in %s)", lock->site->frames[0]);
	else if (lock->address)
		buffer_format(out, "0x%llx", (unsigned long long)lock->address);
	else
		buffer_format(out, "#%u", lock->number);
}
