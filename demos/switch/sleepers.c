/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of the switch demos: four processes that mostly sleep, wake for a moment and sleep again. They
 * switch voluntarily, some dozen times a second, wait in no run queue worth mentioning, and disturb nobody.
 *
 * Look at: voluntary switches only, time blocked in sleep; no finding.
 */
#include "demo.h"

#define SLEEPERS 4
#define NAPS 50

int main(void)
{
	static const char *const names[SLEEPERS] = {"sleeper-1", "sleeper-2", "sleeper-3", "sleeper-4"};
	int sleeping = 0;

	demo_begin("parent", "starts four processes that sleep 50 times for 20 ms");
	for (; sleeping < SLEEPERS; sleeping++)
		if (demo_fork(names[sleeping]) == 0) {
			for (int nap = 0; nap < NAPS; nap++)
				demo_sleep_ms(20);
			_exit(0);
		}
	demo_ready();
	while (wait(NULL) > 0)
		sleeping--;
	demo_say("all four have slept enough");
	return sleeping;
}
