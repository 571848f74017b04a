/* SPDX-License-Identifier: BSD-2-Clause
 *
 * map gives results in the order of what was asked, not in the order in which they are finished. Four workers square
 * eight numbers; the first number takes longest: its worker is held until all others are done. Each result goes to its
 * place by index, and the reader of the results waits for the next in order, even if later ones are there.
 *
 * Look at: the first worker, asleep until the end; the others did the rest meanwhile.
 */
#include "threads.h"

enum { WORKERS = 4, NUMBERS = 8 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int next;           /* to be taken */
	int finished;       /* so many */
	int order[NUMBERS]; /* indices as they were finished */
	bool ready[NUMBERS];
	int results[NUMBERS];
} map = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void finish(int index, int result)
{
	pthread_mutex_lock(&map.lock);
	while (index == 0 && map.finished < NUMBERS - 1) /* the task that takes longest */
		pthread_cond_wait(&map.changed, &map.lock);
	map.results[index] = result;
	map.ready[index] = true;
	map.order[map.finished++] = index;
	pthread_cond_broadcast(&map.changed);
	pthread_mutex_unlock(&map.lock);
}

static void work(void *argument)
{
	int index;

	(void)argument;
	for (;;) {
		pthread_mutex_lock(&map.lock);
		index = map.next++;
		pthread_mutex_unlock(&map.lock);
		if (index >= NUMBERS)
			return;
		demo_sleep_ms(20);
		demo_say("has squared %d", index);
		finish(index, index * index);
	}
}

static int next_result(int index)
{
	int result;

	pthread_mutex_lock(&map.lock);
	while (!map.ready[index])
		pthread_cond_wait(&map.changed, &map.lock);
	result = map.results[index];
	pthread_mutex_unlock(&map.lock);
	return result;
}

int main(void)
{
	static const char *const names[WORKERS] = {"worker-1", "worker-2", "worker-3", "worker-4"};
	struct demo_thread workers[WORKERS];
	int wrong = 0;

	demo_begin("main", "maps square over 0 to 7, with four workers");
	for (int i = 0; i < WORKERS; i++)
		demo_thread_begin(&workers[i], names[i], work, NULL);
	demo_ready();
	for (int i = 0; i < NUMBERS; i++) {
		const int result = next_result(i);

		demo_say("result %d: %d", i, result);
		wrong += result != i * i;
	}
	for (int i = 0; i < WORKERS; i++)
		demo_thread_join(&workers[i]);
	demo_say("finished first: %d, last: %d; handed out first: 0", map.order[0], map.order[NUMBERS - 1]);
	return wrong == 0 && map.order[0] != 0 && map.order[NUMBERS - 1] == 0 ? 0 : 1;
}
