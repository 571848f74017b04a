/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A pool whose results are handed to callbacks. The task runs in a worker process, the callback in the parent, in the
 * thread that collects results: so it sees the parent's variables, which a worker could never change. A task that fails
 * sends its error instead, and the error callback is called.
 *
 * Look at: workers that only compute; a parent with a second thread that sleeps in read between results.
 */
#include "threads.h"

enum { WORKERS = 2, TASKS = 6, BAD_TASK = 4 };

struct result {
	int task, value, error;
	pid_t worker;
};

static struct channel results;
static int sum, errors; /* the parent's: changed by callbacks only */

static void on_result(const struct result *result)
{
	sum += result->value;
	demo_say("callback in process %d: task %d gave %d (computed by %d)", (int)getpid(), result->task, result->value,
		 (int)result->worker);
}

static void on_error(const struct result *result)
{
	errors++;
	demo_say("error callback in process %d: task %d failed: %s", (int)getpid(), result->task,
		 strerror(result->error));
}

static void collect(void *argument)
{
	struct result result;

	(void)argument;
	for (int i = 0; i < TASKS; i++) {
		if (read(results.in, &result, sizeof result) != (ssize_t)sizeof result)
			demo_fail("read a result");
		if (result.error)
			on_error(&result);
		else
			on_result(&result);
	}
}

static void work(struct channel *tasks)
{
	int task;

	while ((task = channel_hear(tasks)) >= 0) {
		struct result result = {.task = task, .worker = getpid()};

		demo_sleep_ms(20);
		sum += 1000; /* to no effect: this is a worker's own copy */
		if (task == BAD_TASK)
			result.error = EDOM;
		else
			result.value = 10 * task;
		if (write(results.out, &result, sizeof result) != (ssize_t)sizeof result)
			_exit(1);
	}
	_exit(0);
}

int main(void)
{
	struct channel tasks = channel_new();
	struct demo_thread collector;
	int failed = 0;

	demo_begin("pool", "two workers compute, callbacks in the parent take the results");
	results = channel_new();
	for (int i = 0; i < WORKERS; i++)
		if (demo_fork(i ? "worker-2" : "worker-1") == 0)
			work(&tasks);
	demo_thread_begin(&collector, "collector", collect, NULL);
	demo_ready();
	for (int task = 1; task <= TASKS; task++)
		channel_tell(&tasks, task);
	close(tasks.out);
	demo_thread_join(&collector);
	for (int status; wait(&status) > 0;)
		failed += status != 0;
	demo_say("the parent's sum is %d, with %d error", sum, errors);
	return !failed && sum == 170 && errors == 1 ? 0 : 1;
}
