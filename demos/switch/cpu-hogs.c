/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Twice as many processes want to compute as there are processors. The scheduler makes them take turns: none ever
 * gives up the processor by itself, so nearly all their switches are involuntary, and each spends half its time in a
 * run queue. More of them would not get more done.
 *
 * Look at: the switch table: involuntary switches, time in the run queue about as long as time on the processor.
 */
#include "demo.h"

#define BUSY_MS 1000
#define HOGS_MAX 1024

static volatile unsigned long work; /* so that the compiler leaves the loop alone */

static void compute(const struct timespec *until)
{
	struct timespec now;

	do {
		for (int i = 0; i < 10000; i++)
			work += (unsigned long)i;
		clock_gettime(CLOCK_MONOTONIC, &now); /* from user space (vdso): no system call */
	} while (now.tv_sec < until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec < until->tv_nsec));
}

int main(void)
{
	struct timespec until;
	cpu_set_t allowed;
	int hogs, started;

	demo_begin("parent", "starts two busy processes for each processor");
	hogs = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? 2 * CPU_COUNT(&allowed)
								   : 2 * (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (hogs > HOGS_MAX)
		hogs = HOGS_MAX;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += BUSY_MS / 1000;
	for (started = 0; started < hogs; started++)
		if (demo_fork("hog") == 0) {
			compute(&until);
			_exit(0);
		}
	demo_ready();
	demo_say("%d hogs compute for a second on %d processors", hogs, hogs / 2);
	while (wait(NULL) > 0)
		started--;
	demo_say("all have ended");
	return started;
}
