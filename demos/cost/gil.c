/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Four threads that compute, under one global lock that each gives up every 5 ms: this is how CPython up to 3.12 (and
 * later, by default) runs threads. However many processors there are, one thread computes and three sleep: together
 * they are worth one processor, and no quicker than one thread alone.
 *
 * Look at: cpu_percent of the process, about 100 and never more; the threads, asleep in futex most of the time.
 */
#include "threads.h"

enum { THREADS = 4, SLICES = 20, SLICE_MS = 5 };

static pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;

static double now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void compute_slice(void)
{
	const double until = now_ms(CLOCK_THREAD_CPUTIME_ID) + SLICE_MS;
	volatile unsigned long turns = 0;

	do
		for (int i = 0; i < 10000; i++)
			turns++;
	while (now_ms(CLOCK_THREAD_CPUTIME_ID) < until);
}

static void interpret(void *argument)
{
	(void)argument;
	for (int i = 0; i < SLICES; i++) {
		pthread_mutex_lock(&global_lock);
		compute_slice();
		pthread_mutex_unlock(&global_lock);
		sched_yield(); /* after each slice others may have it */
	}
}

int main(void)
{
	struct demo_thread threads[THREADS];
	double start, used;

	demo_begin("interpreter", "lets four threads compute 100 ms each, under one global lock");
	start = now_ms(CLOCK_MONOTONIC);
	for (int i = 0; i < THREADS; i++)
		demo_thread_begin(&threads[i], "interpret", interpret, NULL);
	demo_ready();
	for (int i = 0; i < THREADS; i++)
		demo_thread_join(&threads[i]);
	used = now_ms(CLOCK_PROCESS_CPUTIME_ID);
	demo_say("400 ms of computing took %.0f ms: %.2f processors' worth", now_ms(CLOCK_MONOTONIC) - start,
		 used / (now_ms(CLOCK_MONOTONIC) - start));
	return 0;
}
