/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Finds a verdict by its code, over all analyzers there are.
 */
#include <string.h>

#include "analyze/analyzer.h"

const struct verdict *verdict_find(const char *code)
{
	for (const struct analyzer *const *analyzer = analyzers; *analyzer; analyzer++)
		for (const struct verdict *verdict = (*analyzer)->verdicts; verdict && verdict->code; verdict++)
			if (!strcmp(verdict->code, code))
				return verdict;
	return NULL;
}
