/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Three threads are started and joined (pthread_create(3), pthread_join(3)). They sleep for 100, 200 and 300 ms at the
 * same time; the main thread joins them one after the other and has waited for as long as the longest. A thread that
 * has ended before it is joined is no zombie in the process table: the kernel forgets it at once, its result stays in
 * memory.
 *
 * Look at: one process with four threads; the main thread asleep in futex, which is what joining is to the kernel.
 */
#include "threads.h"

static void work(void *argument)
{
	const long ms = *(const long *)argument;

	demo_say("thread %d of process %d, works for %ld ms", (int)gettid(), (int)getpid(), ms);
	demo_sleep_ms(ms);
	demo_say("done");
}

int main(void)
{
	static const char *const names[] = {"thread-1", "thread-2", "thread-3"};
	long ms[] = {100, 200, 300};
	struct demo_thread threads[3];

	demo_begin("main", "starts three threads and joins them");
	for (int i = 0; i < 3; i++)
		demo_thread_begin(&threads[i], names[i], work, &ms[i]);
	demo_ready();
	for (int i = 0; i < 3; i++) {
		demo_thread_join(&threads[i]);
		demo_say("has joined %s", names[i]);
	}
	demo_say("see the clock at the left: about 0.3 s, not the sum of 0.6 s");
	return 0;
}
