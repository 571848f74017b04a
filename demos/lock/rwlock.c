/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A lock that many may hold to read, or one to write. The writer takes its time, and three readers wait. For a
 * writer glibc notes the thread id beside the lock; of readers it only counts how many there are, so that nobody
 * can tell who they are.
 *
 * Look at: kind rwlock, its holder `writer`. The twin, with readers alone, is lock/rwlock-readers.
 */
#include "threads.h"

#define READERS 3
#define WRITE_MS 300

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static int version = 1;
static struct tokens held;
static void rewrite(struct demo_thread *self), look_up(struct demo_thread *self);

static struct demo_thread writer = {.name = "writer", .run = rewrite};
static struct demo_thread readers[READERS] = {
    {.name = "reader-1", .run = look_up},
    {.name = "reader-2", .run = look_up},
    {.name = "reader-3", .run = look_up},
};

static void rewrite(struct demo_thread *self)
{
	(void)self;
	demo_check(pthread_rwlock_wrlock(&table), "pthread_rwlock_wrlock");
	demo_say("has the lock to write, and rewrites the table");
	tokens_give(&held, READERS);
	for (int i = 0; i < READERS; i++)
		demo_await_asleep(readers[i].tid, &readers[i].asking);
	demo_ready();
	demo_sleep_ms(WRITE_MS);
	version++;
	demo_say("is done");
	pthread_rwlock_unlock(&table);
}

__attribute__((noinline)) static void look_up(struct demo_thread *self)
{
	struct timespec start;

	tokens_take(&held, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	atomic_store(&self->asking, 1);
	demo_check(pthread_rwlock_rdlock(&table), "pthread_rwlock_rdlock");
	atomic_store(&self->asking, 0);
	demo_say("could read version %d after %ld ms", version, demo_ms_since(&start));
	pthread_rwlock_unlock(&table);
}

int main(void)
{
	demo_begin("main", "starts a writer and three readers of one table");
	held = tokens_new();
	for (int i = 0; i < READERS; i++)
		demo_thread_start(&readers[i]);
	demo_thread_start(&writer);
	demo_thread_join(&writer);
	for (int i = 0; i < READERS; i++)
		demo_thread_join(&readers[i]);
	return 0;
}
