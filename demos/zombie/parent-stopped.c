/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A stopped process (Ctrl-Z, SIGSTOP, a debugger) does nothing, reaping included. This parent is in waitpid for its
 * child when it is stopped; the child dies and remains a zombie until somebody continues the parent. Then it is
 * collected at once.
 *
 * Look at: child, dead-unreaped while parent's state is T.
 */
#include "demo.h"

static void be_parent(struct channel *report, struct channel *finish)
{
	pid_t child = demo_fork("child");

	if (child == 0) {
		channel_hear(finish);
		_exit(0);
	}
	channel_tell(report, child);
	demo_reap(child);
	demo_say("goes on, and has collected its child");
	_exit(0);
}

int main(void)
{
	struct channel report = channel_new(), finish = channel_new();
	pid_t parent, child;

	demo_begin("operator", "stops a parent that waits for its child, as Ctrl-Z would");
	parent = demo_fork("parent");
	if (parent == 0)
		be_parent(&report, &finish);
	child = channel_hear(&report);
	kill(parent, SIGSTOP);
	waitpid(parent, NULL, WUNTRACED);
	demo_say("parent is stopped (state %c); now its child ends", demo_state(parent));
	channel_tell(&finish, 0);
	demo_await_death(child);
	demo_ready();
	demo_sleep_ms(DEMO_TOO_LONG_MS);
	demo_say("child is in state %c; continues the parent", demo_state(child));
	kill(parent, SIGCONT);
	demo_reap(parent);
	return 0;
}
