/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exports beside (or instead of) a report: one output and one sink each, fed with the events as they pass. The first
 * event opens them, and the end of the observation closes them.
 */
#ifndef LIFELINE_CLI_EXPORTS_H
#define LIFELINE_CLI_EXPORTS_H

#include "cli/command.h"
#include "cli/output.h"
#include "engine/engine.h"

/* Where else something is written to: an export to the same place is refused. NULL: nothing is. */
struct exports_beside {
	const char *report; /* "-": stdout */
	const char *record;
};

/* The sink of this export format; NULL with the error in words: unknown, or the format of a report. */
const struct sink *export_format(const char *name, size_t length, struct error *error);

/* Checks FORMAT:FILE texts early: formats, places, no place twice. Makes and changes nothing. */
int exports_check(const struct option_list *list, const struct exports_beside *beside, struct error *error);

struct exports; /* NULL is a valid one, with no exports in it */

/* `engine` is the one whose events they will get. 0, or an error; of a list that exports_check has seen: -ENOMEM. */
int exports_new(const struct option_list *list, const struct engine *engine, struct exports **exports,
		struct error *error);
/* For engine_run. What failed is told by exports_close; here only the failure of all of them, if `alone`. */
int exports_observe(void *exports, const struct event *event);
/* Nothing else is wanted of the observation: once all have failed, it can end. */
void exports_alone(struct exports *exports);
/* Writes what is left and frees. 0, or the first thing that went wrong with any of them. */
int exports_close(struct exports *exports, struct error *error);

#endif
