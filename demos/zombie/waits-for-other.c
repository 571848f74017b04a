/* SPDX-License-Identifier: BSD-2-Clause
 *
 * waitpid(2) with a pid collects that child and no other. This parent waits for its slow child; the quick one, which
 * ended long ago, stays a zombie meanwhile, although its parent sits in a wait call. A wait for a process group, or
 * with __WCLONE or __WNOTHREAD, can miss a child in the same way (kernel/exit.c, eligible_child).
 *
 * Look at: the parent is in wait4, but for the pid of slow.
 */
#include "demo.h"

int main(void)
{
	struct channel go = channel_new();
	pid_t quick, slow;

	demo_begin("parent", "has a quick child and a slow one, and waits for the slow one alone");
	quick = demo_fork("quick");
	if (quick == 0)
		_exit(0);
	slow = demo_fork("slow");
	if (slow == 0) {
		channel_hear(&go);
		demo_sleep_ms(DEMO_TOO_LONG_MS);
		_exit(0);
	}
	demo_await_death(quick);
	demo_say("quick is dead (state %c); now waits for slow: waitpid(%d)", demo_state(quick), (int)slow);
	demo_ready();
	channel_tell(&go, 0);
	demo_reap(slow);
	demo_say("slow was collected; quick has been a zombie for all that time (state %c)", demo_state(quick));
	return 0;
}
