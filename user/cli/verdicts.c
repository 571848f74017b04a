/* SPDX-License-Identifier: BSD-2-Clause
 * The list of verdicts; see verdicts.h. */
#include "cli/verdicts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analyzer.h"
#include "cli/options.h"

#define CODE_MAX 64

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

struct candidates { /* each code, and each kind once */
	size_t index;
	bool kind_given;
	char kind[CODE_MAX];
};

static const char *next_candidate(void *context)
{
	struct candidates *candidates = context;
	const struct verdict *verdict = verdict_at(candidates->index);
	size_t kind;

	if (!verdict)
		return NULL;
	kind = strcspn(verdict->code, ".");
	if (!candidates->kind_given && kind < sizeof(candidates->kind) &&
	    (strncmp(candidates->kind, verdict->code, kind) || candidates->kind[kind])) {
		memcpy(candidates->kind, verdict->code, kind);
		candidates->kind[kind] = '\0';
		candidates->kind_given = true;
		return candidates->kind;
	}
	candidates->kind_given = false;
	candidates->index++;
	return verdict->code;
}

/* What somebody could have meant who wrote "never-waits": the code whose last part is nearest. */
static const char *next_last_part(void *context)
{
	size_t *index = context;
	const struct verdict *verdict = verdict_at((*index)++);
	const char *dot = verdict ? strchr(verdict->code, '.') : NULL;

	return dot ? dot + 1 : verdict ? verdict->code : NULL;
}

static const char *closest_code(const char *word)
{
	struct candidates candidates = {0};
	const char *close = closest_word(word, next_candidate, &candidates);
	const char *dot = strchr(word, '.');
	size_t index = 0;
	const struct verdict *verdict;

	if (close && strchr(close, '.'))
		return close;
	if (close) /* a kind: the text lives in `candidates`, so take it from a code */
		for (size_t i = 0; (verdict = verdict_at(i)); i++)
			if (verdict_matches(verdict, close))
				return verdict->code;
	close = closest_word(dot ? dot + 1 : word, next_last_part, &index);
	for (size_t i = 0; close && (verdict = verdict_at(i)); i++)
		if (strlen(verdict->code) >= strlen(close) &&
		    !strcmp(verdict->code + strlen(verdict->code) - strlen(close), close))
			return verdict->code;
	return NULL;
}

int verdict_check(const char *word, struct error *error)
{
	const struct verdict *verdict;
	const char *close;

	for (size_t i = 0; (verdict = verdict_at(i)); i++)
		if (strcmp(word, "any") && verdict_matches(verdict, word))
			return 0;
	close = closest_code(word);
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
