/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the probe share. */
#ifndef LIFELINE_SOURCE_PROBE_INTERNAL_H
#define LIFELINE_SOURCE_PROBE_INTERNAL_H

#include "source/probe.h"

typedef void (*probe_tell)(void *context, const struct capability *capability);

/* Fills in why (what is lost, and for which reason) and what would mend it. code: a negative errno. */
void probe_refuse(struct capability *capability, int code, const char *loses);

/* probe_here.c: all but lifeline's programs. */
void probe_here(probe_tell tell, void *context);

#endif
