/* SPDX-License-Identifier: BSD-2-Clause
 * Text scenarios as a source: reads the file, splits lines, keeps expectations apart from events; see script.h.
 *
 * The whole file is read when it is opened, in two passes (births first), so that an error is told with its line before
 * anything runs. What is handed over are ordinary records, in the order of the lines. */
#include "source/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "source/script_line.h"

#define REORDER_NS 5000000ULL /* lines may be that much out of order, as records of two processors are */

struct script {
	struct source source; /* first */
	struct buffer records;
	bool begun; /* it has a `begin` line */
	struct script_expectation *expectations, *last_expectation;
};

/* ---- words */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The end of the word at `text`: a blank outside of quotes and brackets. NULL: a quote or bracket is not closed. */
static char *word_end(char *text)
{
	bool quoted = false;
	int depth = 0;

	for (; *text; text++) {
		if (quoted && *text == '\\' && text[1])
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && *text == '[')
			depth++;
		else if (!quoted && *text == ']')
			depth--;
		else if (!quoted && depth <= 0 && is_blank(*text))
			break;
	}
	return quoted || depth > 0 ? NULL : text;
}

static int split_line(struct script_line *line, char *text, struct error *error)
{
	line->count = 0;
	for (;;) {
		char *end;

		while (is_blank(*text))
			text++;
		if (!*text || *text == '#')
			return 0;
		if (line->count == SCRIPT_WORDS_MAX)
			return error_set(error, -E2BIG, "%s:%u: more than %d words", line->path, line->number,
					 SCRIPT_WORDS_MAX);
		end = word_end(text);
		if (!end)
			return error_set(error, -EINVAL, "%s:%u: a quote or bracket is not closed", line->path,
					 line->number);
		line->words[line->count++] = text;
		text = end;
		if (*text)
			*text++ = '\0';
	}
}

/* ---- expectations */

static const char *const expectation_words[] = {
    [SCRIPT_EXPECT] = "expect", [SCRIPT_NONE] = "none", [SCRIPT_FACT] = "fact"};

static int expectation_kind(const char *word)
{
	for (int kind = 0; kind < (int)(sizeof(expectation_words) / sizeof(expectation_words[0])); kind++)
		if (!strcmp(word, expectation_words[kind]))
			return kind;
	return -1;
}

static int bad_word(const struct script_line *line, const char *word, const char *what, struct error *error)
{
	return error_set(error, -EINVAL, "%s:%u: `%.80s` %s", line->path, line->number, word, what);
}

static int add_condition(struct script_expectation *expectation, const char *word)
{
	size_t name_length = strcspn(word, "=~");
	struct script_condition *larger;
	struct buffer value = {0};
	int err;

	if (!name_length || !word[name_length])
		return -EINVAL;
	larger = realloc(expectation->conditions, (expectation->condition_count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	expectation->conditions = larger;
	err = script_unquote(word + name_length + 1, &value);
	if (err) {
		buffer_free(&value);
		return err;
	}
	larger += expectation->condition_count++;
	larger->contains = word[name_length] == '~';
	larger->name = strndup(word, name_length);
	larger->value = buffer_take(&value);
	return larger->name && larger->value ? 0 : -ENOMEM;
}

static struct script_expectation *append_expectation(struct script *script, enum script_kind kind, unsigned line)
{
	struct script_expectation *expectation = calloc(1, sizeof(*expectation));

	if (!expectation)
		return NULL;
	expectation->kind = kind;
	expectation->line = line;
	expectation->count = -1;
	if (script->last_expectation)
		script->last_expectation->next = expectation;
	else
		script->expectations = expectation;
	script->last_expectation = expectation;
	return expectation;
}

static int read_expectation(struct script *script, const struct script_line *line, enum script_kind kind,
			    struct error *error)
{
	struct script_expectation *expectation;

	if (line->count < 2)
		return bad_word(line, line->words[0], "needs a subject", error);
	expectation = append_expectation(script, kind, line->number);
	if (!expectation)
		return -ENOMEM;
	expectation->subject = strdup(line->words[1]);
	if (!expectation->subject)
		return -ENOMEM;
	for (unsigned i = 2; i < line->count; i++) {
		const char *word = line->words[i];
		int64_t count;
		int err;

		if (kind == SCRIPT_EXPECT && *word == 'x' && !text_parse_number(word + 1, 0, 1000000, &count)) {
			expectation->count = (int)count;
			continue;
		}
		err = add_condition(expectation, word);
		if (err == -EINVAL)
			return bad_word(line, word, "is not name=value", error);
		if (err)
			return err;
	}
	if (kind == SCRIPT_FACT && !expectation->condition_count)
		return bad_word(line, line->words[0], "says nothing of its subject", error);
	return 0;
}

const struct script_expectation *source_script_expectations(const struct source *source)
{
	return ((const struct script *)source)->expectations;
}

static void free_expectations(struct script_expectation *expectation)
{
	while (expectation) {
		struct script_expectation *next = expectation->next;

		for (size_t i = 0; i < expectation->condition_count; i++) {
			free(expectation->conditions[i].name);
			free(expectation->conditions[i].value);
		}
		free(expectation->conditions);
		free(expectation->subject);
		free(expectation);
		expectation = next;
	}
}

/* ---- the file */

struct reading {
	struct script *script;
	struct script_cast *cast;
	struct event_builder builder;
	bool births; /* first pass */
};

static int add_record(struct reading *reading)
{
	const struct event *event = event_built(&reading->builder);

	reading->script->begun |= event->kind == EVENT_begin;
	buffer_append(&reading->script->records, event, event->size);
	return reading->script->records.failed ? -ENOMEM : 0;
}

static int read_line(struct reading *reading, const struct script_line *line, struct error *error)
{
	int kind, err;

	if (!line->count)
		return 0;
	kind = expectation_kind(line->words[0]);
	if (kind >= 0)
		return reading->births ? 0 : read_expectation(reading->script, line, kind, error);
	if (reading->births)
		return script_note_births(reading->cast, line, error);
	err = script_make_event(reading->cast, line, &reading->builder, error);
	return err ? err : add_record(reading);
}

static int read_pass(struct reading *reading, FILE *file, const char *path, struct error *error)
{
	struct script_line line = {.path = path};
	char *text = NULL;
	size_t capacity = 0;
	ssize_t length;
	int err = 0;

	rewind(file);
	while (!err && (length = getline(&text, &capacity, file)) >= 0) {
		line.number++;
		if (memchr(text, 0, (size_t)length))
			err = error_set(error, -EINVAL, "%s:%u: a zero byte in the text", path, line.number);
		else
			err = split_line(&line, text, error);
		if (!err)
			err = read_line(reading, &line, error);
		if (err == -ENOMEM)
			error_set(error, err, "%s:%u: out of memory", path, line.number);
	}
	if (!err && ferror(file))
		err = error_errno(error, errno ? -errno : -EIO, "cannot read the scenario %s", path);
	free(text);
	return err;
}

/* A scenario that does not say how the observation began gets an ordinary beginning, at 0s and before all else. */
static int add_begin(struct reading *reading, struct error *error)
{
	static char time[] = "0s", name[] = "begin", nobody[] = "-";
	const struct script_line line = {.path = "begin", .words = {time, name, nobody}, .count = 3};
	struct buffer rest = reading->script->records;
	int err;

	if (reading->script->begun)
		return 0;
	reading->script->records = (struct buffer){0};
	err = script_make_event(reading->cast, &line, &reading->builder, error);
	if (!err)
		err = add_record(reading);
	buffer_append(&reading->script->records, rest.data ? rest.data : "", rest.length);
	buffer_free(&rest);
	return !err && reading->script->records.failed ? -ENOMEM : err;
}

static int read_file(struct script *script, const char *path, struct error *error)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	FILE *file = reading ? fopen(path, "re") : NULL;
	int err = 0;

	if (!reading)
		return error_errno(error, -ENOMEM, "cannot read the scenario %s", path);
	if (!file) {
		err = error_errno(error, -errno, "cannot open the scenario %s", path);
		goto out;
	}
	reading->script = script;
	reading->cast = script_cast_new();
	if (!reading->cast) {
		err = error_errno(error, -ENOMEM, "cannot read the scenario %s", path);
		goto out;
	}
	reading->births = true;
	err = read_pass(reading, file, path, error);
	reading->births = false;
	if (!err)
		err = read_pass(reading, file, path, error);
	if (!err)
		err = add_begin(reading, error);
out:
	if (file)
		fclose(file);
	script_cast_free(reading->cast);
	free(reading);
	return err;
}

static int pump(struct source *source, record_fn record, void *context, struct error *error)
{
	const struct script *script = (const struct script *)source;
	size_t position = 0;

	(void)error;
	while (position < script->records.length) {
		const struct event *event = (const void *)(script->records.data + position);
		int err = record(context, event, script->records.length - position);

		if (err < 0)
			return err;
		position += event->size;
	}
	return 0;
}

static void close_script(struct source *source)
{
	struct script *script = (struct script *)source;

	free_expectations(script->expectations);
	buffer_free(&script->records);
	free(script);
}

int source_script_open(const char *path, struct source **source, struct error *error)
{
	static const struct source_ops ops = {.pump = pump, .close = close_script, .reorder_ns = REORDER_NS};
	struct script *script = calloc(1, sizeof(*script));
	int err;

	if (!script)
		return error_errno(error, -ENOMEM, "cannot read the scenario %s", path);
	script->source.ops = &ops;
	err = read_file(script, path, error);
	if (err) {
		close_script(&script->source);
		return err;
	}
	*source = &script->source;
	return 0;
}
