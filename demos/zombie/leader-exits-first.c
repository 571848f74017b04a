/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main() may leave by pthread_exit(3) while other threads go on. The thread-group leader, whose number is the pid,
 * is dead then, and ps shows the process in state Z, "<defunct>". Yet it lives: it has memory, files and a running
 * thread, and no parent can collect it. It becomes a real zombie when the last thread ends.
 *
 * Look at: the process with its leader ended and one thread alive; reaped right after the last thread.
 */
#include <pthread.h>

#include "demo.h"

static void *work_on(void *unused)
{
	(void)unused;
	demo_await_state(getpid(), 'Z');
	demo_say("thread %d works on in a process that ps calls defunct", (int)gettid());
	demo_ready();
	demo_sleep_ms(DEMO_TOO_LONG_MS);
	return NULL;
}

static void be_threaded(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work_on, NULL) != 0)
		demo_fail("pthread_create");
	demo_say("the main thread leaves by pthread_exit");
	pthread_exit(NULL);
}

int main(void)
{
	pid_t threaded;

	demo_begin("parent", "has a child whose main thread ends before its other thread");
	threaded = demo_fork("threaded");
	if (threaded == 0)
		be_threaded();
	demo_await_state(threaded, 'Z');
	demo_say("child in state Z, but waitpid(WNOHANG) says %d: nothing to collect",
		 (int)waitpid(threaded, NULL, WNOHANG));
	demo_reap(threaded);
	demo_say("the last thread has ended; collected");
	return 0;
}
