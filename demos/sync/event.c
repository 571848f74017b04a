/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An event: a flag that threads can wait for. Three wait, one with a timeout too short; when the main thread sets the
 * flag, all that wait are woken at once, and who comes later does not wait at all. Made of a mutex and a condition
 * variable (pthread_cond_wait(3)); the flag is looked at in a loop, as a wake-up alone proves nothing.
 *
 * Look at: the waiters, one sleep in futex each, no matter how long it takes.
 */
#include "threads.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool set;
} event = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

/* timeout_ms < 0: for ever. Is it set? */
static bool event_wait(long timeout_ms)
{
	struct timespec until;
	int err = 0;
	bool set;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (timeout_ms % 1000) * 1000000;
	until.tv_sec += timeout_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&event.lock);
	while (!event.set && err != ETIMEDOUT)
		err = timeout_ms < 0 ? pthread_cond_wait(&event.changed, &event.lock)
				     : pthread_cond_timedwait(&event.changed, &event.lock, &until);
	set = event.set;
	pthread_mutex_unlock(&event.lock);
	return set;
}

static void event_set(void)
{
	pthread_mutex_lock(&event.lock);
	event.set = true;
	pthread_cond_broadcast(&event.changed);
	pthread_mutex_unlock(&event.lock);
}

static void wait_for_ever(void *argument)
{
	*(bool *)argument = event_wait(-1);
	demo_say("the event is set: goes on");
}

static void wait_a_little(void *argument)
{
	*(bool *)argument = event_wait(50);
	demo_say("has waited for 50 ms in vain: goes on without");
}

int main(void)
{
	struct demo_thread waiters[2], hasty;
	bool seen[3] = {false};

	demo_begin("main", "three threads wait for an event");
	demo_thread_begin(&waiters[0], "waiter-1", wait_for_ever, &seen[0]);
	demo_thread_begin(&waiters[1], "waiter-2", wait_for_ever, &seen[1]);
	demo_thread_begin(&hasty, "hasty", wait_a_little, &seen[2]);
	demo_ready();
	demo_thread_join(&hasty);
	demo_sleep_ms(300);
	demo_say("sets the event");
	event_set();
	demo_thread_join(&waiters[0]);
	demo_thread_join(&waiters[1]);
	demo_say("waiting now takes no time, the event stays set: %s", event_wait(0) ? "true" : "false");
	return seen[0] && seen[1] && !seen[2] ? 0 : 1;
}
