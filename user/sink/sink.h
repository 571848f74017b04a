/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The contract of a sink: one file user/sink/NAME.c that ends in `const struct sink sink_NAME`; the registry is made
 * from the folder listing. A sink that shows single events gets them as they pass; a report is written at close.
 */
#ifndef LIFELINE_SINK_SINK_H
#define LIFELINE_SINK_SINK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "finding/finding.h"
#include "model/model.h"

struct sink_context {
	const struct model *model;
	const struct findings *findings;
	FILE *out;	/* not owned. Errors latch in the FILE; the engine reports them once */
	bool color;	/* ANSI colours wanted (already decided from --color, NO_COLOR and the terminal) */
	bool unicode;	/* the locale is UTF-8 */
	int columns;	/* width to fit, at least 40, at most 200; 100 when not a terminal */
	bool quiet;	/* -q: findings only */
	int verbose;	/* -v count */
	const char *version;
};

struct sink {
	const char *name; /* "text", "json" */
	const char *suffix;
	const char *help;
	bool report;  /* is a --format (the others are for export) */
	bool binary;  /* not for a terminal */
	/*
	 * All return 0 or a negative errno: -ENOMEM, or -EIO once `out` has failed. open may be NULL; if it is not, it
	 * sets *state. The model knows the observation's `begin` by then. A report has open and close only.
	 */
	int (*open)(const struct sink_context *context, void **state);
	/* Each event, `begin` first, after model and analyzers have seen it; findings are not complete yet. Whoever
	 * writes as the events pass keeps no more of them than what is open. Not called again once it has failed. */
	int (*event)(const struct sink_context *context, void *state, const struct event *event);
	/* After the last event; findings are sorted by then. Frees the state. Also called after a failure of event. */
	int (*close)(const struct sink_context *context, void *state);
};

extern const struct sink *const sinks[]; /* generated; NULL at the end */

#endif
