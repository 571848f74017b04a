/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A healthy twin of deadlock/order: the main thread takes the two locks in one order before the other thread is born
 * and after it was joined; that thread takes them in the other order. They cannot meet.
 *
 * Look at: no finding, though all is done at the same places many times over.
 */
#include "threads.h"

#define ROUNDS 5

static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER, journal = PTHREAD_MUTEX_INITIALIZER;
static void audit(struct demo_thread *self);

static struct demo_thread auditor = {.name = "auditor", .run = audit};

static void book(void)
{
	pthread_mutex_lock(&accounts);
	pthread_mutex_lock(&journal);
	pthread_mutex_unlock(&journal);
	pthread_mutex_unlock(&accounts);
}

static void audit(struct demo_thread *self)
{
	(void)self;
	pthread_mutex_lock(&journal);
	pthread_mutex_lock(&accounts);
	pthread_mutex_unlock(&accounts);
	pthread_mutex_unlock(&journal);
}

int main(void)
{
	demo_begin("main", "keeps the books, and is alone with them whenever it does");
	for (int i = 0; i < ROUNDS; i++) {
		book();
		demo_thread_start(&auditor);
		demo_thread_join(&auditor);
	}
	book();
	demo_ready();
	demo_say("%d audits between %d bookings", ROUNDS, ROUNDS + 1);
	demo_stay();
	return 0;
}
