/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The command is over, the prompt is back, and something that it started still runs: in the same session, not made a
 * daemon, perhaps forgotten. Such survivors hold ports, files and CPU time of which nobody thinks any more. (This
 * one lets go of the terminal, so that nothing waits for its output, and ends by itself after three seconds.)
 *
 * Look at: helper, alive when the command had ended, with another parent.
 */
#include "demo.h"

static void be_helper(struct channel *settled)
{
	const char *number = getenv("LIFELINE_DEMO_FD");
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (number)
		close(atoi(number));
	channel_tell(settled, 1);
	demo_sleep_ms(3000);
	_exit(0);
}

int main(void)
{
	struct channel settled = channel_new();
	pid_t helper;

	demo_begin("command", "starts a helper and ends without stopping it");
	helper = demo_fork("helper");
	if (helper == 0)
		be_helper(&settled);
	channel_hear(&settled);
	demo_ready();
	demo_say("ends; helper %d goes on for three seconds", (int)helper);
	return 0;
}
