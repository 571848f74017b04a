/* SPDX-License-Identifier: BSD-2-Clause
 *
 * In the kernel the parent of a process is a thread, the one that forked. When that thread ends but its process
 * lives, the child passes to another thread of the same process (kernel/exit.c, find_alive_thread): getppid does not
 * change, any thread may wait, and nobody is an orphan. (Only PR_SET_PDEATHSIG and __WNOTHREAD notice.)
 *
 * Look at: child of a thread that has ended, with the same parent as before; reaped by it; no finding.
 */
#include <pthread.h>

#include "demo.h"

static pid_t child;
static struct channel end, passed;

static void *fork_and_end(void *unused)
{
	(void)unused;
	child = demo_fork("child");
	if (child == 0) {
		pid_t before = getppid();

		channel_hear(&end);
		demo_say("the thread that forked me is gone; my parent was %d and is %d", (int)before, (int)getppid());
		_exit(before == getppid() ? 0 : 1);
	}
	channel_tell(&passed, gettid());
	return NULL;
}

int main(void)
{
	pthread_t thread;
	char path[64];
	int status, tid;

	demo_begin("parent", "lets a thread fork a child and end");
	end = channel_new();
	passed = channel_new();
	if (pthread_create(&thread, NULL, fork_and_end, NULL) != 0)
		demo_fail("pthread_create");
	pthread_join(thread, NULL);
	tid = channel_hear(&passed);
	snprintf(path, sizeof path, "/proc/self/task/%d", tid);
	while (access(path, F_OK) == 0)
		demo_sleep_ms(1); /* join returns a little before the kernel is done with the thread */
	demo_say("thread %d has ended, its child %d is ours all the same", tid, (int)child);
	demo_ready();
	channel_tell(&end, 0);
	status = demo_reap(child);
	return WEXITSTATUS(status);
}
