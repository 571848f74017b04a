/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A terminal of the demo's own: the two ends of a pseudo-terminal (pty(7)), as a terminal window or sshd has one. */
#ifndef LIFELINE_DEMO_TERMINAL_H
#define LIFELINE_DEMO_TERMINAL_H

#include "demo.h"

struct terminal {
	int master;    /* the side of the window */
	char path[64]; /* the side of the programs in it */
};

static inline struct terminal terminal_new(void)
{
	struct terminal terminal = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};

	if (terminal.master < 0 || grantpt(terminal.master) < 0 || unlockpt(terminal.master) < 0 ||
	    ptsname_r(terminal.master, terminal.path, sizeof terminal.path)) {
		demo_say("may not make a terminal here: %s", strerror(errno));
		_exit(DEMO_CANNOT_RUN);
	}
	return terminal;
}

/* What login does for a shell: a session whose terminal this is, and 0, 1 and 2 on it. */
static inline void terminal_log_in(const struct terminal *terminal)
{
	int fd;

	setsid();
	fd = open(terminal->path, O_RDWR | O_CLOEXEC); /* a session's leader without a terminal gets the one it opens */
	for (int to = 0; to <= 2; to++)
		if (fd < 0 || dup2(fd, to) < 0)
			demo_fail("open the terminal");
	if (fd > 2)
		close(fd);
	close(terminal->master);
}

#endif
