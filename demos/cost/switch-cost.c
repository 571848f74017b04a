/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What does a context switch cost, and does it depend on how many threads there are? Threads stand in a ring and hand
 * on a token through pipes: only one has something to do at any time, and each hand-over is a switch. Rings of 4, 32
 * and 128 threads make the same number of hand-overs.
 *
 * Look at: one voluntary switch for each hand-over, each ring in about the same time: the scheduler does not mind how
 * many sleep. More threads cost memory and cold caches, not switching.
 */
#include "threads.h"

enum { HAND_OVERS = 8192, RING_MAX = 128 };

struct place {
	struct demo_thread thread;
	struct channel in;
	const struct channel *out;
	int rounds;
};

static void hand_on(void *argument)
{
	struct place *place = argument;
	int token;

	for (int i = 0; i < place->rounds; i++) {
		if (read(place->in.in, &token, sizeof token) != (ssize_t)sizeof token)
			demo_fail("read");
		channel_tell(place->out, token + 1);
	}
}

static void run_ring(int size)
{
	struct place ring[RING_MAX];
	struct timespec before, after;
	int token;

	for (int i = 0; i < size; i++) {
		ring[i].in = channel_new();
		ring[i].out = &ring[(i + 1) % size].in;
		ring[i].rounds = HAND_OVERS / size;
	}
	for (int i = 0; i < size; i++)
		demo_thread_begin(&ring[i].thread, "place", hand_on, &ring[i]);
	clock_gettime(CLOCK_MONOTONIC, &before);
	channel_tell(&ring[0].in, 0);
	for (int i = 0; i < size; i++)
		demo_thread_join(&ring[i].thread);
	clock_gettime(CLOCK_MONOTONIC, &after);
	if (read(ring[0].in.in, &token, sizeof token) != (ssize_t)sizeof token || token != HAND_OVERS)
		_exit(1);
	demo_say("%3d threads: %.2f us for each hand-over", size,
		 ((double)(after.tv_sec - before.tv_sec) * 1e6 + (double)(after.tv_nsec - before.tv_nsec) / 1e3) /
		     token);
	_exit(0);
}

int main(void)
{
	static const char *const names[] = {"ring-4", "ring-32", "ring-128"};
	static const int sizes[] = {4, 32, 128};
	int failed = 0;

	demo_begin("parent", "hands a token round, 8192 times, in rings of 4, 32 and 128 threads");
	demo_ready();
	for (int i = 0; i < 3; i++) {
		const pid_t ring = demo_fork(names[i]);

		if (ring == 0)
			run_ring(sizes[i]);
		failed += demo_reap(ring) != 0;
	}
	return failed;
}
