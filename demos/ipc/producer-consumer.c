/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Three producers and two consumers share one queue: a pipe, whose small records are written and read as wholes. How do
 * the consumers learn that nothing more will come? When the producers are done, the parent puts one sentinel for each
 * consumer, behind all items; who takes a sentinel, ends.
 *
 * Look at: consumers that sleep in read while there is nothing; all five collected by the parent.
 */
#include "demo.h"

enum { PRODUCERS = 3, CONSUMERS = 2, ITEMS = 50, SENTINEL = -1 };

struct total {
	int count, sum;
};

static void produce(const struct channel *queue, int number)
{
	for (int i = 0; i < ITEMS; i++) {
		channel_tell(queue, number * ITEMS + i);
		demo_sleep_ms(2);
	}
	demo_say("has put %d items", ITEMS);
	_exit(0);
}

static void consume(const struct channel *queue, const struct channel *totals)
{
	struct total mine = {0};
	int item;

	while (read(queue->in, &item, sizeof item) == (ssize_t)sizeof item && item != SENTINEL) {
		mine.count++;
		mine.sum += item;
	}
	demo_say("met a sentinel after %d items", mine.count);
	_exit(write(totals->out, &mine, sizeof mine) == (ssize_t)sizeof mine ? 0 : 1);
}

int main(void)
{
	static const char *const names[] = {"producer-1", "producer-2", "producer-3", "consumer-1", "consumer-2"};
	struct channel queue = channel_new(), totals = channel_new();
	struct total all = {0}, one;
	pid_t pids[PRODUCERS + CONSUMERS];
	int expected = PRODUCERS * ITEMS * (PRODUCERS * ITEMS - 1) / 2;

	demo_begin("parent", "three producers put 50 items each, two consumers take them");
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
		pids[i] = demo_fork(names[i]);
		if (pids[i])
			continue;
		if (i < PRODUCERS)
			produce(&queue, i);
		consume(&queue, &totals);
	}
	demo_ready();
	for (int i = 0; i < PRODUCERS; i++)
		demo_reap(pids[i]);
	demo_say("all producers have ended: puts %d sentinels", CONSUMERS);
	for (int i = 0; i < CONSUMERS; i++)
		channel_tell(&queue, SENTINEL);
	for (int i = 0; i < CONSUMERS; i++) {
		if (read(totals.in, &one, sizeof one) != (ssize_t)sizeof one || demo_reap(pids[PRODUCERS + i]))
			return 1;
		all.count += one.count;
		all.sum += one.sum;
	}
	demo_say("consumed %d items, sum %d; expected %d and %d", all.count, all.sum, PRODUCERS * ITEMS, expected);
	return all.count == PRODUCERS * ITEMS && all.sum == expected ? 0 : 1;
}
