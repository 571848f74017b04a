/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A parent-death signal is a signal like others: a worker that ignores or handles the one it is armed with lives on
 * when its parent ends. Only SIGKILL cannot be refused.
 *
 * Look at: worker, adopted and alive after the signal had come.
 */
#include "demo.h"

#define LIVES_ON_MS 300

static void be_worker(struct channel *armed)
{
	signal(SIGTERM, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		demo_fail("prctl");
	channel_tell(armed, 1);
	demo_sleep_ms(LIVES_ON_MS);
	_exit(0);
}

int main(void)
{
	struct channel armed = channel_new();
	pid_t parent;
	int status;

	demo_begin("starter", "starts a parent whose worker asks for SIGTERM at its end, and ignores SIGTERM");
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that we can wait for the worker */
	parent = demo_fork("parent");
	if (parent == 0) {
		if (demo_fork("worker") == 0)
			be_worker(&armed);
		channel_hear(&armed);
		demo_ready();
		demo_say("ends");
		_exit(0);
	}
	demo_reap(parent);
	wait(&status);
	if (!WIFEXITED(status))
		return 1;
	demo_say("the worker ended when it was done, with status %d", WEXITSTATUS(status));
	return 0;
}
