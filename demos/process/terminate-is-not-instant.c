/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kill(2) returns when the signal has been sent, not when the target is gone. Right after it the child may well
 * still be there. Then it is dead, but a zombie: its pid stays taken, kill(pid, 0) still succeeds. Only the parent's
 * wait call frees it (what Python's Process.terminate() does not do, but join() does).
 *
 * Look at: the child ended by SIGTERM, sender the parent; dead-unreaped until the wait call.
 */
#include "demo.h"

static const char *exists(pid_t pid)
{
	return kill(pid, 0) == 0 ? "still exists" : "does not exist any more";
}

int main(void)
{
	struct channel hello = channel_new();
	int status;
	pid_t child;

	demo_begin("parent", "terminates a child, and looks at three moments whether it is gone");
	child = demo_fork("child");
	if (child == 0) {
		channel_tell(&hello, 1);
		for (;;)
			pause();
	}
	channel_hear(&hello);
	demo_ready();
	kill(child, SIGTERM);
	demo_say("kill(SIGTERM) has returned: the child %s, state %c", exists(child), demo_state(child));
	demo_await_death(child);
	demo_say("the child is dead: it %s, state %c (zombie)", exists(child), demo_state(child));
	status = demo_reap(child);
	demo_say("waited, it was ended by signal %d: it %s", WTERMSIG(status), exists(child));
	return 0;
}
