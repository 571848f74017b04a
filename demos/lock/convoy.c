/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A lock convoy: each of four threads needs the journal's lock for each record it writes, holds it while the record
 * goes to disk, and has little else to do. No single wait is long, but whoever comes finds a queue: the threads
 * march one behind the other, as if there were but one of them.
 *
 * Look at: the lock `journal`: many waits, each short, a large sum; every thread is among holders and waiters. The
 * twin, with a journal for each thread, is lock/own-journals.
 */
#include "threads.h"

#define WRITERS 4
#define RECORDS 25

static pthread_mutex_t journal = PTHREAD_MUTEX_INITIALIZER;
static int records;
static struct tokens start;
static void work(struct demo_thread *self);

static struct demo_thread writers[WRITERS] = {
    {.name = "writer-1", .run = work},
    {.name = "writer-2", .run = work},
    {.name = "writer-3", .run = work},
    {.name = "writer-4", .run = work},
};

__attribute__((noinline)) static void write_record(struct demo_thread *self)
{
	demo_lock(&journal, &self->asking);
	records++;
	demo_sleep_ms(1); /* the disk */
	pthread_mutex_unlock(&journal);
}

static void work(struct demo_thread *self)
{
	tokens_take(&start, 1);
	for (int i = 0; i < RECORDS; i++) {
		write_record(self);
		usleep(100); /* what is left of work to do without the lock */
	}
}

int main(void)
{
	struct timespec began;

	demo_begin("main", "starts four writers of 25 records each, 1 ms a record, one journal");
	start = tokens_new();
	for (int i = 0; i < WRITERS; i++)
		demo_thread_start(&writers[i]);
	clock_gettime(CLOCK_MONOTONIC, &began);
	tokens_give(&start, WRITERS);
	demo_ready();
	for (int i = 0; i < WRITERS; i++)
		demo_thread_join(&writers[i]);
	demo_say("%d records took %ld ms: four threads were no faster than one", records, demo_ms_since(&began));
	return records == WRITERS * RECORDS ? 0 : 1;
}
