/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a text scenario expects of the conclusions; the scenario itself is a source like any other (source.h). Whoever
 * runs it compares: the source knows neither the model nor findings. The format is described in tests/cases/README.md.
 */
#ifndef LIFELINE_SOURCE_SCRIPT_H
#define LIFELINE_SOURCE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/source.h"

/* Where a scenario's time 0 lies in CLOCK_BOOTTIME. */
#define SCRIPT_BASE_NS 1000000000000ULL

enum script_kind { SCRIPT_EXPECT, SCRIPT_NONE, SCRIPT_FACT };

struct script_condition {
	char *name;
	bool contains; /* name~"text"; otherwise name=value */
	char *value;   /* unquoted, escapes resolved */
};

struct script_expectation {
	enum script_kind kind;
	unsigned line;
	char *subject; /* a verdict's code or kind, or "any"; of a fact: "200", "200:201", "200@10ms", "-" */
	int count;     /* of an `expect`: exactly that many; -1: at least one */
	struct script_condition *conditions;
	size_t condition_count;
	struct script_expectation *next;
};

/* In the order of the file; lives as long as the source. Only for a source from source_script_open. */
const struct script_expectation *source_script_expectations(const struct source *source);

/* Reads "5ms", "-3s", "1.5s" into nanoseconds. 0, -EINVAL or -ERANGE. */
int script_parse_time(const char *text, int64_t *ns);
/* Reads a wait status as scenarios write it: exit:3, SIGKILL, SIGSEGV+core, or a number. 0 or -EINVAL. */
int script_parse_status(const char *text, int32_t *status);

#endif
