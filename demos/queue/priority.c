/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A priority queue between threads: the most urgent item first, whatever the order of arrival; equals in the order in
 * which they came, for which each item carries a number. A binary heap: an item is never more urgent than its parent at
 * half its index.
 *
 * Look at: again the same to the kernel: one thread works, and nobody contends.
 */
#include "threads.h"

enum { ITEMS_MAX = 16 };

struct item {
	int priority; /* lower is more urgent */
	unsigned number;
	const char *job;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t not_empty;
	struct item heap[ITEMS_MAX + 1]; /* from 1 */
	unsigned count, numbers;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .not_empty = PTHREAD_COND_INITIALIZER};

static bool before(const struct item *a, const struct item *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->number < b->number;
}

static void queue_put(int priority, const char *job)
{
	struct item item = {priority, 0, job};
	unsigned at;

	pthread_mutex_lock(&queue.lock);
	item.number = queue.numbers++;
	for (at = ++queue.count; at > 1 && before(&item, &queue.heap[at / 2]); at /= 2)
		queue.heap[at] = queue.heap[at / 2];
	queue.heap[at] = item;
	pthread_cond_signal(&queue.not_empty);
	pthread_mutex_unlock(&queue.lock);
	demo_say("put: priority %d, %s", priority, job);
}

static struct item queue_get(void)
{
	struct item first, last;
	unsigned at = 1, child;

	pthread_mutex_lock(&queue.lock);
	while (queue.count == 0)
		pthread_cond_wait(&queue.not_empty, &queue.lock);
	first = queue.heap[1];
	last = queue.heap[queue.count--];
	for (; (child = 2 * at) <= queue.count; at = child) {
		child += child < queue.count && before(&queue.heap[child + 1], &queue.heap[child]);
		if (!before(&queue.heap[child], &last))
			break;
		queue.heap[at] = queue.heap[child];
	}
	queue.heap[at] = last;
	pthread_mutex_unlock(&queue.lock);
	return first;
}

static void work(void *argument)
{
	int *wrong = argument;
	struct item last = queue_get(), next;

	for (demo_say("does: priority %d, %s", last.priority, last.job); last.priority != 9; last = next) {
		next = queue_get();
		*wrong += before(&next, &last);
		demo_say("does: priority %d, %s", next.priority, next.job);
		demo_sleep_ms(10);
	}
}

int main(void)
{
	struct demo_thread worker;
	int wrong = 0;

	demo_begin("main", "puts jobs in the order of their coming; the worker does the urgent ones first");
	queue_put(5, "write the report");
	queue_put(9, "go home");
	queue_put(1, "put out the fire");
	queue_put(5, "send the report");
	queue_put(3, "answer the phone");
	queue_put(1, "save the cat");
	demo_thread_begin(&worker, "worker", work, &wrong);
	demo_ready();
	demo_thread_join(&worker);
	demo_say("%d jobs were done too late", wrong);
	return wrong;
}
