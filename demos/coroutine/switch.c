/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ten routines in one thread take turns, ten thousand times each: each runs until it gives up by itself, and the
 * program itself goes on with the next (makecontext(3)). Saving some registers and taking others is all: the kernel is
 * not asked, sees one thread that computes, and counts no switch. So no lock is needed between them, and only one
 * processor is used.
 *
 * Look at: 100000 switches in the program, hardly any in the kernel.
 */
#include <ucontext.h>

#include "demo.h"

enum { ROUTINES = 10, TURNS = 10000, STACK_SIZE = 64 * 1024 };

static ucontext_t scheduler, routines[ROUTINES];
static char stacks[ROUTINES][STACK_SIZE];
static long switches;
static int current, counter;

static void yield(void)
{
	switches++;
	swapcontext(&routines[current], &scheduler);
}

static void routine(void)
{
	for (int i = 0; i < TURNS; i++) {
		counter++; /* shared by all, without a lock: nobody else runs until we yield */
		yield();
	}
}

int main(void)
{
	struct timespec before, after;

	demo_begin("thread", "runs ten routines in one thread, which switch 10000 times each");
	for (int i = 0; i < ROUTINES; i++) {
		getcontext(&routines[i]);
		routines[i].uc_stack.ss_sp = stacks[i];
		routines[i].uc_stack.ss_size = STACK_SIZE;
		routines[i].uc_link = &scheduler; /* where its end leads to */
		makecontext(&routines[i], routine, 0);
	}
	demo_ready();
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int turn = 0; turn <= TURNS; turn++)
		for (current = 0; current < ROUTINES; current++)
			swapcontext(&scheduler, &routines[current]);
	clock_gettime(CLOCK_MONOTONIC, &after);
	demo_say("%ld switches between routines, %.2f us for each, and the counter is at %d", switches,
		 ((double)(after.tv_sec - before.tv_sec) * 1e6 + (double)(after.tv_nsec - before.tv_nsec) / 1e3) /
		     (double)switches,
		 counter);
	return switches == (long)ROUTINES * TURNS && counter == ROUTINES * TURNS ? 0 : 1;
}
