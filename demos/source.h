/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A slow source, for the demos of kind io: a child that sends five messages, 100 ms apart, through a socket, and ends.
 * A message is one letter, 'a' to 'e'.
 */
#ifndef LIFELINE_DEMO_SOURCE_H
#define LIFELINE_DEMO_SOURCE_H

#include <sys/socket.h>

#include "demo.h"

enum { SOURCE_MESSAGES = 5, SOURCE_PAUSE_MS = 100 };

/* Our end of it. */
static inline int source_start(const char *name)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		demo_fail("socketpair");
	if (demo_fork(name) == 0) {
		close(ends[0]);
		for (int i = 0; i < SOURCE_MESSAGES; i++) {
			const char letter = (char)('a' + i);

			demo_sleep_ms(SOURCE_PAUSE_MS);
			if (write(ends[1], &letter, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

/* Collects all sources; were they all well? */
static inline bool source_end(void)
{
	int status;
	bool well = true;

	while (wait(&status) > 0)
		well = well && status == 0;
	return well;
}

#endif
