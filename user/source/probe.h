/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What this kernel and these privileges allow, found by trying (load and attach), never by version number.
 */
#ifndef LIFELINE_SOURCE_PROBE_H
#define LIFELINE_SOURCE_PROBE_H

#include <stdbool.h>

#include "base/error.h"

enum capability_state { CAPABILITY_WORKS, CAPABILITY_DEGRADED, CAPABILITY_IMPOSSIBLE };

struct capability {
	const char *name; /* "waits and reaps" */
	enum capability_state state;
	bool core;	  /* without it lifeline cannot do its work: doctor exits 125 */
	char how[160];	  /* which way is in use, e.g. "sys_exit, filtered by number" */
	char why[480];	  /* why it is degraded or impossible; empty if it works */
	char fix[320];	  /* what would mend it; empty if nothing or nothing is needed */
};

/* Tells each capability in a fixed order. 0, or a negative errno if probing itself failed. */
int probe_run(void (*tell)(void *context, const struct capability *capability), void *context, struct error *error);

#endif
