/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What does it cost to start a hundred threads, and what a hundred processes? A thread shares everything with its
 * creator; for a process the kernel copies page tables, descriptors and so on (fork(2)), and its end is on record until
 * its parent asks. Each is started, does nothing, and is joined before the next.
 *
 * Look at: with-threads has 101 threads, with-processes 100 children; the processor time of both.
 */
#include <pthread.h>

#include "demo.h"

enum { COUNT = 100 };

static void *nothing(void *argument)
{
	return argument;
}

static void start_threads(void)
{
	for (int i = 0; i < COUNT; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, NULL, nothing, NULL);
		if (errno)
			demo_fail("pthread_create");
		pthread_join(thread, NULL);
	}
}

static void start_processes(void)
{
	for (int i = 0; i < COUNT; i++) {
		const pid_t child = fork();

		if (child < 0)
			demo_fail("fork");
		if (child == 0)
			_exit(0);
		demo_reap(child);
	}
}

static double measure(const char *name, void (*start)(void))
{
	struct timespec before, after;
	struct channel result = channel_new();
	pid_t child = demo_fork(name);
	int us;

	if (child == 0) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		start();
		clock_gettime(CLOCK_MONOTONIC, &after);
		us = (int)((after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000);
		demo_say("%d in %.1f ms, %.0f us each", COUNT, us / 1e3, (double)us / COUNT);
		channel_tell(&result, us);
		_exit(0);
	}
	us = channel_hear(&result);
	close(result.in);
	if (demo_reap(child) != 0)
		exit(1);
	return us;
}

int main(void)
{
	double threads, processes;

	demo_begin("parent", "starts and joins a hundred threads, then a hundred processes");
	demo_ready();
	threads = measure("with-threads", start_threads);
	processes = measure("with-processes", start_processes);
	demo_say("a process cost %.1f times as much as a thread", processes / threads);
	return 0;
}
