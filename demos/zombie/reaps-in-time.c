/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of zombie/signals-merged and zombie/never-waits. Three children die while SIGCHLD is blocked and
 * merge into one signal, but this handler waits until there is nothing left to collect. WNOHANG makes the last call
 * return instead of block.
 *
 * Look at: all three reaped by the parent; no finding.
 */
#include "demo.h"

static volatile sig_atomic_t collected;

static void collect_all(int signal)
{
	int saved = errno;

	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		collected++;
	errno = saved;
}

int main(void)
{
	static const char *const names[] = {"first", "second", "third"};
	struct sigaction action = {.sa_handler = collect_all, .sa_flags = SA_RESTART};
	sigset_t block;
	pid_t child;

	demo_begin("parent", "collects all dead children at each SIGCHLD");
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, NULL);
	for (int i = 0; i < 3; i++) {
		child = demo_fork(names[i]);
		if (child == 0)
			_exit(0);
		demo_await_death(child);
	}
	demo_ready();
	sigprocmask(SIG_UNBLOCK, &block, NULL); /* the handler runs here, once */
	demo_say("three have died, one SIGCHLD came, %d were collected", (int)collected);
	demo_sleep_ms(DEMO_TOO_LONG_MS); /* a zombie would be found out now */
	return collected == 3 ? 0 : 1;
}
