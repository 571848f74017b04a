/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Work that waits, three ways: four requests of 100 ms each (to a disk, a server; here a sleep), one after another,
 * with four threads, with four processes. A sleeping thread needs no processor, so even a single processor can wait for
 * any number of things at once: 400 ms become 100.
 *
 * Look at: the time asleep, the same in sum for all three; the lifetime, a quarter of it with threads or processes.
 */
#include "threads.h"

enum { REQUESTS = 4, REQUEST_MS = 100 };

static void request(void *argument)
{
	(void)argument;
	demo_sleep_ms(REQUEST_MS);
}

static void one_after_another(void)
{
	for (int i = 0; i < REQUESTS; i++)
		request(NULL);
}

static void with_threads(void)
{
	struct demo_thread threads[REQUESTS];

	for (int i = 0; i < REQUESTS; i++)
		demo_thread_begin(&threads[i], "request", request, NULL);
	for (int i = 0; i < REQUESTS; i++)
		demo_thread_join(&threads[i]);
}

static void with_processes(void)
{
	for (int i = 0; i < REQUESTS; i++)
		if (demo_fork("request-alone") == 0) {
			request(NULL);
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
		demo_say("four requests took %.0f ms",
			 (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6);
		_exit(0);
	}
	if (demo_reap(child) != 0)
		exit(1);
}

int main(void)
{
	demo_begin("parent", "waits for four requests: in turn, in threads, in processes");
	demo_ready();
	measure("in-turn", one_after_another);
	measure("threads", with_threads);
	measure("processes", with_processes);
	return 0;
}
