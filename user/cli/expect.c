/* SPDX-License-Identifier: BSD-2-Clause
 * Reading `.expect` files; see expect.h. What they say is checked in expect_check.c. */
#include "cli/expect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1 << 20)

struct expect {
	struct directive *items;
	unsigned count;
};

static const char *const names[] = {"about", "kind", "default", "needs", "options", "expect",
				    "none",  "exit",    "fact",  "lock",    "explain"};

static bool is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* The end of a word: a blank outside of double quotes. Quotes are taken out where they stand. */
static char *cut_word(char *at)
{
	char *to = at;
	bool quoted = false;

	for (; *at && (quoted || (*at != ' ' && *at != '\t')); at++) {
		if (*at == '"')
			quoted = !quoted;
		else
			*to++ = *at;
	}
	if (*at)
		at++;
	*to = '\0';
	return at;
}

static int split_words(struct directive *directive)
{
	char *at;
	unsigned count = 0;

	directive->split = strdup(directive->text);
	directive->words = calloc(strlen(directive->text) / 2 + 2, sizeof(*directive->words));
	if (!directive->split || !directive->words)
		return -ENOMEM;
	for (at = directive->split; *at;) {
		char *word = at;

		at = cut_word(at);
		if (*word)
			directive->words[count++] = word;
	}
	return 0;
}

static int add_line(struct expect *expect, unsigned number, const char *line)
{
	struct directive *items = realloc(expect->items, (expect->count + 1) * sizeof(*items));
	size_t length = strcspn(line, " \t");
	struct directive *directive;

	if (!items)
		return -ENOMEM;
	expect->items = items;
	directive = &items[expect->count++];
	*directive = (struct directive){
	    .line = number, .name = strndup(line, length), .text = strdup(line[length] ? line + length + 1 : "")};
	if (!directive->name || !directive->text)
		return -ENOMEM;
	return is_known(directive->name) ? split_words(directive) : -EINVAL;
}

static int read_lines(FILE *file, struct expect *expect)
{
	char *line = NULL;
	size_t size = 0;
	size_t total = 0;
	ssize_t length;
	int err = 0;

	for (unsigned number = 1; !err && (length = getline(&line, &size, file)) >= 0; number++) {
		total += (size_t)length;
		line[strcspn(line, "\r\n")] = '\0';
		if (total > FILE_MAX)
			err = -EFBIG;
		else if (*line && *line != '#')
			err = add_line(expect, number, line);
	}
	if (!err && ferror(file))
		err = -EIO;
	free(line);
	return err;
}

static int refuse(const struct expect *expect, const char *path, int err, struct error *error)
{
	const struct directive *last = expect && expect->count ? &expect->items[expect->count - 1] : NULL;

	if (err == -EINVAL && last)
		return error_set(error, err, "%s:%u: there is no directive '%s'", path, last->line, last->name);
	return error_errno(error, err, "cannot read %s", path);
}

int expect_load(const char *path, struct expect **result, struct error *error)
{
	struct expect *expect = calloc(1, sizeof(*expect));
	FILE *file = fopen(path, "re");
	int err = !expect ? -ENOMEM : !file ? -errno : read_lines(file, expect);

	if (file)
		fclose(file);
	if (!err) {
		*result = expect;
		return 0;
	}
	err = refuse(expect, path, err, error);
	expect_free(expect);
	return err;
}

void expect_free(struct expect *expect)
{
	for (unsigned i = 0; expect && i < expect->count; i++) {
		free(expect->items[i].name);
		free(expect->items[i].text);
		free(expect->items[i].words);
		free(expect->items[i].split);
	}
	free(expect ? expect->items : NULL);
	free(expect);
}

const struct directive *expect_next(const struct expect *expect, const char *name, const struct directive *after)
{
	unsigned i = after ? (unsigned)(after - expect->items) + 1 : 0;

	for (; i < expect->count; i++)
		if (!strcmp(expect->items[i].name, name))
			return &expect->items[i];
	return NULL;
}

const char *expect_about(const struct expect *expect)
{
	const struct directive *about = expect_next(expect, "about", NULL);

	return about ? about->text : "";
}
