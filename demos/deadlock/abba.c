/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The classic deadlock: two threads need the same two locks, and take them in opposite order. Each has one and
 * sleeps until the other releases the second, which it will not do before it has the first. Nothing in the kernel
 * ends this: for it, two threads sleep in futex(2), as thousands do.
 *
 * Look at: the cycle, with both threads, what each holds, and where it waits; and that it is told while the program
 * still hangs. The healthy twins are deadlock/ordered and deadlock/try-lock-backs-off.
 */
#include "threads.h"

static pthread_mutex_t cheese = PTHREAD_MUTEX_INITIALIZER, wine = PTHREAD_MUTEX_INITIALIZER;
static struct tokens have_first, go_on;
static void cheese_then_wine(struct demo_thread *self), wine_then_cheese(struct demo_thread *self);

static struct demo_thread guest = {.name = "guest", .run = cheese_then_wine};
static struct demo_thread host = {.name = "host", .run = wine_then_cheese};

__attribute__((noinline)) static void take_both(struct demo_thread *self, pthread_mutex_t *first,
						pthread_mutex_t *second)
{
	demo_lock(first, &self->asking);
	demo_say("has the %s, and wants the %s", first == &wine ? "wine" : "cheese",
		 second == &wine ? "wine" : "cheese");
	tokens_give(&have_first, 1);
	tokens_take(&go_on, 1);
	demo_lock(second, &self->asking);
	demo_say("has both?!"); /* never */
	_exit(1);
}

static void cheese_then_wine(struct demo_thread *self)
{
	take_both(self, &cheese, &wine);
}

static void wine_then_cheese(struct demo_thread *self)
{
	take_both(self, &wine, &cheese);
}

int main(void)
{
	demo_begin("main", "starts two threads that take two locks in opposite order");
	have_first = tokens_new();
	go_on = tokens_new();
	demo_thread_start(&guest);
	demo_thread_start(&host);
	tokens_take(&have_first, 2);
	tokens_give(&go_on, 2);
	demo_await_asleep(guest.tid, &guest.asking);
	demo_await_asleep(host.tid, &host.asking);
	demo_say("both sleep: neither will ever wake the other");
	demo_ready();
	demo_sleep_ms(DEMO_HANG_MS);
	demo_say("still so after %d s; ends the process", DEMO_HANG_MS / 1000);
	_exit(0);
}
