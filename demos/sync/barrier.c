/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A barrier for four (pthread_barrier_wait(3)): nobody begins the next round before all have ended this one. The quick
 * ones wait for the slow one, in every round another. One of the four is told that it was the last.
 *
 * Look at: threads asleep in futex for about as long as the slow one took longer than they.
 */
#include "threads.h"

enum { RUNNERS = 4, ROUNDS = 3 };

static pthread_barrier_t barrier;
static atomic_int done[ROUNDS];
static atomic_int too_early, last_ones;

static void run(void *argument)
{
	const int number = *(const int *)argument;

	for (int round = 0; round < ROUNDS; round++) {
		demo_sleep_ms(number == round ? 150 : 10);
		atomic_fetch_add(&done[round], 1);
		/* NOLINTNEXTLINE(bugprone-posix-return): that value is negative in glibc */
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
			atomic_fetch_add(&last_ones, 1);
			demo_say("all four have ended round %d", round + 1);
		}
		if (atomic_load(&done[round]) != RUNNERS)
			atomic_fetch_add(&too_early, 1);
	}
}

int main(void)
{
	static const char *const names[RUNNERS] = {"runner-1", "runner-2", "runner-3", "runner-4"};
	struct demo_thread runners[RUNNERS];
	int numbers[RUNNERS];

	demo_begin("main", "four runners run three rounds, and wait for one another after each");
	pthread_barrier_init(&barrier, NULL, RUNNERS);
	for (int i = 0; i < RUNNERS; i++) {
		numbers[i] = i;
		demo_thread_begin(&runners[i], names[i], run, &numbers[i]);
	}
	demo_ready();
	for (int i = 0; i < RUNNERS; i++)
		demo_thread_join(&runners[i]);
	demo_say("%d runners began a round too early", atomic_load(&too_early));
	return atomic_load(&too_early) == 0 && atomic_load(&last_ones) == ROUNDS ? 0 : 1;
}
