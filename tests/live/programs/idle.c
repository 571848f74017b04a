/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads that wait because there is nothing to do, which is no contention and no deadlock. By its argument:
 *   pool      four workers wait for work on a condition variable, get some now and then, and idle in between
 *   joiners   threads that wait for one another's end, the last of which sleeps
 *   consumer  a thread waits on a semaphore for what another produces, slowly
 *   asleep    as pool, but no work ever comes and main waits for a worker: all threads are blocked, until SIGTERM, for
 *             which there is a handler
 *   timed     all threads wait with a time limit
 * Runs for about a second and a half (asleep: until SIGTERM), and ends with 0.
 */
#include "threads.h"

#define ROUNDS 15
#define ROUND_MS 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_or_end = PTHREAD_COND_INITIALIZER;
static int work, done;
static bool ending;
static sem_t produced;

static void be_worker(struct demo_thread *self)
{
	(void)self;
	pthread_mutex_lock(&lock);
	while (!ending || work) {
		if (work) {
			work--;
			done++;
		} else {
			pthread_cond_wait(&work_or_end, &lock);
		}
	}
	pthread_mutex_unlock(&lock);
}

static void start_pool(struct demo_thread *workers, int count)
{
	for (int i = 0; i < count; i++) {
		workers[i] = (struct demo_thread){.name = "worker", .run = be_worker};
		demo_thread_start(&workers[i]);
	}
}

static int pool(void)
{
	static struct demo_thread workers[4];

	start_pool(workers, 4);
	for (int i = 0; i < ROUNDS; i++) {
		demo_sleep_ms(ROUND_MS);
		pthread_mutex_lock(&lock);
		work++;
		pthread_cond_signal(&work_or_end);
		pthread_mutex_unlock(&lock);
	}
	pthread_mutex_lock(&lock);
	ending = true;
	pthread_cond_broadcast(&work_or_end);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 4; i++)
		demo_thread_join(&workers[i]);
	return done == ROUNDS ? 0 : 1;
}

static struct demo_thread chain[4];

static void join_next(struct demo_thread *self)
{
	if (self->number == 3)
		demo_sleep_ms(ROUNDS * ROUND_MS);
	else
		demo_thread_join(&chain[self->number + 1]);
}

static int joiners(void)
{
	for (int i = 3; i >= 0; i--) {
		chain[i] = (struct demo_thread){.name = "joiner", .run = join_next, .number = i};
		demo_thread_start(&chain[i]);
	}
	demo_thread_join(&chain[0]);
	return 0;
}

static void consume(struct demo_thread *self)
{
	(void)self;
	for (int i = 0; i < ROUNDS; i++) {
		while (sem_wait(&produced) < 0)
			;
		done++;
	}
}

static int consumer(void)
{
	static struct demo_thread thread = {.name = "consumer", .run = consume};

	sem_init(&produced, 0, 0);
	demo_thread_start(&thread);
	for (int i = 0; i < ROUNDS; i++) {
		demo_sleep_ms(ROUND_MS);
		sem_post(&produced);
	}
	demo_thread_join(&thread);
	return done == ROUNDS ? 0 : 1;
}

static void end_now(int signal)
{
	(void)signal;
	_exit(0);
}

static int asleep(void)
{
	static struct demo_thread workers[4];

	signal(SIGTERM, end_now);
	start_pool(workers, 4);
	demo_thread_join(&workers[0]);
	return 1;
}

static void wait_with_limit(struct demo_thread *self)
{
	struct timespec until;

	(void)self;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2;
	sem_timedwait(&produced, &until);
}

static int timed(void)
{
	static struct demo_thread waiters[2] = {{.name = "timed", .run = wait_with_limit},
						{.name = "timed", .run = wait_with_limit}};

	sem_init(&produced, 0, 0);
	demo_thread_start(&waiters[0]);
	demo_thread_start(&waiters[1]);
	demo_thread_join(&waiters[0]);
	demo_thread_join(&waiters[1]);
	return 0;
}

static const struct way {
	const char *name;
	int (*run)(void);
} ways[] = {{"pool", pool}, {"joiners", joiners}, {"consumer", consumer}, {"asleep", asleep}, {"timed", timed}};

int main(int argument_count, char **arguments)
{
	for (const struct way *way = ways; argument_count == 2 && way < ways + sizeof ways / sizeof ways[0]; way++)
		if (!strcmp(way->name, arguments[1]))
			return way->run();
	return 2;
}
