/* SPDX-License-Identifier: BSD-2-Clause
 *
 * This parent knows how to reap: its first child is collected at once. But when the second dies, the parent is
 * blocked somewhere else, in a read(2) from a peer that takes its time, and does not come round to waiting. A server
 * that reaps in its main loop and then makes a blocking call is in the same position.
 *
 * Look at: late, dead-unreaped while the parent is blocked in read; then reaped.
 */
#include "demo.h"

int main(void)
{
	struct channel answer = channel_new();
	pid_t early, late, peer;

	demo_begin("parent", "collects one child in time, then is stuck in a read while another one dies");
	early = demo_fork("early");
	if (early == 0)
		_exit(0);
	wait(NULL);
	demo_say("early was collected at once");
	late = demo_fork("late");
	if (late == 0)
		_exit(0);
	peer = demo_fork("peer");
	if (peer == 0) {
		demo_await_death(late);
		demo_ready();
		demo_sleep_ms(DEMO_TOO_LONG_MS);
		channel_tell(&answer, 42);
		_exit(0);
	}
	demo_say("asks its peer and reads the answer; late dies meanwhile");
	channel_hear(&answer);
	demo_say("has the answer; late is in state %c, and only now collected", demo_state(late));
	wait(NULL);
	wait(NULL);
	return 0;
}
