/* SPDX-License-Identifier: BSD-2-Clause
 *
 * prctl(PR_SET_PDEATHSIG) asks the kernel for a signal when the parent (exactly: the thread that forked us) ends: a
 * way not to outlive it. A parent that ended before the call is missed, so look at getppid() after it. The signal is
 * cleared by fork and by exec of a set-user-ID program.
 *
 * Look at: worker, ended by SIGTERM at the moment of its parent's end; sender: the dying parent.
 */
#include "demo.h"

static void be_worker(struct channel *armed, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		demo_fail("prctl");
	if (getppid() != parent)
		_exit(1); /* it has ended already: the signal will not come */
	channel_tell(armed, 1);
	for (;;)
		pause();
}

int main(void)
{
	struct channel armed = channel_new();
	pid_t parent;
	int status;

	demo_begin("starter", "starts a parent whose worker shall not outlive it");
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that we can wait for the worker */
	parent = demo_fork("parent");
	if (parent == 0) {
		parent = getpid();
		if (demo_fork("worker") == 0)
			be_worker(&armed, parent);
		channel_hear(&armed);
		demo_ready();
		demo_say("ends");
		_exit(0);
	}
	demo_reap(parent);
	wait(&status);
	if (!WIFSIGNALED(status))
		return 1;
	demo_say("the worker was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return 0;
}
