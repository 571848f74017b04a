/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Hangs for good, in the way its argument names, and says `ready PID` when it does:
 *   abba        two threads, two mutexes, opposite order
 *   self        a thread that takes its own mutex
 *   chain       no deadlock: third waits for second, which waits for first, which sleeps
 *   semaphores  as abba, with semaphores: no holder can be read
 *   many N      N threads wait for a mutex that main holds
 * Names: the mutexes `lock_a`, `lock_b`; the threads `first`, `second`, `third`. Ends when its standard input does.
 */
#include "threads.h"

pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER, lock_b = PTHREAD_MUTEX_INITIALIZER;
sem_t semaphore_a, semaphore_b;

static struct tokens have_first, go_on;

static void meet(void)
{
	tokens_give(&have_first, 1);
	tokens_take(&go_on, 1);
}

static void take_both(struct demo_thread *self, pthread_mutex_t *one, pthread_mutex_t *other)
{
	demo_lock(one, &self->asking);
	meet();
	demo_lock(other, &self->asking);
}

static void a_then_b(struct demo_thread *self)
{
	take_both(self, &lock_a, &lock_b);
}

static void b_then_a(struct demo_thread *self)
{
	take_both(self, &lock_b, &lock_a);
}

static void a_twice(struct demo_thread *self)
{
	take_both(self, &lock_a, &lock_a);
}

static void a_and_sleep(struct demo_thread *self)
{
	demo_lock(&lock_a, &self->asking);
	meet();
	atomic_store(&self->asking, 1);
	for (;;)
		pause();
}

static void only_b(struct demo_thread *self)
{
	meet();
	demo_lock(&lock_b, &self->asking);
}

static void only_a(struct demo_thread *self)
{
	meet();
	demo_lock(&lock_a, &self->asking);
}

static void take_semaphores(struct demo_thread *self, sem_t *one, sem_t *other)
{
	sem_wait(one);
	meet();
	atomic_store(&self->asking, 1);
	sem_wait(other);
}

static void semaphore_a_then_b(struct demo_thread *self)
{
	take_semaphores(self, &semaphore_a, &semaphore_b);
}

static void semaphore_b_then_a(struct demo_thread *self)
{
	take_semaphores(self, &semaphore_b, &semaphore_a);
}

static const struct way {
	const char *name;
	void (*runs[3])(struct demo_thread *self);
} ways[] = {{"abba", {a_then_b, b_then_a}},
	    {"self", {a_twice}},
	    {"chain", {a_and_sleep, b_then_a, only_b}},
	    {"semaphores", {semaphore_a_then_b, semaphore_b_then_a}}};

static const struct way *find(const char *name)
{
	for (const struct way *way = ways; way < ways + sizeof ways / sizeof ways[0]; way++)
		if (!strcmp(way->name, name))
			return way;
	_exit(2);
}

static void start(const char *name, void (*run)(struct demo_thread *self), struct demo_thread *thread)
{
	*thread = (struct demo_thread){.name = name, .run = run};
	demo_thread_start(thread);
}

/* Main is no thread that could end the hang: it waits for input, in semaphores' case for a thread that never ends. */
static void stay(pthread_t joined, bool join)
{
	char byte;

	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	if (join)
		pthread_join(joined, NULL);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}

static void hang_many(int count)
{
	struct demo_thread *threads = calloc((size_t)count, sizeof *threads);

	if (!threads)
		demo_fail("calloc");
	pthread_mutex_lock(&lock_a);
	tokens_give(&go_on, count);
	for (int i = 0; i < count; i++)
		start("waiter", only_a, &threads[i]);
	for (int i = 0; i < count; i++)
		demo_await_asleep(threads[i].tid, &threads[i].asking);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it stays */
	stay(threads[0].thread, false);
}

int main(int argument_count, char **arguments)
{
	static const char *const names[3] = {"first", "second", "third"};
	static struct demo_thread threads[3];
	const struct way *way;
	int count = 0;

	if (argument_count < 2)
		return 2;
	have_first = tokens_new();
	go_on = tokens_new();
	if (!strcmp(arguments[1], "many") && argument_count == 3)
		hang_many(atoi(arguments[2]));
	sem_init(&semaphore_a, 0, 1);
	sem_init(&semaphore_b, 0, 1);
	way = find(arguments[1]);
	for (; count < 3 && way->runs[count]; count++) {
		start(names[count], way->runs[count], &threads[count]);
		tokens_take(&have_first, 1);
	}
	tokens_give(&go_on, count);
	for (int i = 0; i < count; i++)
		demo_await_asleep(threads[i].tid, &threads[i].asking);
	stay(threads[0].thread, !strcmp(way->name, "semaphores"));
}
