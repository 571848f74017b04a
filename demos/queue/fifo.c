/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A queue between threads, first in first out, with three places: a ring, a mutex, and two condition variables, one for
 * "no longer full" and one for "no longer empty". The producer is quick, the consumer slow: after three items the
 * producer can only put as fast as the consumer takes.
 *
 * Look at: the producer, asleep in futex most of the time; the consumer, asleep in its work.
 */
#include "threads.h"

enum { PLACES = 3, ITEMS = 10 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t not_full, not_empty;
	int ring[PLACES];
	unsigned put, got; /* so many ever; the places in use are put - got */
} queue = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .not_full = PTHREAD_COND_INITIALIZER, .not_empty = PTHREAD_COND_INITIALIZER};

static void queue_put(int item)
{
	pthread_mutex_lock(&queue.lock);
	while (queue.put - queue.got == PLACES)
		pthread_cond_wait(&queue.not_full, &queue.lock);
	queue.ring[queue.put++ % PLACES] = item;
	pthread_cond_signal(&queue.not_empty);
	pthread_mutex_unlock(&queue.lock);
}

static int queue_get(void)
{
	int item;

	pthread_mutex_lock(&queue.lock);
	while (queue.put == queue.got)
		pthread_cond_wait(&queue.not_empty, &queue.lock);
	item = queue.ring[queue.got++ % PLACES];
	pthread_cond_signal(&queue.not_full);
	pthread_mutex_unlock(&queue.lock);
	return item;
}

static void produce(void *argument)
{
	(void)argument;
	for (int item = 1; item <= ITEMS; item++) {
		queue_put(item);
		demo_say("put %d", item);
	}
}

static void consume(void *argument)
{
	int *out_of_order = argument;

	for (int expected = 1; expected <= ITEMS; expected++) {
		const int item = queue_get();

		*out_of_order += item != expected;
		demo_say("got %d", item);
		demo_sleep_ms(50);
	}
}

int main(void)
{
	struct demo_thread producer, consumer;
	int out_of_order = 0;

	demo_begin("main", "a quick producer and a slow consumer share a queue with three places");
	demo_thread_begin(&producer, "producer", produce, NULL);
	demo_thread_begin(&consumer, "consumer", consume, &out_of_order);
	demo_ready();
	demo_thread_join(&producer);
	demo_thread_join(&consumer);
	demo_say("ten items went through, %d of them out of order", out_of_order);
	return out_of_order;
}
