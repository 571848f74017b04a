/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A parent that ignores SIGCHLD (SIG_IGN), or sets SA_NOCLDWAIT, tells the kernel that it does not want to know: its
 * children vanish when they end, without a zombie and without a wait (sigaction(2), wait(2) NOTES). The price: exit
 * statuses are lost; wait then only says when the last child has gone, by failing with ECHILD.
 *
 * Look at: child, reaped by nobody at the moment of its death; no finding.
 */
#include "demo.h"

int main(void)
{
	pid_t child;

	demo_begin("parent", "ignores SIGCHLD, forks a child and does not collect it");
	signal(SIGCHLD, SIG_IGN);
	child = demo_fork("child");
	if (child == 0) {
		demo_say("ends with status 5, which nobody will learn");
		_exit(5);
	}
	demo_ready();
	demo_await_death(child);
	if (wait(NULL) != -1 || errno != ECHILD)
		return 1;
	demo_say("the child is dead, and wait says that there is no child: %s", strerror(ECHILD));
	demo_sleep_ms(DEMO_TOO_LONG_MS); /* a zombie would be found out now */
	return 0;
}
