/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of lock/pi: the holder of the priority-inheriting mutex does the long part before it takes the
 * lock, and tells the other when it is done. Nobody waits for the lock.
 *
 * Look at: the same two threads, no wait for a lock, no finding.
 */
#include "threads.h"

#define WORK_MS 300

static pthread_mutex_t bus;
static struct tokens used;
static void hold_bus(struct demo_thread *self), want_bus(struct demo_thread *self);

static struct demo_thread low = {.name = "low", .run = hold_bus};
static struct demo_thread high = {.name = "high", .run = want_bus};

static void hold_bus(struct demo_thread *self)
{
	demo_sleep_ms(WORK_MS);
	demo_lock(&bus, &self->asking);
	demo_say("has the bus for a moment");
	pthread_mutex_unlock(&bus);
	tokens_give(&used, 1);
}

static void want_bus(struct demo_thread *self)
{
	struct timespec start;

	demo_lock(&bus, &self->asking);
	pthread_mutex_unlock(&bus);
	demo_say("used the bus while low prepares its work");
	tokens_take(&used, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	demo_lock(&bus, &self->asking);
	demo_say("got the bus again after %ld ms", demo_ms_since(&start));
	pthread_mutex_unlock(&bus);
}

int main(void)
{
	pthread_mutexattr_t attributes;

	demo_begin("main", "starts two threads that want the same priority-inheriting mutex");
	demo_check(pthread_mutexattr_init(&attributes), "pthread_mutexattr_init");
	demo_check(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT), "pthread_mutexattr_setprotocol");
	demo_check(pthread_mutex_init(&bus, &attributes), "pthread_mutex_init");
	used = tokens_new();
	demo_thread_start(&high);
	demo_thread_start(&low);
	demo_ready();
	demo_thread_join(&low);
	demo_thread_join(&high);
	return 0;
}
