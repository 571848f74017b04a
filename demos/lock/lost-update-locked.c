/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The twin of lock/lost-update: read, calculate and write are done with a mutex held, so that no other thread can
 * come between. The result is right. The price stands in the lock table: what takes a millisecond for each thread
 * is done by one at a time, and the last one waits for all the others.
 *
 * Look at: n is 0; the lock `n_lock`, whose waits add up to about 100 * 100 / 2 ms: the moment between reading and
 * writing should be short.
 */
#include "threads.h"

#define THREADS 100

static pthread_mutex_t n_lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int n = THREADS;
static struct tokens go;

static void take_one(struct demo_thread *self)
{
	int seen;

	tokens_take(&go, 1);
	demo_lock(&n_lock, &self->asking);
	seen = n;
	demo_sleep_ms(1); /* a moment in which others would like to have their turn */
	n = seen - 1;
	pthread_mutex_unlock(&n_lock);
}

int main(void)
{
	static struct demo_thread threads[THREADS];

	demo_begin("main", "n is 100; starts 100 threads that each take 1 from it, with a lock");
	go = tokens_new();
	for (int i = 0; i < THREADS; i++) {
		threads[i] = (struct demo_thread){.name = "taker", .run = take_one};
		demo_thread_start(&threads[i]);
	}
	demo_ready();
	tokens_give(&go, THREADS);
	for (int i = 0; i < THREADS; i++)
		demo_thread_join(&threads[i]);
	demo_say("100 threads took 1 each from 100, and n is %d", n);
	return n == 0 ? 0 : 1;
}
