/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event log as JSON lines, schema lifeline.events/1 (common/events.schema.json): one object a line, a header first.
 * Lines go out as the events pass; nothing is kept but the line at hand and a buffer of 64 KiB.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "event/event.h"
#include "sink/common/describe.h"
#include "sink/common/lines.h"
#include "sink/common/row.h"
#include "sink/common/row_json.h"
#include "sink/sink.h"

struct jsonl {
	struct row_maker maker;
	struct lines lines;
	const struct sink_context *context;
};

static int write_row(void *context, const struct row *row)
{
	struct jsonl *jsonl = context;
	struct json json;

	json_begin(&json, &jsonl->lines.buffer, false);
	json_object_open(&json);
	for (unsigned i = 0; i < row->count; i++) {
		json_key(&json, row_column_name(row->cells[i].column));
		row_json_value(&json, &row->cells[i]);
	}
	json_object_close(&json);
	return lines_end(&jsonl->lines, "\n");
}

static void write_host(struct json *json, const struct observation *observation)
{
	json_key(json, "host");
	json_object_open(json);
	json_key_string(json, "kernel", observation->kernel && *observation->kernel ? observation->kernel : NULL);
	json_key_string(json, "arch", observation->arch && *observation->arch ? observation->arch : NULL);
	json_key_unsigned(json, "cpus", observation->cpus);
	json_object_close(json);
}

static void write_tool(struct json *json, const char *version)
{
	json_key(json, "tool");
	json_object_open(json);
	json_key_string(json, "name", "lifeline");
	json_key_string(json, "version", version);
	json_object_close(json);
}

/* The first line: what holds for all that follow. Its own time is the one that all others count from. */
static int write_header(struct jsonl *jsonl, const struct event *begin)
{
	const struct observation *observation = model_observation(jsonl->context->model);
	char started[STARTED_SIZE];
	struct json json;

	json_begin(&json, &jsonl->lines.buffer, false);
	json_object_open(&json);
	json_key_string(&json, "type", "header");
	json_key_string(&json, "schema", "lifeline.events/1");
	json_key_signed(&json, "t_ns", 0);
	json_key_unsigned(&json, "pid", begin->pid);
	json_key_unsigned(&json, "tid", begin->tid);
	json_key(&json, "comm");
	json_bytes(&json, begin->comm, strnlen(begin->comm, COMM_SIZE));
	write_tool(&json, jsonl->context->version);
	write_host(&json, observation);
	json_key_string(&json, "mode", describe_mode(observation));
	json_key_string(&json, "started", describe_started(observation, started));
	json_key_unsigned(&json, "boot_ns", observation->begin_ns);
	json_key(&json, "command");
	if (observation->command_length)
		json_words(&json, observation->command, observation->command_length);
	else
		json_null(&json);
	json_object_close(&json);
	return lines_end(&jsonl->lines, "\n");
}

static int open_jsonl(const struct sink_context *context, void **state)
{
	struct jsonl *jsonl = calloc(1, sizeof(*jsonl));

	if (!jsonl)
		return -ENOMEM;
	jsonl->context = context;
	jsonl->lines.out = context->out;
	rows_open(&jsonl->maker, context->model, write_row, jsonl);
	*state = jsonl;
	return 0;
}

static int take_event(const struct sink_context *context, void *state, const struct event *event)
{
	struct jsonl *jsonl = state;
	int result = event->kind == EVENT_begin ? write_header(jsonl, event) : 0;

	(void)context;
	return result ? result : rows_event(&jsonl->maker, event);
}

static int close_jsonl(const struct sink_context *context, void *state)
{
	struct jsonl *jsonl = state;
	int result = rows_end(&jsonl->maker), flushed = lines_flush(&jsonl->lines);

	(void)context;
	rows_close(&jsonl->maker);
	lines_free(&jsonl->lines);
	free(jsonl);
	return result ? result : flushed;
}

const struct sink sink_jsonl = {
    .name = "jsonl",
    .suffix = ".jsonl",
    .help = "the events, a JSON object a line (lifeline --json-schema events)",
    .open = open_jsonl,
    .event = take_event,
    .close = close_jsonl,
};
