/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process is killed while it holds a mutex in shared memory. The lock stays locked: the memory lives on, and
 * nobody unlocks. The other process sleeps for ever. (Within one process a signal kills all threads, so this takes
 * two.)
 *
 * Look at: the lock's holder is gone, with the signal that ended it. With a robust mutex, as in
 * lock/owner-dies-robust, the waiter would be told EOWNERDEAD.
 */
#include "threads.h"

struct shared {
	pthread_mutex_t lock;
	atomic_int asking;
};

static void be_holder(struct shared *shared, const struct tokens *held)
{
	demo_check(pthread_mutex_lock(&shared->lock), "pthread_mutex_lock");
	demo_say("has the lock, and works");
	tokens_give(held, 1);
	for (;;)
		pause();
}

static void be_waiter(struct shared *shared)
{
	demo_say("wants the lock");
	demo_lock(&shared->lock, &shared->asking);
	demo_say("has it?!"); /* never */
	_exit(1);
}

int main(void)
{
	struct shared *shared = demo_shared_page();
	struct tokens held = tokens_new();
	pid_t holder, waiter;

	demo_begin("parent", "kills a process that holds a lock which another one waits for");
	demo_shared_mutex(&shared->lock, PTHREAD_MUTEX_STALLED);
	holder = demo_fork("holder");
	if (holder == 0)
		be_holder(shared, &held);
	tokens_take(&held, 1);
	waiter = demo_fork("waiter");
	if (waiter == 0)
		be_waiter(shared);
	demo_await_asleep(waiter, &shared->asking);
	kill(holder, SIGKILL);
	demo_reap(holder);
	demo_say("the holder is dead; the waiter still waits for it");
	demo_ready();
	demo_sleep_ms(DEMO_HANG_MS);
	demo_say("and does so after %d s; kills it too", DEMO_HANG_MS / 1000);
	kill(waiter, SIGKILL);
	demo_reap(waiter);
	return 0;
}
