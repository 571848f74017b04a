/* SPDX-License-Identifier: BSD-2-Clause
 *
 * n is 100, and each of 100 threads takes 1 from it. `n = n - 1` is three steps: read, calculate, write. Where a
 * thread is interrupted between reading and writing, what others write meanwhile is lost. Here all threads read
 * before any writes, the worst case: all read 100, all write 99, and 99 updates are lost.
 *
 * Look at: n is 99 in the end, not 0; no finding, as no lock is in sight. The twin is lock/lost-update-locked.
 */
#include "threads.h"

#define THREADS 100

static volatile int n = THREADS;
static struct tokens has_read, go;

static void take_one(struct demo_thread *self)
{
	int seen = n;

	(void)self;
	tokens_give(&has_read, 1);
	tokens_take(&go, 1); /* a moment in which others have their turn */
	n = seen - 1;
}

int main(void)
{
	static struct demo_thread threads[THREADS];

	demo_begin("main", "n is 100; starts 100 threads that each take 1 from it, without a lock");
	has_read = tokens_new();
	go = tokens_new();
	for (int i = 0; i < THREADS; i++) {
		threads[i] = (struct demo_thread){.name = "taker", .run = take_one};
		demo_thread_start(&threads[i]);
	}
	tokens_take(&has_read, THREADS);
	demo_ready();
	demo_say("all have read n, and now write what they calculated");
	tokens_give(&go, THREADS);
	for (int i = 0; i < THREADS; i++)
		demo_thread_join(&threads[i]);
	demo_say("100 threads took 1 each from 100, and n is %d", n);
	return n == THREADS - 1 ? 0 : 1;
}
