/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A queue that can be joined counts unfinished tasks: put adds one, task_done takes one away, and join waits until
 * none is left: until all work is done, not only taken. The consumers are daemons in Python's sense: they loop for
 * ever, and are to end with the main process. Here the kernel sees to that (prctl(PR_SET_PDEATHSIG)).
 *
 * Look at: both consumers, ended by SIGTERM at the moment of main's end.
 */
#include <semaphore.h>
#include <stdatomic.h>

#include "share.h"

enum { CONSUMERS = 2, TASKS = 10 };

static struct {
	atomic_int unfinished;
	sem_t all_done;
} * shared;

static void put(const struct channel *queue, int task)
{
	atomic_fetch_add(&shared->unfinished, 1);
	channel_tell(queue, task);
}

static void task_done(void)
{
	if (atomic_fetch_sub(&shared->unfinished, 1) == 1)
		sem_post(&shared->all_done);
}

static void consume(const struct channel *queue, pid_t main_pid)
{
	int task;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != main_pid)
		_exit(1);
	while (read(queue->in, &task, sizeof task) == (ssize_t)sizeof task) {
		demo_sleep_ms(10); /* the work */
		demo_say("has done task %d", task);
		task_done();
	}
	_exit(1); /* not reached: its own copy of the far end is open */
}

static void be_main(const struct channel *queue)
{
	const pid_t main_pid = getpid();

	sem_init(&shared->all_done, 1, 0);
	atomic_fetch_add(&shared->unfinished, 1); /* so that it does not reach 0 before all are put */
	for (int i = 0; i < CONSUMERS; i++)
		if (demo_fork(i ? "consumer-2" : "consumer-1") == 0)
			consume(queue, main_pid);
	for (int task = 1; task <= TASKS; task++)
		put(queue, task);
	task_done();
	demo_say("has put %d tasks, joins the queue", TASKS);
	demo_ready();
	while (sem_wait(&shared->all_done) < 0)
		;
	demo_say("all tasks are done: ends, and leaves the consumers waiting for more");
	_exit(0);
}

int main(void)
{
	struct channel queue = channel_new();
	int killed = 0, status;
	pid_t main_pid;

	demo_begin("starter", "starts main, whose two consumers shall not outlive it");
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that we see how the consumers end */
	shared = demo_share(sizeof *shared);
	main_pid = demo_fork("main");
	if (main_pid == 0)
		be_main(&queue);
	demo_reap(main_pid);
	while (wait(&status) > 0)
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
	demo_say("%d consumers have been ended with it; %d tasks are unfinished", killed,
		 atomic_load(&shared->unfinished));
	return killed == CONSUMERS && atomic_load(&shared->unfinished) == 0 ? 0 : 1;
}
