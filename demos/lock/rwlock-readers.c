/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of lock/rwlock: three readers hold the lock at the same time, each until it has seen that the
 * others hold it too. The writer comes when they are done.
 *
 * Look at: no waits for the lock, no finding.
 */
#include "threads.h"

#define READERS 3

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static int version = 1;
static struct tokens inside, all_inside, done;
static void rewrite(struct demo_thread *self), look_up(struct demo_thread *self);

static struct demo_thread writer = {.name = "writer", .run = rewrite};
static struct demo_thread readers[READERS] = {
    {.name = "reader-1", .run = look_up},
    {.name = "reader-2", .run = look_up},
    {.name = "reader-3", .run = look_up},
};

static void look_up(struct demo_thread *self)
{
	(void)self;
	demo_check(pthread_rwlock_rdlock(&table), "pthread_rwlock_rdlock");
	tokens_give(&inside, 1);
	tokens_take(&all_inside, 1); /* never, if a reader had to wait for another */
	demo_say("reads version %d together with the others", version);
	pthread_rwlock_unlock(&table);
	tokens_give(&done, 1);
}

static void rewrite(struct demo_thread *self)
{
	(void)self;
	tokens_take(&done, READERS);
	demo_check(pthread_rwlock_wrlock(&table), "pthread_rwlock_wrlock");
	version++;
	pthread_rwlock_unlock(&table);
	demo_say("wrote version %d when they were done", version);
}

int main(void)
{
	demo_begin("main", "starts three readers and a writer of one table");
	inside = tokens_new();
	all_inside = tokens_new();
	done = tokens_new();
	for (int i = 0; i < READERS; i++)
		demo_thread_start(&readers[i]);
	demo_thread_start(&writer);
	tokens_take(&inside, READERS);
	demo_ready();
	tokens_give(&all_inside, READERS);
	for (int i = 0; i < READERS; i++)
		demo_thread_join(&readers[i]);
	demo_thread_join(&writer);
	return version == 2 ? 0 : 1;
}
