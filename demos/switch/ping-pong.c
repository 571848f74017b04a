/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two processes pass a byte to and fro. Each wakes the other and then has nothing to do until it is woken: for every
 * byte the kernel switches twice, and more time goes into switching than into work. Queues of one element, and locks
 * handed over for each item, look like this; larger batches are the cure.
 *
 * Look at: voluntary switches by the ten thousand, each blocked in read, each woken by the other.
 */
#include "demo.h"

#define PLAY_MS 1000

static void pass_back(int in, int out)
{
	char ball;

	while (read(in, &ball, 1) == 1)
		if (write(out, &ball, 1) != 1)
			break;
	_exit(0);
}

static long play(int in, int out)
{
	struct timespec start, now;
	char ball = 'o';
	long rounds = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (write(out, &ball, 1) != 1 || read(in, &ball, 1) != 1)
			demo_fail("pass the ball");
		rounds++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < PLAY_MS);
	return rounds;
}

int main(void)
{
	struct channel there = channel_new(), back = channel_new();
	long rounds;
	pid_t pong;

	demo_begin("ping", "passes one byte to pong and back for a second");
	pong = demo_fork("pong");
	if (pong == 0) {
		close(there.out); /* so that the end of ping's copy is the end of the game */
		pass_back(there.in, back.out);
	}
	demo_ready();
	rounds = play(back.in, there.out);
	demo_say("%ld rounds: twice as many switches or more, and no work was done", rounds);
	close(there.out);
	demo_reap(pong);
	return 0;
}
