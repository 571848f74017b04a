/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A pool of four worker processes and 19 tasks. Submitting writes a task into a pipe that all workers read from: who is
 * free takes the next one. Closing the pool closes the pipe: each worker finishes what it has, finds the end of the
 * pipe, and ends. Joining waits for all four. The order is close, then join: the other way round would wait for ever.
 *
 * Look at: four children for 19 tasks, asleep in read while there is nothing to do, all collected.
 */
#include "demo.h"

enum { WORKERS = 4, TASKS = 19 };

struct result {
	int task, square;
	pid_t worker;
};

static void work(struct channel *tasks, const struct channel *results)
{
	int task;

	while ((task = channel_hear(tasks)) >= 0) { /* -1: closed */
		struct result result = {.task = task, .square = task * task, .worker = getpid()};

		demo_sleep_ms(20);
		if (write(results->out, &result, sizeof result) != (ssize_t)sizeof result)
			_exit(1);
	}
	demo_say("the pool is closed: ends");
	_exit(0);
}

int main(void)
{
	static const char *const names[WORKERS] = {"worker-1", "worker-2", "worker-3", "worker-4"};
	struct channel tasks = channel_new(), results = channel_new();
	struct result result;
	int wrong = 0, sum = 0, per_worker[WORKERS] = {0};
	pid_t pids[WORKERS];

	demo_begin("pool", "four workers share 19 tasks");
	for (int i = 0; i < WORKERS; i++)
		if ((pids[i] = demo_fork(names[i])) == 0)
			work(&tasks, &results);
	demo_ready();
	for (int task = 0; task < TASKS; task++)
		channel_tell(&tasks, task);
	demo_say("has submitted %d tasks, closes the pool", TASKS);
	close(tasks.out);
	for (int i = 0; i < TASKS; i++) {
		if (read(results.in, &result, sizeof result) != (ssize_t)sizeof result)
			demo_fail("read a result");
		wrong += result.square != result.task * result.task;
		sum += result.square;
		for (int w = 0; w < WORKERS; w++)
			per_worker[w] += pids[w] == result.worker;
	}
	for (int i = 0; i < WORKERS; i++)
		wrong += demo_reap(pids[i]) != 0;
	demo_say("joined: sum of the squares %d; the workers did %d, %d, %d and %d tasks", sum, per_worker[0],
		 per_worker[1], per_worker[2], per_worker[3]);
	return wrong == 0 && sum == (TASKS - 1) * TASKS * (2 * TASKS - 1) / 6 ? 0 : 1;
}
