/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A healthy twin of deadlock/order: the two threads take the two locks in opposite order as well, but each takes a
 * third one before, the gate. Who holds the gate is alone with the two, in whatever order.
 *
 * Look at: no finding.
 */
#include "threads.h"

#define ROUNDS 20

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER, journal = PTHREAD_MUTEX_INITIALIZER;
static struct tokens go;
static void work(struct demo_thread *self);

static struct demo_thread clerk = {.name = "clerk", .run = work, .number = 0};
static struct demo_thread auditor = {.name = "auditor", .run = work, .number = 1};

static void take_both(pthread_mutex_t *first, pthread_mutex_t *second)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_lock(first);
	pthread_mutex_lock(second);
	pthread_mutex_unlock(second);
	pthread_mutex_unlock(first);
	pthread_mutex_unlock(&gate);
}

static void work(struct demo_thread *self)
{
	tokens_take(&go, 1);
	for (int i = 0; i < ROUNDS; i++) {
		if (self->number)
			take_both(&journal, &accounts);
		else
			take_both(&accounts, &journal);
		sched_yield();
	}
	demo_say("took both, %d times", ROUNDS);
}

int main(void)
{
	demo_begin("main", "starts a clerk and an auditor, who pass a gate before they take both locks");
	go = tokens_new();
	demo_thread_start(&clerk);
	demo_thread_start(&auditor);
	demo_ready();
	tokens_give(&go, 2);
	demo_thread_join(&clerk);
	demo_thread_join(&auditor);
	demo_stay();
	return 0;
}
