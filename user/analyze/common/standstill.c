/* SPDX-License-Identifier: BSD-2-Clause
 * Processes that nobody can wake any more; see standstill.h. */
#include "analyze/common/standstill.h"

#define BIT(signal) (1ULL << ((signal)-1))
#define SIGINT 2
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGSEGV 11
#define SIGPIPE 13
#define SIGSYS 31
#define SIGCANCEL 32
#define SIGSETXID 33

/* Raised by what a thread does itself, which none of them does; or by glibc between threads of the process. */
#define NEED_A_RUNNING_THREAD                                                                                          \
	(BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGPIPE) |         \
	 BIT(SIGSYS) | BIT(SIGCANCEL) | BIT(SIGSETXID))
/* A lock that somebody has ended with is told as that, but for a semaphore, which anybody may post. */
static bool is_lost(const struct thread_wait *wait)
{
	return wait->holder.known == HOLDER_GONE && wait->lock->kind != LOCK_SEMAPHORE;
}

static bool is_still(const struct thread_wait *wait)
{
	return wait->lock && wait->lock->kind != LOCK_FILE && !is_lost(wait) && !wait->timed && !wait->alarms &&
	       wait->unchanged_looks >= 2 && wait->state == 'S';
}

/*
 * A handler may post a semaphore, and for being asked to end (SIGTERM, SIGHUP) that is what it mostly does: an idle
 * pool whose main thread waits for that is as healthy as one that waits for a connection. SIGINT alone proves nothing
 * of the kind, as Python always has a handler for it, which only sets a mark for a thread that runs.
 */
static bool could_be_interrupted(uint64_t handlers)
{
	return handlers & ~(NEED_A_RUNNING_THREAD | BIT(SIGINT));
}

static void widen(struct standstill *standstill, const struct thread_wait *wait)
{
	if (wait->unchanged_since_ns < standstill->since_ns)
		standstill->since_ns = wait->unchanged_since_ns;
	if (wait->looked_ns > standstill->until_ns)
		standstill->until_ns = wait->looked_ns;
	if (wait->unchanged_since_ns > standstill->from_ns)
		standstill->from_ns = wait->unchanged_since_ns;
	if (wait->looked_ns < standstill->to_ns)
		standstill->to_ns = wait->looked_ns;
}

static bool add_thread(struct standstill *standstill, const struct process *process, const struct thread *thread)
{
	const struct thread_wait *wait = thread_wait_now(thread);

	if (standstill->count == STANDSTILL_MAX || !is_still(wait) || could_be_interrupted(wait->handlers))
		return false;
	standstill->links[standstill->count++] =
	    (struct lock_link){.process = process,
			       .thread = thread,
			       .lock = wait->lock,
			       .site = wait->site,
			       .held_by_tid = wait->holder.known == HOLDER_THREAD ? wait->holder.tid : 0};
	widen(standstill, wait);
	return true;
}

/* Its threads, all of them as of the last look. *shared is set if one waits in memory that others may have as well. */
static bool add_process(struct standstill *standstill, const struct process *process, bool *shared)
{
	const struct process_look *look = process_look_last(process);
	uint32_t told = 0;

	if (!look || !look->whole || !look->threads || look->told != look->threads || look->outsiders)
		return false;
	for (const struct thread *thread = process->threads; thread; thread = thread->next) {
		const struct thread_wait *wait = thread_wait_now(thread);

		if (!wait || wait->round != look->round)
			continue; /* has ended, though that was not told: the look was whole */
		told++;
		if (!add_thread(standstill, process, thread))
			return false;
		*shared |= wait->lock->shared;
	}
	standstill->processes++;
	return told == look->threads;
}

bool standstill_find(const struct model *model, const struct process *process, struct standstill *standstill)
{
	bool shared = false;

	standstill->count = standstill->processes = 0; /* not all of it: it is large */
	standstill->since_ns = standstill->to_ns = UINT64_MAX;
	standstill->until_ns = standstill->from_ns = 0;
	if (!add_process(standstill, process, &shared))
		return false;
	for (const struct process *other = shared ? model_first(model) : NULL; other; other = other->next) {
		if (other == process || other->exited_ns || !process_look_last(other))
			continue;
		if (!add_process(standstill, other, &shared))
			return false;
	}
	return standstill->from_ns <= standstill->to_ns;
}
