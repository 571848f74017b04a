/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Blocking input: read(2) sleeps until there is something. Nothing is simpler, and nothing costs less processor time;
 * but a thread can sleep in one read only. Two sources are read here in turns, and whoever is read second waits for the
 * first, even if its message is long there.
 *
 * Look at: the reader, asleep in network all the time, woken once per message.
 */
#include "source.h"

int main(void)
{
	int sources[2], messages = 0;
	char letter;

	demo_begin("reader", "reads from two slow sources in turns, with calls that block");
	sources[0] = source_start("source-1");
	sources[1] = source_start("source-2");
	demo_ready();
	for (int turn = 0; turn < SOURCE_MESSAGES; turn++)
		for (int i = 0; i < 2; i++) {
			if (read(sources[i], &letter, 1) != 1)
				demo_fail("read");
			demo_say("got %c from source-%d", letter, i + 1);
			messages++;
		}
	demo_say("%d messages, and slept in between", messages);
	return messages == 2 * SOURCE_MESSAGES && source_end() ? 0 : 1;
}
