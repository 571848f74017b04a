/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of lock/owner-dies: the mutex is robust (pthread_mutexattr_setrobust(3)). The kernel knows the
 * list of robust mutexes that a thread holds, and when the thread ends it marks them and wakes one waiter
 * (Documentation/locking/robust-futexes.rst). Its next holder gets EOWNERDEAD, looks whether what the lock protects
 * is in order, says so with pthread_mutex_consistent(3), and all goes on.
 *
 * Look at: nobody waits for ever.
 */
#include "threads.h"

static pthread_mutex_t account;
static int balance = 100, booked = 100; /* two numbers that belong together */
static void forget(struct demo_thread *self), come_next(struct demo_thread *self);

static struct demo_thread careless = {.name = "careless", .run = forget};
static struct demo_thread next = {.name = "next", .run = come_next};

static void forget(struct demo_thread *self)
{
	demo_lock(&account, &self->asking);
	balance -= 10;
	demo_say("has locked the account, meets an error in the middle, and returns");
}

static void come_next(struct demo_thread *self)
{
	int error;

	(void)self;
	demo_say("wants the account");
	error = pthread_mutex_lock(&account);
	if (error == EOWNERDEAD) {
		demo_say("got it, and hears that its last holder ended with it: %d, booked %d", balance, booked);
		balance = booked;
		pthread_mutex_consistent(&account);
		demo_say("has put it in order");
	}
	pthread_mutex_unlock(&account);
}

int main(void)
{
	demo_begin("main", "starts a careless thread, and when that has ended, the next");
	demo_shared_mutex(&account, PTHREAD_MUTEX_ROBUST);
	demo_thread_start(&careless);
	demo_thread_await_end(&careless);
	demo_thread_start(&next);
	demo_ready();
	demo_thread_join(&next);
	demo_check(pthread_mutex_lock(&account), "lock the account");
	demo_say("can lock the account as ever: %d, booked %d", balance, booked);
	pthread_mutex_unlock(&account);
	return balance == booked ? 0 : 1;
}
