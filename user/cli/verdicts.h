/* SPDX-License-Identifier: BSD-2-Clause
 *
 * All verdicts of all analyzers in one list, for --fail-on and `explain`.
 */
#ifndef LIFELINE_CLI_VERDICTS_H
#define LIFELINE_CLI_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "finding/finding.h"

const struct verdict *verdict_at(size_t index); /* in the order of analyzers; NULL past the end */
/* Is `pattern` the verdict's code, its kind ("zombie"), or "any"? */
bool verdict_matches(const struct verdict *verdict, const char *pattern);
/* Is there a verdict that `word` names by code or kind? If not, a sentence with the nearest ones. 0 or -EINVAL. */
int verdict_check(const char *word, struct error *error);
/* The same for a list with commas, where `any` counts, too. */
int verdict_check_list(const char *list, struct error *error);

#endif
