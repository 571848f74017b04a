/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The oracle for holders of locks: threads contend for four mutexes, held for 0, 5, 50 and 500 us, and each notes for
 * every acquisition when it asked, got the lock, began and ended to release it. In the end this is written to FILE:
 *
 *     {"locks": ["held_0us", ...], "tids": [TID, ...], "holds": [[THREAD, LOCK, ASKED, GOT, LEAVING, LEFT], ...]}
 *
 * Times are of CLOCK_BOOTTIME, in ns. A thread can be the holder between ASKED and LEFT, and certainly is between GOT
 * and LEAVING. Usage: lock-truth SECONDS FILE
 */
#include <stdint.h>

#include "threads.h"

#define LOCKS 4
#define EACH 4 /* threads for each lock */
#define THREADS (LOCKS * EACH)
#define HOLDS_MAX 100000

pthread_mutex_t held_0us = PTHREAD_MUTEX_INITIALIZER, held_5us = PTHREAD_MUTEX_INITIALIZER,
		held_50us = PTHREAD_MUTEX_INITIALIZER, held_500us = PTHREAD_MUTEX_INITIALIZER;

static const struct subject {
	const char *name;
	pthread_mutex_t *mutex;
	uint64_t hold_ns;
	unsigned think_us; /* at most, between two acquisitions */
} subjects[LOCKS] = {{"held_0us", &held_0us, 0, 10},
		     {"held_5us", &held_5us, 5000, 20},
		     {"held_50us", &held_50us, 50000, 200},
		     {"held_500us", &held_500us, 500000, 2000}};

struct hold {
	uint64_t asked, got, leaving, left;
};

struct record {
	struct hold *holds;
	size_t count;
};

static struct tokens go;
static uint64_t deadline;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* A wait with a time limit is another futex operation. */
static void lock_patiently(pthread_mutex_t *mutex)
{
	struct timespec later;

	clock_gettime(CLOCK_REALTIME, &later);
	later.tv_sec += 60;
	demo_check(pthread_mutex_timedlock(mutex, &later), "pthread_mutex_timedlock");
}

static void contend(struct demo_thread *self)
{
	const struct subject *subject = &subjects[self->number % LOCKS];
	struct record *record = self->data;
	unsigned seed = (unsigned)self->number + 1;

	prctl(PR_SET_TIMERSLACK, 1UL); /* think for as long as said, not 50 us longer */
	tokens_take(&go, 1);
	while (now() < deadline && record->count < HOLDS_MAX) {
		struct hold *hold = &record->holds[record->count++];

		hold->asked = now();
		if (record->count % 4)
			pthread_mutex_lock(subject->mutex);
		else
			lock_patiently(subject->mutex);
		hold->got = now();
		while (now() - hold->got < subject->hold_ns)
			;
		hold->leaving = now();
		pthread_mutex_unlock(subject->mutex);
		hold->left = now();
		usleep(rand_r(&seed) % subject->think_us);
	}
}

static void write_truth(const char *path, const struct demo_thread *threads)
{
	FILE *file = fopen(path, "we");
	const char *between = "";

	if (!file)
		demo_fail(path);
	fprintf(file, "{\"locks\": [");
	for (int i = 0; i < LOCKS; i++)
		fprintf(file, "%s\"%s\"", i ? ", " : "", subjects[i].name);
	fprintf(file, "], \"tids\": [");
	for (int i = 0; i < THREADS; i++)
		fprintf(file, "%s%d", i ? ", " : "", (int)threads[i].tid);
	fprintf(file, "], \"holds\": [\n");
	for (int i = 0; i < THREADS; i++) {
		const struct record *record = threads[i].data;

		for (const struct hold *hold = record->holds; hold < record->holds + record->count; hold++) {
			fprintf(file, "%s[%d,%d,%llu,%llu,%llu,%llu]", between, i, i % LOCKS,
				(unsigned long long)hold->asked, (unsigned long long)hold->got,
				(unsigned long long)hold->leaving, (unsigned long long)hold->left);
			between = ",\n";
		}
	}
	fprintf(file, "\n]}\n");
	if (fclose(file) != 0)
		demo_fail(path);
}

int main(int argument_count, char **arguments)
{
	static struct demo_thread threads[THREADS];
	static struct record records[THREADS];

	if (argument_count != 3)
		return 2;
	go = tokens_new();
	for (int i = 0; i < THREADS; i++) {
		records[i].holds = calloc(HOLDS_MAX, sizeof(struct hold));
		if (!records[i].holds)
			demo_fail("calloc");
		threads[i] =
		    (struct demo_thread){.name = "contender", .run = contend, .number = i, .data = &records[i]};
		demo_thread_start(&threads[i]);
	}
	deadline = now() + strtoull(arguments[1], NULL, 10) * 1000000000;
	tokens_give(&go, THREADS);
	for (int i = 0; i < THREADS; i++)
		demo_thread_join(&threads[i]);
	write_truth(arguments[2], threads);
	return 0;
}
