/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads that wait for each other in the ways of pthreads, to be built with several C libraries: crowd WAY.
 */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t hot = PTHREAD_MUTEX_INITIALIZER, one = PTHREAD_MUTEX_INITIALIZER,
		       other = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t shelf = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int jobs, over;

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void *contend(void *number)
{
	for (int i = 0; i < 60; i++) {
		pthread_mutex_lock(&hot);
		sleep_ms(1);
		pthread_mutex_unlock(&hot);
	}
	return number;
}

static void *read_or_write(void *number)
{
	for (int i = 0; i < 60; i++) {
		if (*(int *)number % 2)
			pthread_rwlock_rdlock(&shelf);
		else
			pthread_rwlock_wrlock(&shelf);
		sleep_ms(1);
		pthread_rwlock_unlock(&shelf);
	}
	return number;
}

static void *meet(void *number)
{
	for (int i = 0; i < 20; i++) {
		sleep_ms(*(int *)number * 3L);
		pthread_barrier_wait(&barrier);
	}
	return number;
}

static void *work(void *number)
{
	pthread_mutex_lock(&hot);
	while (!over) {
		while (!jobs && !over)
			pthread_cond_wait(&turn, &hot);
		jobs -= jobs > 0;
	}
	pthread_mutex_unlock(&hot);
	return number;
}

static void *give_work(void *number)
{
	for (int i = 0; i < 100; i++) {
		sleep_ms(8);
		pthread_mutex_lock(&hot);
		jobs++;
		over = i == 99;
		if (over)
			pthread_cond_broadcast(&turn);
		else
			pthread_cond_signal(&turn);
		pthread_mutex_unlock(&hot);
	}
	return number;
}

static void *work_or_give(void *number)
{
	return *(int *)number ? work(number) : give_work(number);
}

static void *take_both(void *number)
{
	pthread_mutex_t *first = *(int *)number ? &one : &other, *second = *(int *)number ? &other : &one;

	pthread_mutex_lock(first);
	sleep_ms(100);
	pthread_mutex_lock(second);
	return number;
}

static const struct {
	const char *name;
	void *(*run)(void *number);
	int threads;
} ways[] = {{"mutex", contend, 4},     {"rwlock", read_or_write, 4}, {"barrier", meet, 3},
	    {"idle", work_or_give, 4}, {"abba", take_both, 2},       {NULL, NULL, 0}};

int main(int count, char **arguments)
{
	static int numbers[] = {0, 1, 2, 3};
	pthread_t threads[4];
	int way = 0;

	while (ways[way].name && (count != 2 || strcmp(ways[way].name, arguments[1]) != 0))
		way++;
	if (!ways[way].name)
		return 2;
	pthread_barrier_init(&barrier, NULL, 3);
	for (int i = 0; i < ways[way].threads; i++)
		pthread_create(&threads[i], NULL, ways[way].run, &numbers[i]);
	for (int i = 0; i < ways[way].threads; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
