/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of deadlock/self: the mutex is recursive (PTHREAD_MUTEX_RECURSIVE; Python's RLock). It knows its
 * holder and counts how often that one has taken it, and is free when it has been released as often.
 *
 * Look at: the same calls, nobody waits, no finding.
 */
#include "threads.h"

static pthread_mutex_t ledger = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int balance = 100;
static void work(struct demo_thread *self);

static struct demo_thread clerk = {.name = "clerk", .run = work};

__attribute__((noinline)) static void show_balance(struct demo_thread *self)
{
	demo_lock(&ledger, &self->asking);
	demo_say("has the ledger twice; the balance is %d", balance);
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
}

int main(void)
{
	demo_begin("main", "starts a clerk that takes the same recursive lock twice");
	demo_thread_start(&clerk);
	demo_ready();
	demo_thread_join(&clerk);
	demo_check(pthread_mutex_trylock(&ledger), "pthread_mutex_trylock");
	demo_say("the ledger is free again");
	return balance == 110 ? 0 : 1;
}
