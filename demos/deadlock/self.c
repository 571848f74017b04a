/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A deadlock of one: a function takes a lock and calls another one that takes the same lock. An ordinary mutex does
 * not ask who holds it, so the thread sleeps until it would itself release it. This mostly comes from a public
 * function of a module calling another public one.
 *
 * Look at: waiter and holder are the same thread. The healthy twin is deadlock/recursive-lock.
 */
#include "threads.h"

static pthread_mutex_t ledger = PTHREAD_MUTEX_INITIALIZER;
static int balance = 100;
static void work(struct demo_thread *self);

static struct demo_thread clerk = {.name = "clerk", .run = work};

__attribute__((noinline)) static void show_balance(struct demo_thread *self)
{
	demo_lock(&ledger, &self->asking);
	demo_say("the balance is %d", balance); /* never */
	pthread_mutex_unlock(&ledger);
}

__attribute__((noinline)) static void pay_in(struct demo_thread *self, int amount)
{
	demo_lock(&ledger, &self->asking);
	balance += amount;
	demo_say("has the ledger, pays in %d, and wants to show the balance", amount);
	show_balance(self);
	pthread_mutex_unlock(&ledger);
}

static void work(struct demo_thread *self)
{
	pay_in(self, 10);
	_exit(1);
}

int main(void)
{
	demo_begin("main", "starts a clerk that takes the same lock twice");
	demo_thread_start(&clerk);
	demo_await_asleep(clerk.tid, &clerk.asking);
	demo_ready();
	demo_sleep_ms(DEMO_HANG_MS);
	demo_say("the clerk has waited for itself for %d s; ends the process", DEMO_HANG_MS / 1000);
	_exit(0);
}
