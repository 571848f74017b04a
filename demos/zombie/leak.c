/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A server that starts a helper for each request and never waits gathers zombies at the rate of its requests. Each
 * keeps a pid. When pid_max or the pids limit of its cgroup is reached, nobody there can fork any more, although
 * nothing runs.
 *
 * Look at: one finding on the parent instead of twelve on its children: how many, at what rate, and how long until
 * the end.
 */
#include "demo.h"

#define HELPERS 12

int main(void)
{
	pid_t helper;

	demo_begin("server", "starts a helper for each of twelve requests and waits for none");
	for (int i = 0; i < HELPERS; i++) {
		helper = demo_fork("helper");
		if (helper == 0)
			_exit(0);
		demo_await_death(helper);
		demo_sleep_ms(25); /* until the next request */
	}
	demo_say("has %d dead children, and goes on as if there were none", HELPERS);
	demo_ready();
	demo_sleep_ms(DEMO_TOO_LONG_MS);
	return 0;
}
