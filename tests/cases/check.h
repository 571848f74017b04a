/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of the scenario runner: cases.c runs, check_findings.c and check_facts.c compare.
 */
#ifndef LIFELINE_TESTS_CASES_CHECK_H
#define LIFELINE_TESTS_CASES_CHECK_H

#include "base/buffer.h"
#include "engine/engine.h"
#include "source/script.h"

struct check {
	const char *path;
	const struct engine *engine;
	const char *run; /* "", or " (replayed)" */
	struct buffer *failures;
};

/* Notes a failure, with the scenario's line. */
void fail(const struct check *check, const struct script_expectation *expectation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool condition_fits(const struct script_condition *condition, const char *text);
/* `expect` and `none`. */
void check_findings(const struct check *check, const struct script_expectation *expectation);
/* `fact`. */
void check_fact(const struct check *check, const struct script_expectation *expectation);
/* A number of the whole observation by its fact's name. */
int64_t whole_number(const struct engine *engine, const char *name);

#endif
