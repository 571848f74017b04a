/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of lock/convoy: each writer has a journal, and a lock, of its own (a counter, a free list, a
 * queue can often be divided like this). Somebody who reads all of them takes one lock after the other, which here
 * happens at the end.
 *
 * Look at: no waits for locks, and no finding.
 */
#include "threads.h"

#define WRITERS 4
#define RECORDS 25

static struct journal {
	pthread_mutex_t lock;
	int records;
} __attribute__((aligned(64))) journals[WRITERS] = {
    /* a cache line each, or they would disturb one another there */
    {.lock = PTHREAD_MUTEX_INITIALIZER},
    {.lock = PTHREAD_MUTEX_INITIALIZER},
    {.lock = PTHREAD_MUTEX_INITIALIZER},
    {.lock = PTHREAD_MUTEX_INITIALIZER},
};
static struct tokens start;
static void work(struct demo_thread *self);

static struct demo_thread writers[WRITERS] = {
    {.name = "writer-1", .run = work, .number = 0},
    {.name = "writer-2", .run = work, .number = 1},
    {.name = "writer-3", .run = work, .number = 2},
    {.name = "writer-4", .run = work, .number = 3},
};

static void work(struct demo_thread *self)
{
	struct journal *mine = &journals[self->number];

	tokens_take(&start, 1);
	for (int i = 0; i < RECORDS; i++) {
		demo_lock(&mine->lock, &self->asking);
		mine->records++;
		demo_sleep_ms(1); /* the disk */
		pthread_mutex_unlock(&mine->lock);
		usleep(100);
	}
}

int main(void)
{
	struct timespec began;
	int records = 0;

	demo_begin("main", "starts four writers of 25 records each, 1 ms a record, a journal each");
	start = tokens_new();
	for (int i = 0; i < WRITERS; i++)
		demo_thread_start(&writers[i]);
	clock_gettime(CLOCK_MONOTONIC, &began);
	tokens_give(&start, WRITERS);
	demo_ready();
	for (int i = 0; i < WRITERS; i++) {
		demo_thread_join(&writers[i]);
		records += journals[i].records;
	}
	demo_say("%d records took %ld ms: all wrote at the same time", records, demo_ms_since(&began));
	return records == WRITERS * RECORDS ? 0 : 1;
}
