/* SPDX-License-Identifier: BSD-2-Clause
 * Processes without a row of their own; see retired.h. */
#include "sink/common/retired.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int most_first(const void *left, const void *right)
{
	const struct retired_name *a = *(const struct retired_name *const *)left;
	const struct retired_name *b = *(const struct retired_name *const *)right;

	if (a->processes != b->processes)
		return a->processes > b->processes ? -1 : 1;
	if (a->cpu_ns != b->cpu_ns)
		return a->cpu_ns > b->cpu_ns ? -1 : 1;
	return strncmp(a->comm, b->comm, COMM_SIZE);
}

int collect_retired_names(const struct model *model, const struct retired_name ***names, size_t *count)
{
	const struct retired *retired = model_retired(model);

	*count = 0;
	for (const struct retired_name *name = retired->names; name; name = name->next)
		++*count;
	*names = malloc((*count + 1) * sizeof(struct retired_name *));
	if (!*names)
		return -ENOMEM;
	*count = 0;
	for (const struct retired_name *name = retired->names; name; name = name->next)
		(*names)[(*count)++] = name;
	qsort(*names, *count, sizeof(struct retired_name *), most_first);
	return 0;
}
