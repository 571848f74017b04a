/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A standard signal is pending or not pending; it does not count (signal(7), "Queueing"). Three children die while
 * SIGCHLD is blocked: one SIGCHLD is delivered. A handler that calls wait once for each signal collects one child;
 * the other two stay zombies, for nobody will signal them again. The right handler waits in a loop:
 * zombie/reaps-in-time.
 *
 * Look at: second and third, whose SIGCHLD fell on one that was pending already.
 */
#include "demo.h"

static void collect_one(int signal)
{
	(void)signal;
	wait(NULL); /* the mistake: there may be more than one */
}

int main(void)
{
	static const char *const names[] = {"first", "second", "third"};
	struct sigaction action = {.sa_handler = collect_one, .sa_flags = SA_RESTART};
	pid_t pids[3];
	sigset_t block;

	demo_begin("parent", "reaps one child per SIGCHLD, and three die while it is busy");
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, NULL);
	for (int i = 0; i < 3; i++) {
		pids[i] = demo_fork(names[i]);
		if (pids[i] == 0)
			_exit(0);
		demo_await_death(pids[i]); /* one after the other, so that it is known who was first */
	}
	sigprocmask(SIG_UNBLOCK, &block, NULL); /* the handler runs here, once */
	demo_say("three have died, one SIGCHLD came; states now: %c %c %c (-: gone, Z: zombie)", demo_state(pids[0]),
		 demo_state(pids[1]), demo_state(pids[2]));
	demo_ready();
	demo_sleep_ms(DEMO_TOO_LONG_MS);
	demo_say("no further SIGCHLD came: %c %c %c", demo_state(pids[0]), demo_state(pids[1]), demo_state(pids[2]));
	return 0;
}
