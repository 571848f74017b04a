/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A stack between threads: last in, first out. While the consumer is at work, the producer puts more on top; what came
 * first waits at the bottom until nothing newer is left. Good for caches (the newest is the warmest), unfair for jobs.
 *
 * Look at: the same switches as with the other queues. The order is the program's matter, not the kernel's.
 */
#include "threads.h"

enum { ITEMS = 5 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t not_empty;
	int items[ITEMS];
	int count;
} stack = {.lock = PTHREAD_MUTEX_INITIALIZER, .not_empty = PTHREAD_COND_INITIALIZER};

static void stack_put(int item)
{
	pthread_mutex_lock(&stack.lock);
	stack.items[stack.count++] = item;
	pthread_cond_signal(&stack.not_empty);
	pthread_mutex_unlock(&stack.lock);
	demo_say("put %d", item);
}

static int stack_get(void)
{
	int item;

	pthread_mutex_lock(&stack.lock);
	while (stack.count == 0)
		pthread_cond_wait(&stack.not_empty, &stack.lock);
	item = stack.items[--stack.count];
	pthread_mutex_unlock(&stack.lock);
	return item;
}

static void consume(void *argument)
{
	int *out_of_order = argument;

	for (int expected = ITEMS; expected > 0; expected--) {
		const int item = stack_get();

		demo_say("got %d", item);
		*out_of_order += item != expected;
		demo_sleep_ms(20);
	}
}

static void wait_and_see(void *argument)
{
	*(int *)argument = stack_get();
	demo_say("has waited for anything at all, got %d", *(const int *)argument);
}

int main(void)
{
	struct demo_thread early, consumer;
	int out_of_order = 0, first = 0;

	demo_begin("main", "puts 0, and when it is taken 1 to 5 before anybody takes one");
	demo_thread_begin(&early, "early", wait_and_see, &first);
	demo_sleep_ms(100);
	stack_put(0);
	demo_thread_join(&early);
	for (int item = 1; item <= ITEMS; item++)
		stack_put(item);
	demo_thread_begin(&consumer, "consumer", consume, &out_of_order);
	demo_ready();
	demo_thread_join(&consumer);
	demo_say("five items came out in reverse, %d of them not", out_of_order);
	return first == 0 ? out_of_order : 1;
}
