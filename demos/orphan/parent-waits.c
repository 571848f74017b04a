/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of the orphan demos: the parent wants to end, tells its worker so, waits until it has ended, and
 * only then ends itself. Nobody is orphaned, nothing survives the command.
 *
 * Look at: worker ends before parent and is reaped by it; no finding.
 */
#include "demo.h"

int main(void)
{
	struct channel orders = channel_new(), hello = channel_new();
	pid_t worker;

	demo_begin("parent", "stops its worker and waits for it before it ends");
	worker = demo_fork("worker");
	if (worker == 0) {
		channel_tell(&hello, 1);
		while (channel_hear(&orders) > 0)
			;
		demo_say("was told to end");
		_exit(0);
	}
	channel_hear(&hello);
	demo_ready();
	channel_tell(&orders, 0);
	demo_reap(worker);
	demo_say("the worker has ended; now I may");
	return 0;
}
