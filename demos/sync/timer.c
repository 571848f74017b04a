/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A timer calls a function later, in a thread of its own. It is nothing but a thread that waits for "cancelled" with a
 * timeout (pthread_cond_timedwait(3)): if the time runs out first, it calls. One timer fires, one is cancelled, and one
 * sets itself up again, three times.
 *
 * Look at: three threads asleep in futex; none of them polls a clock.
 */
#include "threads.h"

struct timer {
	struct demo_thread thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool cancelled;
	long ms;
	int repeats, fired;
};

static void run(void *argument)
{
	struct timer *timer = argument;
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	pthread_mutex_lock(&timer->lock);
	while (timer->repeats-- > 0 && !timer->cancelled) {
		until.tv_nsec += timer->ms * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		for (err = 0; !timer->cancelled && err != ETIMEDOUT;)
			err = pthread_cond_timedwait(&timer->changed, &timer->lock, &until);
		if (timer->cancelled)
			break;
		timer->fired++;
		demo_say("time is up: calls its function");
	}
	if (timer->cancelled)
		demo_say("has been cancelled, ends without a call");
	pthread_mutex_unlock(&timer->lock);
}

static void timer_start(struct timer *timer, const char *name, long ms, int repeats)
{
	*timer = (struct timer){
	    .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .ms = ms, .repeats = repeats};
	demo_thread_begin(&timer->thread, name, run, timer);
}

static void timer_cancel(struct timer *timer)
{
	pthread_mutex_lock(&timer->lock);
	timer->cancelled = true;
	pthread_cond_signal(&timer->changed);
	pthread_mutex_unlock(&timer->lock);
}

int main(void)
{
	struct timer once, cancelled, again;

	demo_begin("main", "starts three timers");
	timer_start(&once, "once", 200, 1);
	timer_start(&cancelled, "cancelled", 60000, 1);
	timer_start(&again, "again", 100, 3);
	demo_ready();
	demo_thread_join(&once.thread);
	demo_say("cancels the timer that would fire in a minute");
	timer_cancel(&cancelled);
	demo_thread_join(&cancelled.thread);
	demo_thread_join(&again.thread);
	demo_say("calls: %d, %d, %d", once.fired, cancelled.fired, again.fired);
	return once.fired == 1 && cancelled.fired == 0 && again.fired == 3 ? 0 : 1;
}
