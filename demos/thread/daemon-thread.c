/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process ends when main returns: exit_group(2) kills all of its threads, wherever they are, without a word. That is
 * what a daemon thread in Python relies on: it does not keep the process alive. In C every thread is like that, unless
 * it is joined. (What happens if main ends by pthread_exit instead: zombie/leader-exits-first.)
 *
 * Look at: a background thread that would sleep for an hour, and a process that ends at once.
 */
#include "threads.h"

static struct channel started;

static void loop(void *argument)
{
	(void)argument;
	channel_tell(&started, 1);
	for (;;) {
		demo_say("does something in the background, sleeps for an hour");
		demo_sleep_ms(3600 * 1000);
		demo_say("you will never read this");
	}
}

int main(void)
{
	struct demo_thread background;
	int value;

	demo_begin("main", "starts a background thread, and does not join it");
	started = channel_new();
	demo_thread_begin(&background, "background", loop, NULL);
	if (read(started.in, &value, sizeof value) != (ssize_t)sizeof value)
		demo_fail("read");
	demo_ready();
	demo_sleep_ms(100);
	demo_say("has nothing more to do and returns: that is the end of the process");
	return 0;
}
