/* SPDX-License-Identifier: BSD-2-Clause
 * Locks whose owner ended with them; see owner.h. */
#include "analyze/common/owner.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/common/lock_words.h"
#include "base/hash.h"

#define LONG_ENOUGH_NS 100000000 /* a lock that is given back wakes its waiter in less, however busy the machine */
#define DOUBTFUL (1U << GROUP_LOCK | 1U << GROUP_LIFE)

struct begun { /* the wait that a thread is in */
	const struct process *process;
	const struct thread *thread;
	const struct lock *lock;
	const struct lock_site *site;
	struct lock_holder_id holder;
	uint64_t since_ns;
};

struct death { /* a lock whose owner ended with it */
	const struct lock *lock;
	uint32_t owner_tid;                  /* as it stands in the lock; 0 unknown */
	const struct process *owner_process; /* NULL unknown, as is the thread */
	const struct thread *owner;
	struct begun waiter; /* the first */
	unsigned waiters;
	uint64_t proven_ns;
	uint64_t recovered_ns; /* 0: not */
	struct words recoverer;
	struct death *next;
};

struct owners {
	struct hash waits;   /* thread -> struct begun; lock NULL: it waits no more */
	struct hash deaths;  /* lock number -> struct death */
	struct hash counted; /* (lock number, thread) that waited for a dead owner */
	struct death *first, *last;
};

struct owners *owners_new(void)
{
	return calloc(1, sizeof(struct owners));
}

void owners_free(struct owners *owners)
{
	struct begun *begun;
	size_t cursor = 0;

	if (!owners)
		return;
	while ((begun = hash_next(&owners->waits, &cursor)))
		free(begun);
	while (owners->first) {
		struct death *next = owners->first->next;

		free(owners->first);
		owners->first = next;
	}
	hash_free(&owners->waits);
	hash_free(&owners->deaths);
	hash_free(&owners->counted);
	free(owners);
}

/* Kinds that one thread owns, and that it takes with it. */
static bool has_owner(const struct lock *lock)
{
	return lock && (lock->kind == LOCK_MUTEX || lock->kind == LOCK_PI_MUTEX || lock->kind == LOCK_RWLOCK);
}

/* ---- who it was */

/* The lock holds a number, as its process counts: of a thread of that process for a private lock, else of any. */
static void find_owner(const struct model *model, struct death *death)
{
	const struct process *process = death->waiter.process;
	const struct thread *thread = process ? model_thread(process, death->owner_tid) : NULL;

	if (!thread && death->lock->shared) {
		process = model_by_tid(model, death->owner_tid);
		thread = process ? model_thread(process, death->owner_tid) : NULL;
	}
	if (!thread || (!thread->exited_ns && !process->exited_ns))
		return;
	death->owner_process = process;
	death->owner = thread;
}

static void owner_of(const struct model *model, struct death *death, const struct lock_holder_id *holder)
{
	death->owner_tid = holder->tid;
	if (holder->known == HOLDER_GONE) {
		find_owner(model, death);
		return;
	}
	death->owner = lock_holder_thread(model, holder, &death->owner_process);
	if (death->owner && !death->owner->exited_ns && !death->owner_process->exited_ns) {
		death->owner = NULL; /* another one had it in between */
		death->owner_process = NULL;
		death->owner_tid = 0;
	}
}

static struct words owner_words(const struct death *death)
{
	if (death->owner)
		return words_thread(death->owner);
	return death->owner_tid ? words_format("a thread (%u)", death->owner_tid) : words_format("a thread");
}

/* ---- telling */

static void owner_evidence(struct finding *finding, const struct death *death)
{
	const struct process *process = death->owner_process;

	if (!death->owner)
		return;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): who has an owner has its process */
	if (process->exited_ns && process->has_status && (process->status & 0x7f))
		finding_evidence(finding, process->exited_ns, "%s was ended by %s", words_who(process).text,
				 words_signal(process->status & 0x7f).text);
	else
		finding_evidence(finding, death->owner->exited_ns ? death->owner->exited_ns : process->exited_ns,
				 "%s ended", words_thread(death->owner).text);
}

static void write_detail(struct finding *finding, const struct death *death)
{
	struct lock_link link = {.process = death->waiter.process,
				 .thread = death->waiter.thread,
				 .lock = death->lock,
				 .site = death->waiter.site,
				 .held_by_tid = death->owner_tid};
	struct buffer text = {0};
	struct json json;

	json_begin(&json, &text, false);
	json_object_open(&json);
	json_key_unsigned(&json, "lock", death->lock->number);
	words_json_cycle(&json, &link, 1);
	json_key_bool(&json, "recovered", death->recovered_ns != 0);
	json_object_close(&json);
	finding_detail(finding, &text);
}

/* "waits", "wait", "waited": one, several, nobody any more. */
static const char *waits(const struct death *death)
{
	const struct thread_wait *wait = thread_wait_now(death->waiter.thread);

	if (!death->lock->waiting && !(wait && wait->lock == death->lock))
		return "waited";
	return death->waiters > 1 ? "wait" : "waits";
}

static void write_title(struct finding *finding, const struct death *death)
{
	struct words owner = owner_words(death), lock = words_lock(death->lock);

	if (death->recovered_ns)
		finding_title(finding, "%s ended while it held %s; %s got it, told of that (EOWNERDEAD)", owner.text,
			      lock.text, death->recoverer.text);
	else
		finding_title(finding, "%s ended while it held %s: %s %s for it", owner.text, lock.text,
			      death->waiters > 1 ? words_format("%u threads", death->waiters).text
						 : words_thread(death->waiter.thread).text,
			      waits(death));
}

static int say(const struct analysis *analysis, const struct verdict *verdict, const struct death *death)
{
	const struct begun *waiter = &death->waiter;
	struct finding finding;

	finding_begin(&finding, verdict, death->owner_process ? death->owner_process : waiter->process);
	write_title(&finding, death);
	owner_evidence(&finding, death);
	finding_evidence(&finding, waiter->since_ns, "%s waits for %s%s", words_thread(waiter->thread).text,
			 words_lock(death->lock).text, words_place(waiter->site).text);
	if (death->recovered_ns)
		finding_evidence(&finding, death->recovered_ns,
				 "%s got the robust lock with EOWNERDEAD: it has to put in order what it protects, and "
				 "to call pthread_mutex_consistent",
				 death->recoverer.text);
	else
		finding_evidence(&finding, death->proven_ns, "the lock still names a thread (%u) that does not exist",
				 death->owner_tid);
	if (death->waiters > 1)
		finding_evidence(&finding, death->proven_ns, "%u threads waited for it in all", death->waiters);
	finding_help(&finding, death->recovered_ns
				   ? "It was recovered. Have the thread give it back on all its ways out all the same."
				   : "Have the thread give it back on all its ways out (pthread_cleanup_push, a guard "
				     "object); between processes use robust mutexes (PTHREAD_MUTEX_ROBUST).\n"
				     "Who waits now can only be ended from outside.");
	write_detail(&finding, death);
	finding_lock(&finding, death->lock->number);
	finding.key = death->lock->number;
	return findings_add(analysis->findings, &finding, DOUBTFUL);
}

/* ---- proofs */

static int prove(struct owners *owners, const struct analysis *analysis, const struct verdict *verdict,
		 const struct begun *begun, uint64_t t_ns)
{
	struct death *death = hash_get(&owners->deaths, begun->lock->number, 0);
	const uint64_t which = (uint64_t)begun->lock->number << 32 | begun->thread->tid;

	if (death && hash_get(&owners->counted, which, begun->process->id.start_ns))
		return 0;
	if (hash_put(&owners->counted, which, begun->process->id.start_ns, owners))
		return -ENOMEM;
	if (death) {
		death->waiters++;
		return 0;
	}
	death = calloc(1, sizeof(*death));
	if (!death || hash_put(&owners->deaths, begun->lock->number, 0, death)) {
		free(death);
		return -ENOMEM;
	}
	death->lock = begun->lock;
	death->waiter = *begun;
	death->waiters = 1;
	death->proven_ns = t_ns;
	owner_of(analysis->model, death, &begun->holder);
	if (owners->last)
		owners->last->next = death;
	else
		owners->first = death;
	owners->last = death;
	return say(analysis, verdict, death);
}

static struct begun *begun_get(struct owners *owners, const struct thread *thread)
{
	struct begun *begun = hash_get(&owners->waits, (uintptr_t)thread, 0);

	if (begun)
		return begun;
	begun = calloc(1, sizeof(*begun));
	if (begun && !hash_put(&owners->waits, (uintptr_t)thread, 0, begun))
		return begun;
	free(begun);
	return NULL;
}

static int on_wait(struct owners *owners, const struct process *process, const struct thread *thread)
{
	const struct thread_wait *wait = thread_wait_now(thread);
	struct begun *begun = hash_get(&owners->waits, (uintptr_t)thread, 0);

	if (!wait || !has_owner(wait->lock)) {
		if (begun)
			begun->lock = NULL;
		return 0;
	}
	begun = begun_get(owners, thread);
	if (!begun)
		return -ENOMEM;
	*begun = (struct begun){process, thread, wait->lock, wait->site, wait->holder, wait->since_ns};
	return 0;
}

static int on_wait_end(struct owners *owners, const struct analysis *analysis, const struct verdict *verdict,
		       const struct thread *thread, const struct event *event)
{
	const struct event_lock_wait_end *told = (const void *)event;
	struct begun *begun = hash_get(&owners->waits, (uintptr_t)thread, 0);
	struct death *death;
	int err = 0;

	if (!begun || !begun->lock || begun->lock->number != told->lock)
		return 0;
	if (told->outcome == LOCK_OWNER_DIED ||
	    (told->outcome == LOCK_TIMEOUT && begun->holder.known == HOLDER_GONE && told->waited_ns >= LONG_ENOUGH_NS))
		err = prove(owners, analysis, verdict, begun, event->t_ns);
	death = hash_get(&owners->deaths, told->lock, 0);
	if (told->outcome == LOCK_OWNER_DIED && death && !err) {
		death->recovered_ns = event->t_ns;
		death->recoverer = words_thread(thread);
		err = say(analysis, verdict, death);
	}
	begun->lock = NULL;
	return err;
}

static int on_look(struct owners *owners, const struct analysis *analysis, const struct verdict *verdict,
		   const struct process *process, const struct thread *thread)
{
	const struct thread_wait *wait = thread_wait_now(thread);
	struct begun begun;

	if (!wait || !has_owner(wait->lock) || wait->holder.known != HOLDER_GONE || wait->unchanged_looks < 2)
		return 0;
	begun = (struct begun){process, thread, wait->lock, wait->site, wait->holder, wait->since_ns};
	return prove(owners, analysis, verdict, &begun, wait->looked_ns);
}

int owners_event(struct owners *owners, const struct analysis *analysis, const struct verdict *verdict,
		 const struct event *event)
{
	const struct process *process = model_find(analysis->model, (struct process_ref){event->pid, event->start_ns});
	const struct thread *thread = process ? model_thread(process, event->tid) : NULL;

	if (!thread)
		return 0;
	switch (event->kind) {
	case EVENT_lock_wait:
		return on_wait(owners, process, thread);
	case EVENT_lock_wait_end:
		return on_wait_end(owners, analysis, verdict, thread, event);
	case EVENT_thread_look:
		return on_look(owners, analysis, verdict, process, thread);
	default:
		return 0;
	}
}

bool owners_need(const struct owners *owners, const struct thread *thread)
{
	for (const struct death *death = owners->first; death; death = death->next)
		if (death->waiter.thread == thread || death->owner == thread)
			return true;
	return false;
}

void owners_forget(struct owners *owners, const struct thread *thread)
{
	free(owners->waits.count ? hash_remove(&owners->waits, (uintptr_t)thread, 0) : NULL);
}

/* Those that still wait, in an order that does not depend on the hash: by lock and thread of the model. */
static int prove_the_rest(struct owners *owners, const struct analysis *analysis, const struct verdict *verdict)
{
	const uint64_t end_ns = model_observation(analysis->model)->end_ns;
	int err = 0;

	for (const struct lock *lock = model_locks(analysis->model); lock && !err; lock = lock->next)
		for (const struct lock_party *party = lock->waiters; party && !err; party = party->next) {
			const struct thread *thread = lock_holder_thread(analysis->model, &party->who, NULL);
			const struct thread_wait *wait = thread && party->now ? thread_wait_now(thread) : NULL;
			const struct begun *begun = wait ? hash_get(&owners->waits, (uintptr_t)thread, 0) : NULL;

			if (begun && begun->lock == lock && wait->holder.known == HOLDER_GONE && wait->since_ns &&
			    wait->since_ns + LONG_ENOUGH_NS <= end_ns)
				err = prove(owners, analysis, verdict, begun, end_ns);
		}
	return err;
}

int owners_say_proven(const struct owners *owners, const struct analysis *analysis, const struct verdict *verdict)
{
	int err = 0;

	for (const struct death *death = owners->first; death && !err; death = death->next)
		err = say(analysis, verdict, death);
	return err;
}

int owners_say_all(struct owners *owners, const struct analysis *analysis, const struct verdict *verdict)
{
	const int err = prove_the_rest(owners, analysis, verdict);

	return err ? err : owners_say_proven(owners, analysis, verdict);
}
