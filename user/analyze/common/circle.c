/* SPDX-License-Identifier: BSD-2-Clause
 * Circles of waiting threads; see circle.h. */
#include "analyze/common/circle.h"

#include <string.h>

/*
 * Kinds of which one thread alone can end the wait, so that to know it is to know the edge. Not semaphores: anybody may
 * post. Not file locks: whoever shares the open file may unlock (flock), or the kernel refuses circles itself (fcntl).
 * Not a GIL: who waits for it asks again every few milliseconds.
 */
static bool has_one_holder(const struct lock *lock)
{
	return lock->kind == LOCK_MUTEX || lock->kind == LOCK_PI_MUTEX || lock->kind == LOCK_RWLOCK ||
	       lock->kind == LOCK_JOIN;
}

static bool same_place(const struct lock_site *a, const struct lock_site *b)
{
	if (!a || !b)
		return false;
	return a == b || (*a->call && !strcmp(a->call, b->call) && a->frame_count && b->frame_count &&
			  !strcmp(a->frames[0], b->frames[0]));
}

/*
 * The kernel refuses a wait for a PI mutex that would close a circle (EDEADLK); glibc's pthread_mutex_lock does not
 * return then, but parks the thread for good on a word of its own stack (nptl/pthread_mutex_lock.c). What it waits for
 * in truth is the refused mutex.
 */
static bool is_parked(const struct thread_wait *wait)
{
	return wait->refused && wait->lock->kind == LOCK_FUTEX && wait->since_ns >= wait->refused_ns &&
	       same_place(wait->site, wait->refused_site);
}

static bool is_still(const struct thread_wait *wait)
{
	return wait && wait->lock && !wait->timed && wait->unchanged_looks >= 2 && wait->state == 'S';
}

bool wait_is_proven(const struct model *model, const struct process *process, const struct thread *thread,
		    struct lock_link *link, const struct process **holder_process, const struct thread **holder)
{
	const struct thread_wait *wait = thread_wait_now(thread);
	const struct lock_holder_id *who;
	bool parked;

	if (!is_still(wait))
		return false;
	parked = is_parked(wait);
	if (!parked && !has_one_holder(wait->lock))
		return false;
	who = parked ? &wait->refused_holder : &wait->holder;
	*holder = lock_holder_thread(model, who, holder_process);
	if (!*holder || (*holder)->exited_ns || (*holder_process)->exited_ns)
		return false;
	*link = (struct lock_link){.process = process,
				   .thread = thread,
				   .lock = parked ? wait->refused : wait->lock,
				   .site = parked ? wait->refused_site : wait->site,
				   .held_by_tid = who->tid};
	return true;
}

/* Who refused holder is read before the park: it has held the lock ever since only if it has not run since. */
static bool holder_has_not_run(const struct thread *waiter, const struct thread *holder)
{
	const struct thread_wait *wait = thread_wait_now(waiter), *other = thread_wait_now(holder);

	if (!is_parked(wait) || waiter == holder)
		return true;
	return other->since_ns &&
	       (other->since_ns <= wait->refused_ns || (other->refused_ns && other->refused_ns <= wait->refused_ns));
}

static bool born_before(const struct lock_link *a, const struct lock_link *b)
{
	if (a->process->id.start_ns != b->process->id.start_ns)
		return a->process->id.start_ns < b->process->id.start_ns;
	if (a->process->id.pid != b->process->id.pid)
		return a->process->id.pid < b->process->id.pid;
	return a->thread->tid < b->thread->tid;
}

static void reverse(struct lock_link *links, size_t from, size_t to)
{
	for (; from + 1 < to; from++, to--) {
		struct lock_link swap = links[from];

		links[from] = links[to - 1];
		links[to - 1] = swap;
	}
}

/* The same circle begins with the same member, whoever was looked at last. */
static void turn(struct circle *circle)
{
	size_t first = 0;

	for (size_t i = 1; i < circle->count; i++)
		if (born_before(&circle->links[i], &circle->links[first]))
			first = i;
	reverse(circle->links, 0, first);
	reverse(circle->links, first, circle->count);
	reverse(circle->links, 0, circle->count);
}

/* Was there a moment at which all of them stood still? */
static bool stood_still_together(struct circle *circle)
{
	uint64_t from_ns = 0, to_ns = UINT64_MAX;

	circle->since_ns = UINT64_MAX;
	circle->until_ns = 0;
	for (size_t i = 0; i < circle->count; i++) {
		const struct thread *thread = circle->links[i].thread;
		const struct thread_wait *wait = thread_wait_now(thread);

		if (!holder_has_not_run(thread, circle->links[(i + 1) % circle->count].thread))
			return false;
		if (wait->unchanged_since_ns > from_ns)
			from_ns = wait->unchanged_since_ns;
		if (wait->looked_ns < to_ns)
			to_ns = wait->looked_ns;
		if (wait->unchanged_since_ns < circle->since_ns)
			circle->since_ns = wait->unchanged_since_ns;
		if (wait->looked_ns > circle->until_ns)
			circle->until_ns = wait->looked_ns;
	}
	return from_ns <= to_ns;
}

bool circle_find(const struct model *model, const struct process *process, const struct thread *thread,
		 struct circle *circle)
{
	const struct thread *at = thread, *mark = NULL;
	size_t next_mark = 1;

	circle->count = 0;
	do {
		const struct process *holder_process;
		const struct thread *holder;

		if (circle->count == CIRCLE_MAX ||
		    !wait_is_proven(model, process, at, &circle->links[circle->count], &holder_process, &holder))
			return false;
		circle->count++;
		process = holder_process;
		at = holder;
		if (at == mark) /* a circle, but this thread only waits behind it */
			return false;
		if (circle->count == next_mark) {
			mark = at;
			next_mark *= 2;
		}
	} while (at != thread);
	turn(circle);
	return stood_still_together(circle);
}
