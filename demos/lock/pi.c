/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A mutex with priority inheritance (PTHREAD_PRIO_INHERIT): while somebody waits for it, its holder runs at the
 * waiter's priority, so that no third thread in between can keep both from going on. The kernel must know the
 * holder for that: the lock word is the holder's thread id, and taking and releasing in contention is the kernel's
 * work (FUTEX_LOCK_PI).
 *
 * Look at: kind pi-mutex, its holder `low`, its waiter `high`. It inherits a priority, not patience: held for long,
 * it keeps others waiting like any other. The twin is lock/pi-short.
 */
#include "threads.h"

#define HOLD_MS 300

static pthread_mutex_t bus;
static struct tokens held;
static void hold_bus(struct demo_thread *self), want_bus(struct demo_thread *self);

static struct demo_thread low = {.name = "low", .run = hold_bus};
static struct demo_thread high = {.name = "high", .run = want_bus};

static void hold_bus(struct demo_thread *self)
{
	demo_lock(&bus, &self->asking);
	demo_say("has the bus");
	tokens_give(&held, 1);
	demo_await_asleep(high.tid, &high.asking);
	demo_ready();
	demo_sleep_ms(HOLD_MS);
	demo_say("lets go of the bus");
	pthread_mutex_unlock(&bus);
}

__attribute__((noinline)) static void want_bus(struct demo_thread *self)
{
	struct timespec start;

	tokens_take(&held, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	demo_lock(&bus, &self->asking);
	demo_say("got the bus after %ld ms", demo_ms_since(&start));
	pthread_mutex_unlock(&bus);
}

int main(void)
{
	pthread_mutexattr_t attributes;

	demo_begin("main", "starts two threads that want the same priority-inheriting mutex");
	demo_check(pthread_mutexattr_init(&attributes), "pthread_mutexattr_init");
	demo_check(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT), "pthread_mutexattr_setprotocol");
	demo_check(pthread_mutex_init(&bus, &attributes), "pthread_mutex_init");
	held = tokens_new();
	demo_thread_start(&high);
	demo_thread_start(&low);
	demo_thread_join(&low);
	demo_thread_join(&high);
	return 0;
}
