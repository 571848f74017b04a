/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread ends while it holds a robust mutex that another one already sleeps for. The kernel finds the mutex in
 * the list of those that the thread holds (set_robust_list(2)), marks the word with FUTEX_OWNER_DIED and wakes the
 * sleeper, which gets EOWNERDEAD. So it does not hang; but an unlock was forgotten all the same, in the middle of a
 * change.
 *
 * Look at: the same verdict as for lock/owner-dies, and that the waiter went on. The healthy twin is
 * lock/owner-dies-robust.
 */
#include "threads.h"

static pthread_mutex_t account;
static int balance = 100, booked = 100; /* two numbers that belong together */
static struct tokens held;
static void forget(struct demo_thread *self), come_next(struct demo_thread *self);

static struct demo_thread careless = {.name = "careless", .run = forget};
static struct demo_thread next = {.name = "next", .run = come_next};

static void forget(struct demo_thread *self)
{
	demo_lock(&account, &self->asking);
	balance -= 10;
	tokens_give(&held, 1);
	demo_await_asleep(next.tid, &next.asking);
	demo_sleep_ms(100);
	demo_say("holds the lock in the middle of a change, and ends");
}

__attribute__((noinline)) static void come_next(struct demo_thread *self)
{
	int error;

	tokens_take(&held, 1);
	demo_say("wants the account, and sleeps");
	atomic_store(&self->asking, 1);
	error = pthread_mutex_lock(&account);
	atomic_store(&self->asking, 0);
	if (error == EOWNERDEAD) {
		demo_say("is woken by the kernel, and told; balance %d, booked %d: puts it in order", balance, booked);
		balance = booked;
		pthread_mutex_consistent(&account);
	}
	pthread_mutex_unlock(&account);
}

int main(void)
{
	demo_begin("main", "starts a careless thread, and one that waits for its lock");
	demo_shared_mutex(&account, PTHREAD_MUTEX_ROBUST);
	held = tokens_new();
	demo_thread_start(&next);
	demo_thread_start(&careless);
	demo_ready();
	demo_thread_join(&careless);
	demo_thread_join(&next);
	demo_check(pthread_mutex_lock(&account), "lock the account");
	demo_say("can lock the account as ever: %d, booked %d", balance, booked);
	pthread_mutex_unlock(&account);
	return balance == booked ? 0 : 1;
}
