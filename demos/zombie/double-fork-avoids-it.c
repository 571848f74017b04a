/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A parent that cannot wait for long-lived helpers forks twice: the middle process ends at once and is collected at
 * once, and the helper, an orphan now, is given to a reaper whose job it is to wait. Here that is a small one of our
 * own (PR_SET_CHILD_SUBREAPER, prctl(2)), so that the demo shows the same on every machine; usually it is init.
 *
 * Look at: helper adopted by reaper, and reaped by it right after its end; the busy parent owes no wait.
 */
#include "demo.h"

static void be_busy(void)
{
	struct channel born = channel_new(), finish = channel_new();
	pid_t middle = demo_fork("middle"), helper;

	if (middle == 0) {
		if (demo_fork("helper") == 0) {
			channel_tell(&born, getpid());
			channel_hear(&finish);
			demo_say("my parent is the reaper (%d); ends", (int)getppid());
			_exit(0);
		}
		_exit(0);
	}
	helper = channel_hear(&born);
	demo_reap(middle);
	demo_say("middle was collected; helper is not mine any more");
	channel_tell(&finish, 0);
	demo_await_death(helper);
	demo_ready();
	demo_sleep_ms(DEMO_TOO_LONG_MS); /* long enough for a zombie to be found out */
	_exit(0);
}

int main(void)
{
	demo_begin("reaper", "looks after orphans, as an init does");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		demo_fail("prctl");
	if (demo_fork("busy") == 0)
		be_busy();
	while (wait(NULL) > 0)
		demo_say("has collected a child");
	return 0;
}
