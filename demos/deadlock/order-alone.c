/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A healthy twin of deadlock/order: one thread alone takes the two locks in both orders, other threads take one of them
 * only. Nobody can be met in the middle.
 *
 * Look at: no finding.
 */
#include "threads.h"

#define ROUNDS 10

static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER, journal = PTHREAD_MUTEX_INITIALIZER;
static void read_journal(struct demo_thread *self);

static struct demo_thread reader = {.name = "reader", .run = read_journal};

static void take_both(pthread_mutex_t *first, pthread_mutex_t *second)
{
	pthread_mutex_lock(first);
	pthread_mutex_lock(second);
	pthread_mutex_unlock(second);
	pthread_mutex_unlock(first);
}

static void read_journal(struct demo_thread *self)
{
	(void)self;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&journal);
		pthread_mutex_unlock(&journal);
	}
}

int main(void)
{
	demo_begin("main", "keeps accounts and journal alone; another thread reads the journal");
	demo_thread_start(&reader);
	demo_ready();
	for (int i = 0; i < ROUNDS; i++) {
		take_both(&accounts, &journal);
		take_both(&journal, &accounts);
	}
	demo_thread_join(&reader);
	demo_say("took both %d times, in either order", 2 * ROUNDS);
	demo_stay();
	return 0;
}
