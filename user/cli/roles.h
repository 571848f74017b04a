/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who is who in a demo: it writes lines `role NAME PID` and `ready` to a descriptor that it finds in LIFELINE_DEMO_FD.
 * They are read in the background, so that a talkative demo never waits for us.
 */
#ifndef LIFELINE_CLI_ROLES_H
#define LIFELINE_CLI_ROLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct role {
	char name[32];
	uint32_t pid; /* as the demo sees it */
};

struct roles;

/* Makes the pipe and sets LIFELINE_DEMO_FD, to be inherited by what is started next. */
int roles_open(struct roles **roles, struct error *error);
/* The demo has been started: gives up our copy of its end and listens from now on. */
int roles_listen(struct roles *roles, struct error *error);
/* Takes what has been said so far and stops listening, even if survivors of the demo hold their end open. */
void roles_finish(struct roles *roles);
/* After roles_finish. NULL past the end. */
const struct role *roles_get(const struct roles *roles, unsigned index);
void roles_free(struct roles *roles);

#endif
