/* SPDX-License-Identifier: BSD-2-Clause
 * The list of verdicts; see verdicts.h. */
#include "cli/verdicts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analyzer.h"
#include "cli/closest.h"

const struct verdict *verdict_at(size_t index)
{
	for (unsigned i = 0; analyzers[i]; i++)
		for (const struct verdict *verdict = analyzers[i]->verdicts; verdict && verdict->code; verdict++)
			if (!index--)
				return verdict;
	return NULL;
}

bool verdict_matches(const struct verdict *verdict, const char *pattern)
{
	size_t length = strlen(pattern);

	if (!strcmp(pattern, "any") || !strcmp(verdict->code, pattern))
		return true;
	return length && !strncmp(verdict->code, pattern, length) && verdict->code[length] == '.';
}

static void offer_codes(struct closest *closest)
{
	const struct verdict *verdict;

	for (size_t i = 0; (verdict = verdict_at(i)); i++) {
		size_t kind = strcspn(verdict->code, ".");

		closest_offer(closest, verdict->code, strlen(verdict->code));
		closest_offer(closest, verdict->code, kind);
		if (verdict->code[kind])
			closest_offer(closest, verdict->code + kind + 1, strlen(verdict->code + kind + 1));
	}
}

/* What to write for a code, a kind, or what stands behind the dot. */
static const char *full_code(const char *found)
{
	const struct verdict *verdict;

	for (size_t i = 0; found && (verdict = verdict_at(i)); i++) {
		const char *dot = strchr(verdict->code, '.');

		if (dot && !strcmp(dot + 1, found))
			return verdict->code;
	}
	return found;
}

int verdict_check(const char *word, struct error *error)
{
	const struct verdict *verdict;
	struct closest closest;
	const char *close;

	for (size_t i = 0; (verdict = verdict_at(i)); i++)
		if (strcmp(word, "any") && verdict_matches(verdict, word))
			return 0;
	closest_begin(&closest, word);
	offer_codes(&closest);
	close = full_code(closest_found(&closest));
	error_set(error, -EINVAL, "there is no verdict '%s'", word);
	if (close)
		error_hint(error, "did you mean %s? `lifeline explain` lists all", close);
	else
		error_hint(error, "`lifeline explain` lists all");
	return -EINVAL;
}

int verdict_check_list(const char *list, struct error *error)
{
	char *copy = strdup(list);
	char *rest = copy;
	char *word;
	int err = 0;

	if (!copy)
		return error_errno(error, -ENOMEM, "cannot read the list of verdicts");
	while (!err && (word = strsep(&rest, ",")))
		if (strcmp(word, "any"))
			err = verdict_check(word, error);
	free(copy);
	return err;
}
