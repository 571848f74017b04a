/* SPDX-License-Identifier: BSD-2-Clause
 *
 * prctl(PR_SET_CHILD_SUBREAPER) makes a process the heir of its orphaned descendants, in init's place. Service
 * managers and shells of containers use it to keep sight of what their services start. Duty comes with it: who
 * adopts has to wait.
 *
 * Look at: child, adopted by subreaper by the rule `subreaper`, and reaped by it.
 */
#include "demo.h"

int main(void)
{
	struct channel end = channel_new();
	pid_t parent, child;

	demo_begin("subreaper", "declares itself the heir of orphaned descendants");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		demo_fail("prctl");
	parent = demo_fork("parent");
	if (parent == 0) {
		if (demo_fork("child") == 0) {
			channel_hear(&end);
			demo_say("my parent is %d now: the subreaper; ends", (int)getppid());
			_exit(0);
		}
		demo_say("ends; my child lives on");
		_exit(0);
	}
	demo_reap(parent);
	demo_ready();
	channel_tell(&end, 0);
	child = wait(NULL);
	demo_say("has collected %d, which it never forked", (int)child);
	return child > 0 ? 0 : 1;
}
