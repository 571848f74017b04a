/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A healthy twin of deadlock/abba: two threads take two locks in opposite order, but the second one only if it is
 * free (pthread_mutex_trylock(3)). Who does not get it lets go of the first, so that the other can go on, and tries
 * again. That they do not refuse each other for ever takes some asymmetry: here one comes back later than the
 * other.
 *
 * Look at: in the first round both are refused, in a later one both have had both. No finding.
 */
#include "threads.h"

static pthread_mutex_t cheese = PTHREAD_MUTEX_INITIALIZER, wine = PTHREAD_MUTEX_INITIALIZER;
static struct tokens have_first, go_on, refused, let_go;
static void take_both(struct demo_thread *self);

static struct demo_thread guests[2] = {{.name = "guest-1", .run = take_both, .number = 0},
				       {.name = "guest-2", .run = take_both, .number = 1}};

/* Makes the first round certain: each has its first before either tries its second, and is refused before either lets
 * go. */
static void meet(int round, const struct tokens *here, const struct tokens *all_here)
{
	if (round > 1)
		return;
	tokens_give(here, 1);
	tokens_take(all_here, 1);
}

static bool try_both(struct demo_thread *self, int round)
{
	pthread_mutex_t *first = self->number ? &wine : &cheese, *second = self->number ? &cheese : &wine;
	bool got;

	demo_lock(first, &self->asking);
	meet(round, &have_first, &go_on);
	got = pthread_mutex_trylock(second) == 0;
	meet(round, &refused, &let_go);
	if (got)
		pthread_mutex_unlock(second);
	pthread_mutex_unlock(first);
	return got;
}

static void take_both(struct demo_thread *self)
{
	int round = 1;

	for (; !try_both(self, round); round++) {
		demo_say("has one, does not get the other, and lets go");
		demo_sleep_ms(1 + 2 * self->number);
	}
	demo_say("had both in round %d", round);
}

int main(void)
{
	demo_begin("main", "starts two threads that take two locks in opposite order, and give way");
	have_first = tokens_new();
	go_on = tokens_new();
	refused = tokens_new();
	let_go = tokens_new();
	demo_thread_start(&guests[0]);
	demo_thread_start(&guests[1]);
	demo_ready();
	tokens_take(&have_first, 2);
	tokens_give(&go_on, 2);
	tokens_take(&refused, 2);
	tokens_give(&let_go, 2);
	demo_thread_join(&guests[0]);
	demo_thread_join(&guests[1]);
	return 0;
}
