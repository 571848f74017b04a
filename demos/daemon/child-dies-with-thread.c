/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For PR_SET_PDEATHSIG the parent is the thread that forked (prctl(2)), and not its process. A program that starts its
 * workers from a thread of a pool loses them when the pool shrinks, though the program itself is well.
 *
 * Look at: worker, ended by SIGKILL while parent lives on.
 */
#include <pthread.h>

#include "demo.h"

static struct channel armed;
static pid_t worker;

static void *fork_and_end(void *unused)
{
	worker = demo_fork("worker");
	if (worker == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
			demo_fail("prctl");
		channel_tell(&armed, 1);
		for (;;)
			pause();
	}
	channel_hear(&armed);
	return unused;
}

int main(void)
{
	pthread_t thread;
	int status;

	demo_begin("parent", "starts a worker from a thread, and lets the thread end");
	armed = channel_new();
	if (pthread_create(&thread, NULL, fork_and_end, NULL) != 0)
		demo_fail("pthread_create");
	pthread_join(thread, NULL);
	demo_ready();
	status = demo_reap(worker);
	if (!WIFSIGNALED(status))
		return 1;
	demo_say("worker %d was ended by signal %d, and nobody here has sent one", (int)worker, WTERMSIG(status));
	return 0;
}
