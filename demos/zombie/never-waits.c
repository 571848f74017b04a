/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A dead child stays in the process table, with its exit status, until its parent collects it with a wait call
 * (wait(2), NOTES: "zombie"). This parent goes on with other work and never makes one. The child uses no memory any
 * more, but its pid is taken as long as the parent lives; when the parent ends too, init inherits the zombie and
 * collects it.
 *
 * Look at: child, from its end on dead-unreaped; the parent's wait calls: none.
 */
#include "demo.h"

int main(void)
{
	pid_t child;

	demo_begin("parent", "forks a child and never waits for it");
	child = demo_fork("child");
	if (child == 0) {
		demo_say("has nothing more to do and ends");
		_exit(0);
	}
	demo_await_death(child);
	demo_say("child %d is dead; ps shows it in state %c: a zombie", (int)child, demo_state(child));
	demo_ready();
	demo_sleep_ms(DEMO_TOO_LONG_MS);
	demo_say("ends without ever having waited; after %.1f s the child's state still is %c",
		 DEMO_TOO_LONG_MS / 1000.0, demo_state(child));
	return 0;
}
