/* SPDX-License-Identifier: BSD-2-Clause
 * Processes that nobody can wake any more; see standstill.h. */
#include "analyze/common/standstill.h"

#define BIT(signal) (1ULL << ((signal)-1))
#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGSEGV 11
#define SIGPIPE 13
#define SIGTERM 15
#define SIGSYS 31
#define SIGCANCEL 32
#define SIGSETXID 33

/* Raised by what a thread does itself, which none of them does; or by glibc between threads of the process. */
#define NEED_A_RUNNING_THREAD                                                                                          \
	(BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGPIPE) |         \
	 BIT(SIGSYS) | BIT(SIGCANCEL) | BIT(SIGSETXID))
/* Sent by somebody who has lost patience. */
#define ASK_TO_END (BIT(SIGHUP) | BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGTERM))

static bool is_still(const struct thread_wait *wait)
{
	return wait->lock && wait->lock->kind != LOCK_FILE && wait->holder.known != HOLDER_GONE && !wait->timed &&
	       !wait->alarms && wait->unchanged_looks >= 2 && wait->state == 'S';
}

static bool could_be_interrupted(uint64_t handlers)
{
	return handlers & ~(NEED_A_RUNNING_THREAD | ASK_TO_END);
}

/* One thread that waits for a semaphore, with a handler for SIGTERM: sem_post is what such a handler may call, so this
 * is how a healthy program waits to be told to end. (SIGINT alone is what Python always has.) */
static bool waits_to_be_ended(const struct thread_wait *wait, uint32_t threads)
{
	return threads == 1 && (wait->lock->kind == LOCK_SEMAPHORE || wait->lock->kind == LOCK_FUTEX) &&
	       (wait->handlers & ASK_TO_END & ~BIT(SIGINT));
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

static bool add_thread(struct standstill *standstill, const struct process *process, const struct thread *thread,
		       uint32_t threads)
{
	const struct thread_wait *wait = thread_wait_now(thread);

	if (standstill->count == STANDSTILL_MAX || !is_still(wait) || could_be_interrupted(wait->handlers) ||
	    waits_to_be_ended(wait, threads))
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
		if (!add_thread(standstill, process, thread, look->threads))
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
