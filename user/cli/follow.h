/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is told while an observation goes on, on standard error, so that standard output and -o stay the report's: those
 * findings that cannot wait, with --follow all of them as they come, and with --interval counters.
 *
 * In text these are lines that begin with "lifeline: "; with --format json each is a JSON object: first a `header`
 * (schema lifeline.follow/1), then `finding` and `counters`.
 */
#ifndef LIFELINE_CLI_FOLLOW_H
#define LIFELINE_CLI_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

struct follow_options {
	bool findings;	      /* --follow */
	uint64_t interval_ns; /* --interval; 0: no counters */
	bool json;
};

struct follow;

/* NULL: out of memory. The engine is the one that will run; it and the options are not owned. */
struct follow *follow_new(const struct follow_options *options, const struct engine *engine);
/* The three that an engine is given, with the follow as context. */
void follow_notify(void *follow, const struct finding *finding);
void follow_preview(void *follow, const struct findings *so_far);
int follow_observe(void *follow, const struct event *event);
/* The observation is over: tells what is only known now. */
void follow_end(struct follow *follow);
void follow_free(struct follow *follow);

#endif
