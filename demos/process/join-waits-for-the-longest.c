/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Five children work at the same time, for 100 to 500 ms. The parent waits for one after the other, in the order in
 * which it made them. In sum they work 1.5 s, but the parent waits only as long as the longest: while it waits for
 * one, the others go on. Those that end before their turn are zombies for a moment, and that is all right.
 *
 * Look at: the parent's time blocked in wait (about 500 ms), the dead-unreaped pieces of the early ones.
 */
#include "demo.h"

static const struct worker {
	const char *name;
	long ms;
} workers[] = {{"worker-1", 300}, {"worker-2", 100}, {"worker-3", 500}, {"worker-4", 200}, {"worker-5", 400}};

#define WORKERS (sizeof workers / sizeof workers[0])

int main(void)
{
	pid_t pids[WORKERS];
	long sum = 0;

	demo_begin("parent", "starts five workers that take 300, 100, 500, 200 and 400 ms");
	for (size_t i = 0; i < WORKERS; i++) {
		pids[i] = demo_fork(workers[i].name);
		if (pids[i] == 0) {
			demo_sleep_ms(workers[i].ms);
			demo_say("done after %ld ms", workers[i].ms);
			_exit(0);
		}
		sum += workers[i].ms;
	}
	demo_ready();
	for (size_t i = 0; i < WORKERS; i++) {
		demo_reap(pids[i]);
		demo_say("has joined %s", workers[i].name);
	}
	demo_say("all joined: see the clock at the left, about 0.5 s and not the sum of %.1f s", (double)sum / 1000);
	return 0;
}
