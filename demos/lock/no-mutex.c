/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Three workers write a report of three lines each to the same terminal, without any lock: after each line the
 * scheduler may let another worker go on, and the reports mix. Whether it does is chance; here the workers pass the
 * turn on after each line, so that each run shows what otherwise one run in thousands does.
 *
 * Look at: the mixed output, and that there is no finding. A lock that is missing is nothing that the kernel could
 * see.
 */
#include "threads.h"

#define WORKERS 3
#define LINES 3

static struct tokens turns[WORKERS];
static void report(struct demo_thread *self);

static struct demo_thread workers[WORKERS] = {
    {.name = "worker-1", .run = report, .number = 0},
    {.name = "worker-2", .run = report, .number = 1},
    {.name = "worker-3", .run = report, .number = 2},
};

static void report(struct demo_thread *self)
{
	for (int line = 1; line <= LINES; line++) {
		tokens_take(&turns[self->number], 1);
		demo_say("line %d of %d", line, LINES);
		tokens_give(&turns[(self->number + 1) % WORKERS], 1);
	}
}

int main(void)
{
	demo_begin("main", "starts three workers that write three lines each, without a mutex");
	for (int i = 0; i < WORKERS; i++)
		turns[i] = tokens_new();
	for (int i = 0; i < WORKERS; i++)
		demo_thread_start(&workers[i]);
	demo_ready();
	tokens_give(&turns[0], 1);
	for (int i = 0; i < WORKERS; i++)
		demo_thread_join(&workers[i]);
	demo_say("the reports are interleaved: nobody could read one of them");
	return 0;
}
