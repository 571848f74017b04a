/* SPDX-License-Identifier: BSD-2-Clause
 * Contention for a lock; see contention.h. */
#include "analyze/common/contention.h"

#include "analyze/common/lock_words.h"

static void add(uint64_t *sum, uint64_t more)
{
	*sum = *sum + more < more ? UINT64_MAX : *sum + more;
}

/* ---- waits that go on */

static const struct thread_wait *present_wait(const struct model *model, const struct lock *lock,
					      const struct lock_party *waiter)
{
	const struct thread *thread = waiter->now ? lock_holder_thread(model, &waiter->who, NULL) : NULL;
	const struct thread_wait *wait = thread ? thread_wait_now(thread) : NULL;

	return wait && wait->lock == lock ? wait : NULL;
}

static uint64_t present_ns(const struct model *model, const struct thread_wait *wait)
{
	uint64_t end_ns = model_observation(model)->end_ns;

	return wait->since_ns && wait->since_ns < end_ns ? end_ns - wait->since_ns : 0;
}

static void add_present(const struct model *model, const struct thread_wait *wait, struct lock_share *share)
{
	add(&share->waits, 1);
	add(&share->wait_ns, present_ns(model, wait));
}

static struct lock_share waiter_share(const struct model *model, const struct lock *lock,
				      const struct lock_party *party)
{
	struct lock_share share = {party, party->waits, party->wait_ns};
	const struct thread_wait *wait = present_wait(model, lock, party);

	if (wait)
		add_present(model, wait, &share);
	return share;
}

static struct lock_share holder_share(const struct model *model, const struct lock *lock,
				      const struct lock_party *party)
{
	struct lock_share share = {party, party->waits, party->wait_ns};

	for (const struct lock_party *waiter = party->now ? lock->waiters : NULL; waiter; waiter = waiter->next) {
		const struct thread_wait *wait = present_wait(model, lock, waiter);

		if (wait && lock_holder_equal(&wait->holder, &party->who))
			add_present(model, wait, &share);
	}
	return share;
}

/* ---- the largest shares */

static bool more(const struct lock_share *a, const struct lock_share *b)
{
	if (!b->party || a->wait_ns != b->wait_ns)
		return !b->party || a->wait_ns > b->wait_ns;
	return a->party->who.tid < b->party->who.tid;
}

static void keep_largest(struct lock_share *shares, struct lock_share share)
{
	for (unsigned i = 0; i < SHARES_MAX; i++) {
		struct lock_share smaller = shares[i];

		if (!more(&share, &smaller))
			continue;
		shares[i] = share;
		share = smaller;
		if (!share.party)
			return;
	}
}

static void keep_largest_place(const struct lock_place **places, const struct lock_place *place)
{
	for (unsigned i = 0; i < SHARES_MAX && place; i++) {
		const struct lock_place *smaller = places[i];

		if (smaller && (place->wait_ns < smaller->wait_ns ||
				(place->wait_ns == smaller->wait_ns && place->site->number >= smaller->site->number)))
			continue;
		places[i] = place;
		place = smaller;
	}
}

void contention_of(const struct model *model, const struct lock *lock, struct contention *contention)
{
	*contention = (struct contention){.waits = lock->waits, .wait_ns = lock->wait_ns, .max_ns = lock->max_ns};
	contention->waiter_count = lock->gone ? (unsigned)lock->gone[PART_WAITER].threads : 0;
	for (const struct lock_party *party = lock->waiters; party; party = party->next) {
		const struct thread_wait *wait = present_wait(model, lock, party);
		struct lock_share share = waiter_share(model, lock, party);
		uint64_t ns = wait ? present_ns(model, wait) : 0;

		contention->waiter_count += share.waits != 0;
		add(&contention->waits, wait != NULL);
		add(&contention->wait_ns, ns);
		contention->max_ns = ns > contention->max_ns ? ns : contention->max_ns;
		if (share.waits)
			keep_largest(contention->waiters, share);
	}
	for (const struct lock_party *party = lock->holders; party; party = party->next) {
		if (party->who.known != HOLDER_THREAD)
			add(&contention->unknown_ns, party->wait_ns);
		else if (party->waits || party->now)
			keep_largest(contention->holders, holder_share(model, lock, party));
	}
	for (const struct lock_place *place = lock->places; place; place = place->next)
		if (place->waits)
			keep_largest_place(contention->places, place);
	contention->mean_ns = contention->waits ? contention->wait_ns / contention->waits : 0;
}

/* ---- is it a lock? */

static const struct lock_party *same_thread(const struct lock_party *list, const struct lock_party *party)
{
	while (list && !lock_holder_equal(&list->who, &party->who))
		list = list->next;
	return list;
}

#define THREADS_COMPARED 256 /* of each side: enough to tell the two patterns apart */

/*
 * Of a lock each waiter is a waker sooner or later, and each waker a waiter; of a queue's semaphore few are, or none.
 * At least two threads must do both, and they must be half of the waiters. Once each is not enough: a pool that ends
 * hands the word to stop from one idle worker to the next, each of which has waited once and then wakes one. Nor is
 * there a lock where somebody wakes again and again who never had to wait: Python's SimpleQueue, which feeds the
 * workers of a ThreadPoolExecutor, wakes a worker when something is put in, and that one the next.
 */
static bool waiters_wake(const struct lock *lock)
{
	uint64_t wakes = 0, by_others = 0;
	unsigned waiters = 0, both = 0, wakers = 0;

	for (const struct lock_party *party = lock->waiters; party && waiters < THREADS_COMPARED; party = party->next)
		waiters++;
	for (const struct lock_party *party = lock->wakers; party && wakers < THREADS_COMPARED; party = party->next) {
		const struct lock_party *waits = same_thread(lock->waiters, party);

		wakers++;
		both += waits && waits->waits > 1 && party->wakes > 1;
		add(&wakes, party->wakes);
		add(&by_others, waits ? 0 : party->wakes);
	}
	return both >= 2 && both >= waiters - waiters / 2 && (by_others <= 2 || by_others <= wakes / 16);
}

/* Who lets go of a lock wakes one, as one alone can have it. A word of unknown kind whose waiters are woken all at once
 * is a barrier, a turn, a flag. (The kinds that are known decide by themselves: a rwlock wakes all of its readers.) */
static bool wakes_all(const struct lock *lock)
{
	return lock->broadcasts && lock->broadcasts >= lock->wakes / 16;
}

bool lock_is_exclusive(const struct lock *lock)
{
	switch (lock->kind) {
	case LOCK_MUTEX:
	case LOCK_PI_MUTEX:
	case LOCK_RWLOCK:
		return true;
	case LOCK_SEMAPHORE:
		return waiters_wake(lock);
	case LOCK_FUTEX:
		return waiters_wake(lock) && !wakes_all(lock);
	default:
		return false;
	}
}

/* ---- telling */

static struct words party_words(const struct lock_party *party)
{
	return party->comm[0] ? words_format("%.*s (%u)", COMM_SIZE, party->comm, party->who.tid)
			      : words_format("thread %u", party->who.tid);
}

static struct words count_words(uint64_t waits)
{
	return words_format("%llu wait%s", (unsigned long long)waits, waits == 1 ? "" : "s");
}

static void holder_evidence(struct finding *finding, const struct lock *lock, const struct contention *contention)
{
	const char *which = lock->kind == LOCK_SEMAPHORE ? ", who had not posted," : "";

	for (unsigned i = 0; i < SHARES_MAX && contention->holders[i].party; i++) {
		const struct lock_share *share = &contention->holders[i];

		if (share->waits)
			finding_evidence(finding, 0, "%s %s%s when others began to wait: they waited %s, %s",
					 words_held_by(lock), party_words(share->party).text, which,
					 words_duration(share->wait_ns).text, count_words(share->waits).text);
	}
	if (contention->unknown_ns)
		finding_evidence(finding, 0, "holder %s for %s of it",
				 contention->holders[0].party ? "not known" : "unknown",
				 words_duration(contention->unknown_ns).text);
}

void contention_evidence(struct finding *finding, const struct model *model, const struct lock *lock,
			 const struct contention *contention)
{
	finding_evidence(
	    finding, 0, "%s by %u thread%s, %s in all, the longest %s%s", count_words(contention->waits).text,
	    contention->waiter_count, contention->waiter_count == 1 ? "" : "s",
	    words_duration(contention->wait_ns).text, words_duration(contention->max_ns).text,
	    lock->timeouts ? words_format("; %llu ended by timeout", (unsigned long long)lock->timeouts).text : "");
	holder_evidence(finding, lock, contention);
	for (unsigned i = 0; i < SHARES_MAX && contention->waiters[i].party; i++)
		finding_evidence(finding, 0, "%s waited %s, %s", party_words(contention->waiters[i].party).text,
				 words_duration(contention->waiters[i].wait_ns).text,
				 count_words(contention->waiters[i].waits).text);
	for (unsigned i = 0; i < SHARES_MAX && contention->places[i]; i++) {
		const struct lock_place *place = contention->places[i];

		if (place->site->frame_count)
			finding_evidence(
			    finding, 0, "%s of it in %.100s%s%.100s, %s", words_duration(place->wait_ns).text,
			    place->site->frames[0], place->site->frame_count > 1 ? ", called from " : "",
			    place->site->frame_count > 1 ? place->site->frames[1] : "", count_words(place->waits).text);
	}
	if (lock->waiting)
		finding_evidence(finding, model_observation(model)->end_ns, "%u thread%s still waiting for it",
				 lock->waiting, lock->waiting == 1 ? " was" : "s were");
	finding->since_ns = lock->first_ns;
	finding->until_ns = model_observation(model)->end_ns;
}

void contention_json(struct json *json, const struct lock *lock, const struct contention *contention)
{
	json_key_unsigned(json, "lock", lock->number);
	json_key_unsigned(json, "waits", contention->waits);
	json_key_unsigned(json, "wait_ns", contention->wait_ns);
	json_key_unsigned(json, "max_wait_ns", contention->max_ns);
}

const struct process *contention_subject(const struct model *model, const struct lock *lock,
					 const struct contention *contention)
{
	const struct lock_party *party = contention->holders[0].party;
	const struct process *process = NULL;

	if (!lock->shared)
		process = model_find(model, (struct process_ref){lock->pid, lock->start_ns});
	if (!process && !party)
		party = contention->waiters[0].party;
	return process || !party ? process
				 : model_find(model, (struct process_ref){party->who.pid, party->who.start_ns});
}
