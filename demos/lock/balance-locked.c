/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of lock/balance: reading and writing the balance happen under a mutex. However often the
 * scheduler changes from one thread to the other in between, the balance is right. The lock is held for moments
 * only.
 *
 * Look at: the balance is 1000; perhaps some short waits for the lock `account`; no finding.
 */
#include "threads.h"

#define ROUNDS 500

static pthread_mutex_t account = PTHREAD_MUTEX_INITIALIZER;
static volatile int balance = 1000;
static struct tokens go;
static void transfer(struct demo_thread *self);

static struct demo_thread payer = {.name = "payer", .run = transfer, .number = 10};
static struct demo_thread drawer = {.name = "drawer", .run = transfer, .number = -10};

static void transfer(struct demo_thread *self)
{
	tokens_take(&go, 1);
	for (int i = 0; i < ROUNDS; i++) {
		int seen;

		demo_lock(&account, &self->asking);
		seen = balance;
		if (i % 100 == 0)
			sched_yield(); /* an invitation to the other thread: it must not help */
		balance = seen + self->number;
		pthread_mutex_unlock(&account);
	}
	demo_say("has moved %d, %d times", self->number, ROUNDS);
}

int main(void)
{
	demo_begin("main", "the balance is 1000; pays in 10 and draws 10, 500 times at the same time, with a lock");
	go = tokens_new();
	demo_thread_start(&payer);
	demo_thread_start(&drawer);
	demo_ready();
	tokens_give(&go, 2);
	demo_thread_join(&payer);
	demo_thread_join(&drawer);
	demo_say("the balance is %d", balance);
	return balance == 1000 ? 0 : 1;
}
