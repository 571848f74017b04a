/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of deadlock/abba and deadlock/ring-of-five: the same philosophers, but each takes the fork with
 * the lower number first. So there is always one who can go on: a cycle would need somebody who holds a higher fork
 * and wants a lower one. All locks of a program in one order is the rule that rules deadlocks out.
 *
 * Look at: everybody eats; short waits perhaps; no finding.
 */
#include "threads.h"

#define SEATS 5
#define MEALS 20

static pthread_mutex_t forks[SEATS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
				       PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static struct tokens go;
static atomic_int meals;
static void dine(struct demo_thread *self);

static struct demo_thread philosophers[SEATS] = {
    {.name = "Aristotle", .run = dine, .number = 0}, {.name = "Hypatia", .run = dine, .number = 1},
    {.name = "Ibn-Sina", .run = dine, .number = 2},  {.name = "Kant", .run = dine, .number = 3},
    {.name = "Laozi", .run = dine, .number = 4},
};

static void dine(struct demo_thread *self)
{
	int left = self->number, right = (self->number + 1) % SEATS;
	int lower = left < right ? left : right, higher = left < right ? right : left;

	tokens_take(&go, 1);
	for (int i = 0; i < MEALS; i++) {
		demo_lock(&forks[lower], &self->asking);
		sched_yield(); /* time enough for all the others to take theirs */
		demo_lock(&forks[higher], &self->asking);
		atomic_fetch_add(&meals, 1);
		pthread_mutex_unlock(&forks[higher]);
		pthread_mutex_unlock(&forks[lower]);
	}
	demo_say("took fork %d before %d, and has eaten %d times", lower, higher, MEALS);
}

int main(void)
{
	demo_begin("main", "starts five philosophers that take the lower fork first");
	go = tokens_new();
	for (int i = 0; i < SEATS; i++)
		demo_thread_start(&philosophers[i]);
	demo_ready();
	tokens_give(&go, SEATS);
	for (int i = 0; i < SEATS; i++)
		demo_thread_join(&philosophers[i]);
	demo_say("%d meals, nobody starved", atomic_load(&meals));
	return atomic_load(&meals) == SEATS * MEALS ? 0 : 1;
}
