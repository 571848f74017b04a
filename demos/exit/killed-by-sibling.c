/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The worker is asked to end (SIGTERM), takes notice, and is killed (SIGKILL) before it has finished. Its parent
 * sees only "killed by signal 9": the wait status does not say who did it. It was no ancestor but a sibling, a
 * watchdog. The kernel knows the sender at the moment of sending, and then forgets.
 *
 * Look at: worker ended by SIGKILL, sent by watchdog, how long after the SIGTERM.
 */
#include "demo.h"

static int noticed;

static void on_term(int signal)
{
	if (write(noticed, &signal, sizeof signal) < 0)
		_exit(1);
}

static void be_worker(const struct channel *ready, const struct channel *notice)
{
	noticed = notice->out;
	signal(SIGTERM, on_term);
	channel_tell(ready, 1);
	for (;;)
		pause();
}

static void be_watchdog(pid_t worker, struct channel *notice)
{
	kill(worker, SIGTERM);
	channel_hear(notice);
	demo_say("the worker has got SIGTERM; gives it 300 ms");
	demo_sleep_ms(300);
	demo_say("loses patience and kills it");
	kill(worker, SIGKILL);
	_exit(0);
}

int main(void)
{
	struct channel ready = channel_new(), notice = channel_new();
	pid_t worker, watchdog;
	int status;

	demo_begin("parent", "has a worker, and a watchdog that kills it");
	worker = demo_fork("worker");
	if (worker == 0)
		be_worker(&ready, &notice);
	channel_hear(&ready);
	demo_ready();
	watchdog = demo_fork("watchdog");
	if (watchdog == 0)
		be_watchdog(worker, &notice);
	status = demo_reap(worker);
	demo_say("worker was ended by signal %d; by whom, wait does not tell", WTERMSIG(status));
	demo_reap(watchdog);
	return 0;
}
