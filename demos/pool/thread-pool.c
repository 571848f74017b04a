/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A pool of three threads, and twelve tasks that mostly wait (for a disk, a network; here they sleep). Tasks are
 * functions with an argument in a list; idle threads sleep on a condition variable. Shutting down says "no more", and
 * joins the threads when the list is empty.
 *
 * Look at: three threads, no more, though there are twelve tasks; asleep in futex when idle.
 */
#include "threads.h"

enum { THREADS = 3, TASKS = 12 };

struct task {
	void (*function)(int *argument);
	int *argument;
	struct task *next;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct task *first, **last;
	bool closed;
	struct demo_thread threads[THREADS];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = &pool.first};

static atomic_int at_once, most_at_once;

static struct task *take(void)
{
	struct task *task;

	pthread_mutex_lock(&pool.lock);
	while (!pool.first && !pool.closed)
		pthread_cond_wait(&pool.changed, &pool.lock);
	task = pool.first;
	if (task && !(pool.first = task->next))
		pool.last = &pool.first;
	pthread_mutex_unlock(&pool.lock);
	return task;
}

static void work(void *argument)
{
	struct task *task;
	int done = 0;

	(void)argument;
	for (; (task = take()); done++)
		task->function(task->argument);
	demo_say("has done %d tasks, ends", done);
}

static void submit(struct task *task)
{
	pthread_mutex_lock(&pool.lock);
	*pool.last = task;
	pool.last = &task->next;
	pthread_cond_signal(&pool.changed);
	pthread_mutex_unlock(&pool.lock);
}

static void shut_down(void)
{
	pthread_mutex_lock(&pool.lock);
	pool.closed = true;
	pthread_cond_broadcast(&pool.changed);
	pthread_mutex_unlock(&pool.lock);
	for (int i = 0; i < THREADS; i++)
		demo_thread_join(&pool.threads[i]);
}

static void wait_and_double(int *number)
{
	const int now = atomic_fetch_add(&at_once, 1) + 1;

	if (now > atomic_load(&most_at_once))
		atomic_store(&most_at_once, now);
	demo_sleep_ms(30);
	*number *= 2;
	atomic_fetch_sub(&at_once, 1);
}

int main(void)
{
	static const char *const names[THREADS] = {"worker-1", "worker-2", "worker-3"};
	struct task tasks[TASKS];
	int numbers[TASKS], wrong = 0;

	demo_begin("main", "three threads do twelve tasks that take 30 ms of waiting each");
	for (int i = 0; i < THREADS; i++)
		demo_thread_begin(&pool.threads[i], names[i], work, NULL);
	demo_ready();
	demo_sleep_ms(100);
	for (int i = 0; i < TASKS; i++) {
		numbers[i] = i;
		tasks[i] = (struct task){wait_and_double, &numbers[i], NULL};
		submit(&tasks[i]);
	}
	shut_down();
	for (int i = 0; i < TASKS; i++)
		wrong += numbers[i] != 2 * i;
	demo_say("all are done, at most %d at the same time", atomic_load(&most_at_once));
	return wrong || atomic_load(&most_at_once) > THREADS;
}
