/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of exit/killed-by-sibling: the worker handles SIGTERM as a request. It leaves its loop, puts
 * things in order, and ends by itself with status 0, so for the kernel it was not killed by any signal. sigsuspend
 * opens the door for the signal and sleeps in one step, so that it cannot slip in between test and sleep.
 *
 * Look at: worker, exit status 0 after SIGTERM; no finding.
 */
#include "demo.h"

static volatile sig_atomic_t asked_to_end;

static void on_term(int signal)
{
	(void)signal;
	asked_to_end = 1;
}

static void be_worker(const struct channel *ready)
{
	sigset_t block, before;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &before);
	signal(SIGTERM, on_term);
	channel_tell(ready, 1);
	while (!asked_to_end)
		sigsuspend(&before);
	demo_say("was asked to end; has put things in order");
	_exit(0);
}

int main(void)
{
	struct channel ready = channel_new();
	int status;
	pid_t worker;

	demo_begin("parent", "asks its worker to end, and waits until it has");
	worker = demo_fork("worker");
	if (worker == 0)
		be_worker(&ready);
	channel_hear(&ready);
	demo_ready();
	kill(worker, SIGTERM);
	status = demo_reap(worker);
	demo_say("worker ended with status %d", WEXITSTATUS(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
