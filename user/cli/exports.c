/* SPDX-License-Identifier: BSD-2-Clause
 * Exports; see exports.h. A failure of one ends that one alone: an observation goes on when a disk is full. */
#include "cli/exports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/closest.h"

struct export
{
	const struct sink *sink;
	const char *path;
	struct output output;
	struct sink_context context;
	void *state;
	bool open;
	int failed; /* negative errno; `error` has words for it, or the output does */
	struct error error;
};

struct exports {
	const struct engine *engine;
	bool begun, alone;
	unsigned count;
	struct export items[];
};

/* ---- FORMAT:FILE ------------------------------------------------------------------------------------- */

static void list_formats(struct buffer *out)
{
	for (unsigned i = 0; sinks[i]; i++)
		if (!sinks[i]->report)
			buffer_format(out, "%s%s", out->length ? ", " : "", sinks[i]->name);
}

static const struct sink *refuse_format(const char *name, size_t length, struct error *error)
{
	struct buffer formats = {0};
	struct closest closest;
	bool is_report = false;
	char word[32];

	snprintf(word, sizeof(word), "%.*s", (int)(length < 31 ? length : 31), name);
	list_formats(&formats);
	error_set(error, -EINVAL, "there is no export format '%s'", word);
	error_hint(error, "formats are: %s", buffer_text(&formats));
	closest_begin(&closest, word);
	for (unsigned i = 0; sinks[i]; i++) {
		is_report |= sinks[i]->report && !strcmp(sinks[i]->name, word);
		if (!sinks[i]->report)
			closest_offer(&closest, sinks[i]->name, strlen(sinks[i]->name));
	}
	if (is_report)
		error_hint(error, "that is the format of a report: lifeline report --format %s TRACE", word);
	if (closest_found(&closest) && !is_report)
		error_hint(error, "did you mean %s? Formats are: %s", closest_found(&closest), buffer_text(&formats));
	buffer_free(&formats);
	return NULL;
}

const struct sink *export_format(const char *name, size_t length, struct error *error)
{
	for (unsigned i = 0; sinks[i]; i++)
		if (!sinks[i]->report && strlen(sinks[i]->name) == length && !memcmp(sinks[i]->name, name, length))
			return sinks[i];
	return refuse_format(name, length, error);
}

static int split(const char *text, const struct sink **sink, const char **path, struct error *error)
{
	const char *colon = strchr(text, ':');

	if (!colon || !colon[1]) {
		error_set(error, -EINVAL, "'%s' lacks %s", text, colon ? "the name of a file" : "a format and a colon");
		error_hint(error, "write FORMAT:FILE, such as jsonl:events.jsonl; FILE - is standard output");
		return -EINVAL;
	}
	*sink = export_format(text, (size_t)(colon - text), error);
	*path = colon + 1;
	return *sink ? 0 : -EINVAL;
}

static int refuse_place(const char *path, const char *other, struct error *error)
{
	error_set(error, -EINVAL, "cannot write an export to %s, where %s goes",
		  strcmp(path, "-") ? path : "standard output", other);
	error_hint(error, "give each its own file");
	return -EINVAL;
}

static int check_terminal(const struct sink *sink, const char *path, struct error *error)
{
	if (!sink->binary || strcmp(path, "-") || !isatty(STDOUT_FILENO))
		return 0;
	error_set(error, -EINVAL, "%s is no text, and standard output is a terminal", sink->name);
	error_hint(error, "name a file, such as trace%s, or pipe it into a program", sink->suffix);
	return -EINVAL;
}

static int check_one(const struct option_list *list, unsigned index, const struct exports_beside *beside,
		     struct error *error)
{
	const struct sink *sink, *other;
	const char *path, *other_path;
	int err = split(list->items[index], &sink, &path, error);

	if (err < 0)
		return err;
	if (beside->report && !strcmp(beside->report, path))
		return refuse_place(path, "the report", error);
	if (beside->record && !strcmp(beside->record, path))
		return refuse_place(path, "the trace", error);
	for (unsigned i = 0; i < index; i++)
		if (!split(list->items[i], &other, &other_path, error) && !strcmp(other_path, path))
			return refuse_place(path, "another export", error);
	err = check_terminal(sink, path, error);
	return err < 0 ? err : output_check(path, "the export", error);
}

int exports_check(const struct option_list *list, const struct exports_beside *beside, struct error *error)
{
	for (unsigned i = 0; i < list->count; i++) {
		int err = check_one(list, i, beside, error);

		if (err < 0) {
			error_context(error, "option --export");
			return err;
		}
	}
	return 0;
}

/* ---- the run of events ------------------------------------------------------------------------------- */

int exports_new(const struct option_list *list, const struct engine *engine, struct exports **exports,
		struct error *error)
{
	struct exports *made;

	*exports = NULL;
	if (!list->count)
		return 0;
	made = calloc(1, sizeof(*made) + list->count * sizeof(made->items[0]));
	if (!made)
		return error_errno(error, -ENOMEM, "cannot export");
	made->engine = engine;
	made->count = list->count;
	for (unsigned i = 0; i < list->count; i++) {
		int err = split(list->items[i], &made->items[i].sink, &made->items[i].path, error);

		if (err < 0) {
			free(made);
			return err;
		}
	}
	*exports = made;
	return 0;
}

void exports_alone(struct exports *exports)
{
	if (exports)
		exports->alone = true;
}

static void fail(struct export *item, int err)
{
	if (err < 0 && !item->failed)
		item->failed = err;
}

static void open_item(struct exports *exports, struct export *item)
{
	const struct engine *engine = exports->engine;
	int err = output_open(&item->output, item->path, "the export", stdout, COLOR_NEVER, &item->error);

	if (err < 0) {
		fail(item, err);
		return;
	}
	item->open = true;
	item->context = (struct sink_context){.model = engine->model,
					      .findings = engine->findings,
					      .out = item->output.file,
					      .unicode = item->output.unicode,
					      .columns = item->output.columns,
					      .version = LIFELINE_VERSION};
	if (item->sink->open)
		fail(item, item->sink->open(&item->context, &item->state));
}

static bool any_works(const struct exports *exports)
{
	for (unsigned i = 0; i < exports->count; i++)
		if (!exports->items[i].failed)
			return true;
	return false;
}

int exports_observe(void *context, const struct event *event)
{
	struct exports *exports = context;

	for (unsigned i = 0; !exports->begun && i < exports->count; i++)
		open_item(exports, &exports->items[i]);
	exports->begun = true;
	for (unsigned i = 0; i < exports->count; i++) {
		struct export *item = &exports->items[i];

		if (!item->failed && item->sink->event)
			fail(item, item->sink->event(&item->context, item->state, event));
	}
	return exports->alone && !any_works(exports) ? -EIO : 0;
}

/* A sink that failed to open has no state to be closed. What the output knows of a failure says more than the sink. */
static void close_item(struct export *item)
{
	struct error written = {0};

	if (!item->open)
		return;
	if (item->state || (!item->failed && !item->sink->open))
		fail(item, item->sink->close(&item->context, item->state));
	if (output_close(&item->output, item->failed && item->failed != -EIO, &written) < 0) {
		item->failed = written.code;
		item->error = written;
	}
	if (item->failed && !item->error.code)
		error_errno(&item->error, item->failed, "cannot put the export to %s together", item->path);
}

int exports_close(struct exports *exports, struct error *error)
{
	int first = 0;

	for (unsigned i = 0; exports && i < exports->count; i++) {
		struct export *item = &exports->items[i];

		close_item(item);
		if (first || !item->failed)
			continue;
		first = item->failed;
		*error = item->error;
	}
	free(exports);
	return first;
}
