/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The same computation three ways: all parts one after another, a thread for each part, a process for each part; as
 * many parts as there are processors. For work that computes, threads and processes do equally well: they use all
 * processors, where one after another uses one. (In CPython threads would not: see cost/gil.)
 *
 * Look at: demand_percent of in-turn, about 100; of the threads together, 100 for each.
 */
#include "threads.h"

enum { PARTS_MAX = 8, TURNS = 60000000 };

static int parts;

static void compute(void *argument)
{
	volatile unsigned long sum = 0; /* so that the loop stays */

	(void)argument;
	for (unsigned long i = 0; i < TURNS; i++)
		sum += i;
	(void)sum;
}

static void one_after_another(void)
{
	for (int i = 0; i < parts; i++)
		compute(NULL);
}

static void with_threads(void)
{
	struct demo_thread threads[PARTS_MAX];

	for (int i = 0; i < parts; i++)
		demo_thread_begin(&threads[i], "part", compute, NULL);
	for (int i = 0; i < parts; i++)
		demo_thread_join(&threads[i]);
}

static void with_processes(void)
{
	for (int i = 0; i < parts; i++)
		if (demo_fork("part-process") == 0) {
			compute(NULL);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
}

static void measure(const char *name, void (*way)(void))
{
	struct timespec before, after;
	pid_t child = demo_fork(name);

	if (child == 0) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		way();
		clock_gettime(CLOCK_MONOTONIC, &after);
		demo_say("%d parts took %.0f ms", parts,
			 (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6);
		_exit(0);
	}
	if (demo_reap(child) != 0)
		exit(1);
}

int main(void)
{
	cpu_set_t allowed;

	demo_begin("parent", "computes one part for each processor: in turn, in threads, in processes");
	parts = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
	parts = parts > PARTS_MAX ? PARTS_MAX : parts;
	demo_ready();
	measure("in-turn", one_after_another);
	measure("threads", with_threads);
	measure("processes", with_processes);
	return 0;
}
