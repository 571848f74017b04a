/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The html export: one file that any browser opens and that asks the network for nothing. What is looked at is made in
 * the browser (user/sink/html/); here the data are put between the parts of the page, as JSON in blocks that no browser
 * runs:
 *
 *   events   a row for each line of the event log (common/row.h), written as the events pass; see write_row
 *   report   the report as --format json has it (lifeline.report/1)
 *   extra    what a page has to say besides: names of locks, the verdicts' explanations, whether the trace broke off
 *
 * Within these blocks `<` is written as an escape, so that nothing a stranger chose can end one. The page's policy lets
 * only this very script and style in (by their hashes), and nothing else from anywhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analyzer.h"
#include "base/hash.h"
#include "base/json.h"
#include "event/event.h"
#include "html_assets.h" /* made by the Makefile: where the parts are, and their hashes */
#include "sink/common/describe.h"
#include "sink/common/event_words.h"
#include "sink/common/lines.h"
#include "sink/common/locks.h"
#include "sink/common/report_json.h"
#include "sink/common/row.h"
#include "sink/common/row_json.h"
#include "sink/sink.h"

/* The assembler copies the page's parts in. */
#define INCLUDE_TEXT(symbol, path)                                                                                     \
	__asm__(".pushsection .rodata\n" #symbol ":\n"                                                                \
		".incbin \"" path "\"\n" \
		".byte 0\n" \
		".popsection\n"); \
	extern const char symbol[]

INCLUDE_TEXT(lifeline_html_body, HTML_BODY_FILE);
INCLUDE_TEXT(lifeline_html_style, HTML_STYLE_FILE);
INCLUDE_TEXT(lifeline_html_script, HTML_SCRIPT_FILE);

#define POLICY                                                                                                         \
	"default-src 'none'; script-src 'sha256-" HTML_SCRIPT_HASH "'; style-src 'sha256-" HTML_STYLE_HASH             \
	"'; base-uri 'none'; form-action 'none'"

struct html {
	const struct sink_context *context;
	struct row_maker maker;
	const struct event *event; /* the one that is being made rows of */
	struct lines lines;
	struct buffer row;
	struct hash indices; /* (pid, start) → its number + 1, as a pointer */
	uint64_t processes;  /* numbers given away */
	bool any_row;
};

/* ---- JSON within a page ----------------------------------------------------------------------------- */

/* In JSON `<` stands in strings only. U+2028 and U+2029 end lines in scripts: they are escaped for whoever copies a
 * block into one. */
static size_t plain_run(const char *text, size_t length)
{
	size_t run = 0;

	while (run < length && text[run] != '<' &&
	       !(length - run >= 3 && !memcmp(text + run, "\xe2\x80", 2) && (text[run + 2] & 0xfe) == 0xa8))
		run++;
	return run;
}

/* What the text begins with, when no plain run does: its escape, and how many bytes that replaces. */
static const char *escape_of(const char *text, size_t *length)
{
	*length = text[0] == '<' ? 1 : 3;
	return text[0] == '<' ? "\\u003c" : (unsigned char)text[2] == 0xa8 ? "\\u2028" : "\\u2029";
}

static void embed(struct buffer *out, const char *text, size_t length)
{
	for (size_t at = 0, replaced; at < length; at += replaced) {
		size_t run = plain_run(text + at, length - at);

		buffer_append(out, text + at, run);
		at += run;
		if (at == length)
			return;
		buffer_text_append(out, escape_of(text + at, &replaced));
	}
}

/* A report_json_put: the same, to the file. */
static void put_embedded(FILE *out, const char *text, size_t length)
{
	for (size_t at = 0, replaced; at < length; at += replaced) {
		size_t run = plain_run(text + at, length - at);

		fwrite(text + at, 1, run, out);
		at += run;
		if (at == length)
			return;
		fputs(escape_of(text + at, &replaced), out);
	}
}

/* ---- rows ------------------------------------------------------------------------------------------- */

/* Ends the row at hand. */
static int end_row(struct html *html)
{
	struct buffer *out = &html->lines.buffer;

	if (html->row.failed || out->failed)
		return -ENOMEM;
	buffer_text_append(out, html->any_row ? ",\n" : "\n");
	html->any_row = true;
	embed(out, html->row.data, html->row.length);
	buffer_clear(&html->row);
	return lines_pass(&html->lines);
}

/*
 * Processes have numbers in rows, from 0, in order of first sight: a row of one member gives the next number to that
 * id. -1: nobody, or not known. A negative errno is told through `error`.
 */
static int64_t process_number(struct html *html, uint32_t pid, uint64_t start_ns, int *error)
{
	struct process_ref id = {pid, start_ns};
	char text[PROCESS_ID_SIZE];
	void *known;

	if (!describe_process_id(id, text))
		return -1;
	known = hash_get(&html->indices, pid, start_ns);
	if (known)
		return (int64_t)(uintptr_t)known - 1;
	*error = hash_put(&html->indices, pid, start_ns, (void *)(uintptr_t)(html->processes + 1));
	if (*error)
		return -1;
	buffer_format(&html->row, "[\"%s\"]", text);
	*error = end_row(html);
	return (int64_t)html->processes++;
}

/* What the row's head or the report has already. */
static bool is_told(const struct cell *cell)
{
	switch (cell->column) {
	case COLUMN_t_ns:
	case COLUMN_type:
	case COLUMN_pid:
	case COLUMN_tid:
	case COLUMN_comm:
	case COLUMN_id:
	case COLUMN_kind:
	case COLUMN_name:
		return true;
	default:
		return cell->kind == CELL_NULL;
	}
}

static void write_keys(struct json *json, const struct row *row)
{
	json_object_open(json);
	for (unsigned i = 0; i < row->count; i++) {
		if (is_told(&row->cells[i]))
			continue;
		json_key(json, row_column_name(row->cells[i].column));
		row_json_value(json, &row->cells[i]);
	}
	json_object_close(json);
}

/* Of switches there can be very many: no keys, but next process, next tid, state, reason, woken at, woken by. */
static void write_switch(struct html *html, struct json *json, int64_t next)
{
	const struct event_switch *told = (const void *)html->event;
	const char state[] = {(char)(told->state >= 'A' && told->state <= 'Z' ? told->state : '?'), 0};

	json_signed(json, next);
	json_unsigned(json, told->next_tid);
	json_string(json, state);
	json_string(json, event_switch_reason_name(told->reason));
	if (told->woken_ns)
		json_signed(json, observation_relative(html->context->model, told->woken_ns));
	else
		json_null(json);
	json_unsigned(json, told->waker_tid);
}

/* [t_ns, type, process, tid, {the other keys of the event log}] */
static int write_row(void *context, const struct row *row)
{
	struct html *html = context;
	const struct event *event = html->event;
	bool is_switch = event && event->kind == EVENT_switch;
	int64_t actor = -1, next = -1;
	struct json json;
	int error = 0;

	if (!strcmp(row->type, "sample")) /* the report has the sums */
		return 0;
	if (event)
		actor = process_number(html, event->pid, event->start_ns, &error);
	if (!error && is_switch)
		next = process_number(html, ((const struct event_switch *)event)->next_pid,
				      ((const struct event_switch *)event)->next_start, &error);
	if (error)
		return error;
	json_begin(&json, &html->row, false);
	json_array_open(&json);
	row_json_value(&json, &row->cells[0]);
	json_string(&json, row->type);
	json_signed(&json, actor);
	json_unsigned(&json, event ? event->tid : 0);
	if (is_switch)
		write_switch(html, &json, next);
	else
		write_keys(&json, row);
	json_array_close(&json);
	return end_row(html);
}

/* ---- what a page says besides ------------------------------------------------------------------------ */

static int write_lock_names(struct html *html, struct json *json)
{
	struct buffer name = {0};
	struct lock_row *rows;
	bool failed;
	size_t count;

	if (collect_locks(html->context->model, &rows, &count))
		return -ENOMEM;
	json_key(json, "locks");
	json_array_open(json);
	for (size_t i = 0; i < count; i++) {
		buffer_clear(&name);
		describe_lock_name(rows[i].lock, &name);
		json_array_open(json);
		json_unsigned(json, rows[i].lock->number);
		json_bytes(json, buffer_text(&name), name.length);
		json_array_close(json);
	}
	json_array_close(json);
	failed = name.failed;
	buffer_free(&name);
	free(rows);
	return failed ? -ENOMEM : 0;
}

static void write_verdict(struct json *json, const struct verdict *verdict)
{
	json_key(json, verdict->code);
	json_object_open(json);
	json_key_string(json, "title", verdict->title);
	json_key_string(json, "meaning", verdict->meaning);
	json_key_string(json, "confirm", verdict->confirm);
	json_key_string(json, "fix", verdict->fix);
	json_object_close(json);
}

/* Each code that was found, once. */
static int write_verdicts(struct html *html, struct json *json)
{
	const struct finding *finding;
	struct hash told = {0};
	int error = 0;

	json_key(json, "verdicts");
	json_object_open(json);
	for (size_t i = 0; !error && (finding = findings_get(html->context->findings, i)); i++) {
		if (hash_get(&told, (uintptr_t)finding->verdict, 0))
			continue;
		error = hash_put(&told, (uintptr_t)finding->verdict, 0, html);
		write_verdict(json, finding->verdict);
	}
	json_object_close(json);
	hash_free(&told);
	return error;
}

static int write_extra(struct html *html)
{
	const struct observation *observation = model_observation(html->context->model);
	struct buffer text = {0};
	struct json json;
	int error;

	json_begin(&json, &text, false);
	json_object_open(&json);
	json_key_bool(&json, "cut", !observation->finished || observation->ended_by == ENDED_CUT);
	json_key_unsigned(&json, "zombie_after_ns", observation->zombie_after_ns);
	error = write_lock_names(html, &json);
	if (!error)
		error = write_verdicts(html, &json);
	json_object_close(&json);
	if (!error)
		embed(&html->lines.buffer, text.data, text.length);
	error = error ? error : text.failed ? -ENOMEM : 0;
	buffer_free(&text);
	return error;
}

/* ---- the sink --------------------------------------------------------------------------------------- */

static void write_head(struct buffer *out)
{
	buffer_text_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
				"<meta http-equiv=\"Content-Security-Policy\" content=\"" POLICY "\">\n"
				"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
				"<meta name=\"color-scheme\" content=\"light dark\">\n"
				"<meta name=\"referrer\" content=\"no-referrer\">\n"
				"<title>lifeline</title>\n<style>");
	buffer_text_append(out, lifeline_html_style);
	buffer_text_append(out, "</style>\n</head>\n<body>\n");
	buffer_text_append(out, lifeline_html_body);
	buffer_text_append(out, "<script type=\"application/json\" id=\"events\">[");
}

static int open_html(const struct sink_context *context, void **state)
{
	struct html *html = calloc(1, sizeof(*html));

	if (!html)
		return -ENOMEM;
	html->context = context;
	html->lines.out = context->out;
	rows_open(&html->maker, context->model, write_row, html);
	write_head(&html->lines.buffer);
	*state = html;
	return 0;
}

static int take_event(const struct sink_context *context, void *state, const struct event *event)
{
	struct html *html = state;
	int result;

	(void)context;
	html->event = event;
	result = rows_event(&html->maker, event);
	html->event = NULL;
	return result;
}

static int write_rest(struct html *html)
{
	struct buffer *out = &html->lines.buffer;
	int error = rows_end(&html->maker);

	buffer_text_append(out, "\n]</script>\n<script type=\"application/json\" id=\"report\">");
	if (!error)
		error = lines_flush(&html->lines);
	if (!error)
		error = report_json_write(html->context, false, put_embedded);
	buffer_text_append(out, "</script>\n<script type=\"application/json\" id=\"extra\">");
	if (!error)
		error = write_extra(html);
	buffer_text_append(out, "</script>\n<script>");
	buffer_text_append(out, lifeline_html_script);
	buffer_text_append(out, "</script>\n</body>\n</html>\n");
	return error ? error : lines_flush(&html->lines);
}

static int close_html(const struct sink_context *context, void *state)
{
	struct html *html = state;
	int result = write_rest(html);

	(void)context;
	rows_close(&html->maker);
	lines_free(&html->lines);
	buffer_free(&html->row);
	hash_free(&html->indices);
	free(html);
	return result;
}

const struct sink sink_html = {
    .name = "html",
    .suffix = ".html",
    .help = "a page for a browser: verdicts, lifelines to zoom into, tables of locks and switches",
    .open = open_html,
    .event = take_event,
    .close = close_html,
};
