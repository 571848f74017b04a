/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Dijkstra's dining philosophers: five at a round table, five forks, and who eats needs the forks at both sides.
 * All take the left one first; if all do so at the same time, each waits for the neighbour's, five in a ring. A
 * cycle can be of any length, and the longer it is, the less likely anybody sees it in a list of stacks.
 *
 * Look at: the cycle of five. The healthy twin is deadlock/ordered.
 */
#include "threads.h"

#define SEATS 5

static pthread_mutex_t forks[SEATS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
				       PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static struct tokens have_left, go_on;
static void dine(struct demo_thread *self);

static struct demo_thread philosophers[SEATS] = {
    {.name = "Aristotle", .run = dine, .number = 0}, {.name = "Hypatia", .run = dine, .number = 1},
    {.name = "Ibn-Sina", .run = dine, .number = 2},  {.name = "Kant", .run = dine, .number = 3},
    {.name = "Laozi", .run = dine, .number = 4},
};

__attribute__((noinline)) static void dine(struct demo_thread *self)
{
	int left = self->number, right = (self->number + 1) % SEATS;

	demo_lock(&forks[left], &self->asking);
	demo_say("has the left fork, %d, and wants the right one, %d", left, right);
	tokens_give(&have_left, 1);
	tokens_take(&go_on, 1);
	demo_lock(&forks[right], &self->asking);
	demo_say("eats?!"); /* never */
	_exit(1);
}

int main(void)
{
	demo_begin("main", "starts five philosophers that take the left fork first");
	have_left = tokens_new();
	go_on = tokens_new();
	for (int i = 0; i < SEATS; i++)
		demo_thread_start(&philosophers[i]);
	tokens_take(&have_left, SEATS);
	tokens_give(&go_on, SEATS);
	for (int i = 0; i < SEATS; i++)
		demo_await_asleep(philosophers[i].tid, &philosophers[i].asking);
	demo_say("all five sleep, a fork in hand");
	demo_ready();
	demo_sleep_ms(DEMO_HANG_MS);
	demo_say("nobody has eaten after %d s; ends the process", DEMO_HANG_MS / 1000);
	_exit(0);
}
