/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Semaphores with a last taker that only who saw it can know. `late`: `early` takes one before it says so; after a line
 * of input another one is taken by `taker`, and a thread waits for each. `signal`: three workers wait on a semaphore
 * for items that somebody else puts in, none of whom holds it. `self`: a thread takes one twice, the second time in
 * vain.
 */
#include "threads.h"

sem_t before, since, items, again;
static struct demo_thread early, taker, waiters[2];
static struct tokens has_it, let_go;

static void hold(struct demo_thread *self)
{
	sem_wait(self->data);
	tokens_give(&has_it, 1);
	tokens_take(&let_go, 1);
	sem_post(self->data);
	pause(); /* both stay until the end */
}

static void wait_for(struct demo_thread *self)
{
	atomic_store(&self->asking, 1);
	sem_wait(self->data);
	sem_post(self->data);
}

static void start(struct demo_thread *thread, const char *name, void (*run)(struct demo_thread *self), sem_t *data)
{
	*thread = (struct demo_thread){.name = name, .run = run, .data = data};
	demo_thread_start(thread);
}

static void be_late(void)
{
	char line[8];

	sem_init(&before, 0, 1);
	sem_init(&since, 0, 1);
	start(&early, "early", hold, &before);
	tokens_take(&has_it, 1);
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return;
	start(&taker, "taker", hold, &since);
	tokens_take(&has_it, 1);
	start(&waiters[0], "waiter", wait_for, &before);
	start(&waiters[1], "waiter", wait_for, &since);
	for (int i = 0; i < 2; i++)
		demo_await_asleep(waiters[i].tid, &waiters[i].asking);
	demo_sleep_ms(50);
	tokens_give(&let_go, 2);
	for (int i = 0; i < 2; i++)
		demo_thread_join(&waiters[i]);
}

static void work(struct demo_thread *self)
{
	(void)self;
	for (int i = 0; i < 20; i++)
		sem_wait(&items);
}

static void signal_work(void)
{
	struct demo_thread workers[3];

	sem_init(&items, 0, 0);
	for (int i = 0; i < 3; i++)
		start(&workers[i], "worker", work, NULL);
	for (int i = 0; i < 60; i++) {
		sem_post(&items);
		usleep(3000);
	}
	for (int i = 0; i < 3; i++)
		demo_thread_join(&workers[i]);
}

static void take_twice(struct demo_thread *self)
{
	(void)self;
	sem_wait(&again);
	sem_wait(&again);
}

static void be_stuck(void)
{
	struct demo_thread twice;

	sem_init(&again, 0, 1);
	start(&twice, "twice", take_twice, NULL);
	demo_sleep_ms(2000);
	sem_post(&again);
	demo_thread_join(&twice);
}

int main(int argument_count, char **arguments)
{
	if (argument_count != 2)
		return 2;
	has_it = tokens_new();
	let_go = tokens_new();
	if (!strcmp(arguments[1], "late"))
		be_late();
	else if (!strcmp(arguments[1], "signal"))
		signal_work();
	else
		be_stuck();
	return 0;
}
