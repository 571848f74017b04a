/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which threads exist, by number and by the number that they have in their pid namespace: what is needed to say who a
 * word in a program's memory means. Those that ended are kept for a while, as sums are told late. */
#include <stdlib.h>
#include <string.h>

#include "source/live_locks.h"

static void forget(struct people *people, struct person *person)
{
	if (hash_get(&people->by_tid, person->tid, 0) == person)
		hash_remove(&people->by_tid, person->tid, 0);
	if (hash_get(&people->by_ns, person->pidns, person->nstid) == person)
		hash_remove(&people->by_ns, person->pidns, person->nstid);
	if (person->pid == person->tid && hash_get(&people->spaces, person->pid, person->start_ns) == person)
		hash_remove(&people->spaces, person->pid, person->start_ns);
	free(person);
}

static void bury(struct people *people, uint32_t tid, uint64_t t_ns)
{
	const unsigned room = sizeof(people->dead) / sizeof(people->dead[0]);
	struct person *person = hash_get(&people->by_tid, tid, 0);

	if (!person || person->ended_ns)
		return;
	person->ended_ns = t_ns;
	if (people->dead[people->dead_next])
		forget(people, people->dead[people->dead_next]);
	people->dead[people->dead_next] = person;
	people->dead_next = (people->dead_next + 1) % room;
}

static void drop_old_bearer(struct people *people, uint32_t tid)
{
	const unsigned room = sizeof(people->dead) / sizeof(people->dead[0]);
	struct person *old = hash_get(&people->by_tid, tid, 0);

	if (!old)
		return;
	for (unsigned i = 0; old->ended_ns && i < room; i++)
		if (people->dead[i] == old)
			people->dead[i] = NULL;
	forget(people, old);
}

static void add(struct people *people, const struct person *who)
{
	struct person *person = hash_get(&people->by_tid, who->tid, 0);

	if (person && !person->ended_ns && person->pid == who->pid && person->start_ns == who->start_ns)
		return; /* told twice: by its birth and by the snapshot */
	person = malloc(sizeof(*person));
	if (!person)
		return; /* a holder less can be named */
	drop_old_bearer(people, who->tid);
	*person = *who;
	hash_put(&people->by_tid, person->tid, 0, person);
	if (person->pidns)
		hash_put(&people->by_ns, person->pidns, person->nstid, person);
	if (person->pid == person->tid)
		hash_put(&people->spaces, person->pid, person->start_ns, person);
}

static uint32_t namespace_of(const struct people *people, uint32_t pid, uint64_t start_ns)
{
	const struct person *leader = hash_get(&people->spaces, pid, start_ns);

	return leader ? leader->pidns : 0;
}

static void add_thread(struct people *people, const struct event *event, uint32_t tid, uint32_t nstid, uint64_t born_ns)
{
	add(people, &(struct person){.pid = event->pid,
				     .tid = tid,
				     .start_ns = event->start_ns,
				     .born_ns = born_ns,
				     .pidns = namespace_of(people, event->pid, event->start_ns),
				     .nstid = nstid});
}

/* A thread that is not the leader called exec: the leader has ended, and its number is the caller's now. */
static void take_over(struct people *people, const struct event_exec *exec)
{
	const struct person *leader = hash_get(&people->by_tid, exec->h.tid, 0);
	struct person fresh = {.pid = exec->h.pid, .tid = exec->h.tid, .start_ns = exec->h.start_ns};

	if (leader && leader->start_ns == fresh.start_ns) {
		fresh.pidns = leader->pidns;
		fresh.nstid = leader->nstid;
		fresh.born_ns = leader->born_ns;
		drop_old_bearer(people, fresh.tid);
	}
	bury(people, exec->old_tid, exec->h.t_ns);
	add(people, &fresh);
}

void people_event(struct people *people, const struct event *event)
{
	const struct event_fork *fork = (const void *)event;
	const struct event_thread *thread = (const void *)event;
	const struct event_exec *exec = (const void *)event;
	const struct event_snap_process *process = (const void *)event;

	switch (event->kind) {
	case EVENT_fork:
		add(people, &(struct person){.pid = fork->child,
					     .tid = fork->child,
					     .start_ns = fork->child_start,
					     .born_ns = event->t_ns,
					     .pidns = fork->pidns_level ? fork->pidns : 0,
					     .nstid = fork->child_nspid});
		break;
	case EVENT_snap_process:
		if (process->dead != 1)
			add(people, &(struct person){.pid = event->pid,
						     .tid = event->pid,
						     .start_ns = event->start_ns,
						     .pidns = process->pidns_level ? process->pidns : 0,
						     .nstid = process->nspid});
		break;
	case EVENT_thread:
		add_thread(people, event, thread->child, thread->child_nspid, event->t_ns);
		break;
	case EVENT_snap_thread:
		add_thread(people, event, event->tid, ((const struct event_snap_thread *)event)->nstid, 0);
		break;
	case EVENT_exec:
		if (exec->old_tid != event->tid)
			take_over(people, exec);
		break;
	case EVENT_end:
		bury(people, event->tid, event->t_ns);
		break;
	}
}

const struct person *people_find(const struct people *people, uint32_t tid)
{
	return hash_get(&people->by_tid, tid, 0);
}

const struct person *people_meant(const struct people *people, uint32_t pid, uint64_t start_ns, uint32_t number)
{
	const struct person *leader = hash_get(&people->spaces, pid, start_ns);

	if (!leader)
		return NULL;
	if (!leader->pidns) /* it counts as we do */
		return people_find(people, number);
	return hash_get(&people->by_ns, leader->pidns, number);
}

void people_free(struct people *people)
{
	struct person *person;
	size_t cursor = 0;

	while ((person = hash_next(&people->by_tid, &cursor)))
		free(person);
	hash_free(&people->by_tid);
	hash_free(&people->by_ns);
	hash_free(&people->spaces);
}
