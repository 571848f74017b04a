/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads run at the same time on several processors: as many endless loops as there are processors fill them all. Here
 * each loops for 500 ms. What the loops got is the processor time of the process by the time that passed: on an idle
 * machine as many processors' worth as there are processors.
 *
 * Look at: cpu_percent, 100 for each processor that was free; the loops never sleep.
 */
#include "threads.h"

enum { LOOPS_MAX = 64, LOOP_MS = 500 };

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void loop(void *argument)
{
	const double until = *(const double *)argument;
	volatile unsigned long turns = 0;

	do
		for (int i = 0; i < 10000; i++)
			turns++;
	while (seconds(CLOCK_MONOTONIC) < until); /* read without a system call (vdso(7)) */
}

int main(void)
{
	struct demo_thread loops[LOOPS_MAX];
	double start, until, used;
	cpu_set_t allowed;
	int count;

	demo_begin("main", "lets as many threads loop as there are processors");
	count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
	count = count > LOOPS_MAX ? LOOPS_MAX : count;
	start = seconds(CLOCK_MONOTONIC);
	until = start + LOOP_MS / 1e3;
	for (int i = 0; i < count; i++)
		demo_thread_begin(&loops[i], "loop", loop, &until);
	demo_ready();
	for (int i = 0; i < count; i++)
		demo_thread_join(&loops[i]);
	used = seconds(CLOCK_PROCESS_CPUTIME_ID) / (seconds(CLOCK_MONOTONIC) - start);
	demo_say("%d loops on %d processors have used %.2f processors' worth", count, count, used);
	return 0;
}
