/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Three workers write a report of three lines each to the same terminal. A mutex round the report keeps each one's
 * lines together: whoever has it writes, the others sleep until it is released (pthread_mutex_lock(3)). Nobody
 * holds it for longer than three lines take, so the waiting is no trouble, and no finding.
 *
 * Look at: the output in order; the lock `terminal` in the lock table, with its waits. The twin without the mutex
 * is lock/no-mutex.
 */
#include "threads.h"

#define WORKERS 3
#define LINES 3

static pthread_mutex_t terminal = PTHREAD_MUTEX_INITIALIZER;
static int order[WORKERS * LINES], written; /* whose lines came in which order */
static struct tokens held;
static void report(struct demo_thread *self);

static struct demo_thread workers[WORKERS] = {
    {.name = "worker-1", .run = report, .number = 1},
    {.name = "worker-2", .run = report, .number = 2},
    {.name = "worker-3", .run = report, .number = 3},
};

static void report(struct demo_thread *self)
{
	if (self->number != 1)
		tokens_take(&held, 1);
	demo_lock(&terminal, &self->asking);
	if (self->number == 1) { /* so that each run shows it: the others come while worker-1 has the terminal */
		tokens_give(&held, WORKERS - 1);
		for (int i = 1; i < WORKERS; i++)
			demo_await_asleep(workers[i].tid, &workers[i].asking);
	}
	for (int line = 1; line <= LINES; line++) {
		order[written++] = self->number;
		demo_say("line %d of %d", line, LINES);
		demo_sleep_ms(10); /* a slow terminal: whoever wants may come between, if he can */
	}
	pthread_mutex_unlock(&terminal);
}

static bool in_order(void)
{
	for (int i = 0; i < WORKERS * LINES; i++)
		if (order[i] != order[i - i % LINES])
			return false;
	return written == WORKERS * LINES;
}

int main(void)
{
	demo_begin("main", "starts three workers that write three lines each, under a mutex");
	held = tokens_new();
	for (int i = WORKERS - 1; i >= 0; i--)
		demo_thread_start(&workers[i]);
	demo_ready();
	for (int i = 0; i < WORKERS; i++)
		demo_thread_join(&workers[i]);
	demo_say("the reports are %s", in_order() ? "in order: no line came between another's" : "MIXED");
	return in_order() ? 0 : 1;
}
