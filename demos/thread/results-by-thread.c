/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How does a thread give a result? It returns a pointer that pthread_join(3) hands to whoever joins it; or it writes
 * into a place that was made for it, and the joiner reads that afterwards. Joining is what makes this safe without a
 * lock: all that the thread did happened before pthread_join returned. Never return the address of a local variable.
 *
 * Look at: four threads that never touch the same memory.
 */
#include "threads.h"

enum { THREADS = 4, LAST = 1000000 };

struct part {
	long from, to, sum; /* sum: the result, in a place of its own */
};

static void *sum_up(void *argument)
{
	struct part *part = argument;

	prctl(PR_SET_NAME, "adder");
	for (long i = part->from; i < part->to; i++)
		part->sum += i;
	return part; /* the caller's memory, so it outlives us */
}

int main(void)
{
	struct part parts[THREADS];
	pthread_t threads[THREADS];
	long total = 0, expected = (long)LAST * (LAST - 1) / 2;

	demo_begin("main", "four threads sum up a quarter each of all numbers below a million");
	for (int i = 0; i < THREADS; i++) {
		parts[i] = (struct part){.from = (long)i * LAST / THREADS, .to = (long)(i + 1) * LAST / THREADS};
		errno = pthread_create(&threads[i], NULL, sum_up, &parts[i]);
		if (errno)
			demo_fail("pthread_create");
	}
	demo_ready();
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		demo_say("joined thread %d: %ld", i + 1, ((struct part *)result)->sum);
		total += ((struct part *)result)->sum;
	}
	demo_say("total %ld, expected %ld", total, expected);
	return total == expected ? 0 : 1;
}
