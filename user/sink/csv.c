/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event log as CSV (RFC 4180): the rows of jsonl in one fixed set of columns (common/row.h, docs/export.md), names
 * in the first line. What is not known, or not a fact of that type, is empty. Strings of traced programs are escaped as
 * for a terminal, so that a row is one line whatever they hold; arguments are words as a shell takes them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event/event.h"
#include "sink/common/describe.h"
#include "sink/common/lines.h"
#include "sink/common/row.h"
#include "sink/sink.h"

#define END_OF_LINE "\r\n" /* RFC 4180, section 2.1 */

struct csv {
	struct row_maker maker;
	struct lines lines;
	struct buffer text; /* of the field at hand */
};

/* Quoted where it has to be, and where it is empty: nothing at all is what is not known. */
static void write_field(struct buffer *out, const char *text, size_t length)
{
	if (length && !strpbrk(text, ",\"\r\n")) {
		buffer_append(out, text, length);
		return;
	}
	buffer_char(out, '"');
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"')
			buffer_char(out, '"');
		buffer_char(out, text[i]);
	}
	buffer_char(out, '"');
}

static void join_words(struct buffer *out, const char *words, size_t total)
{
	size_t cursor = 0, length;
	const char *word, *blank = "";

	while ((word = next_word(words, total, &cursor, &length))) {
		buffer_text_append(out, blank);
		text_shell_word(out, word, length, 0);
		blank = " ";
	}
}

static void write_stranger(struct csv *csv, const struct cell *cell)
{
	buffer_clear(&csv->text);
	if (cell->kind == CELL_WORDS)
		join_words(&csv->text, cell->bytes, cell->length);
	else
		text_escape(&csv->text, cell->bytes, cell->length, 0);
	if (csv->text.failed)
		csv->lines.buffer.failed = true;
	else
		write_field(&csv->lines.buffer, buffer_text(&csv->text), csv->text.length);
}

static void write_cell(struct csv *csv, const struct cell *cell)
{
	struct buffer *out = &csv->lines.buffer;

	switch (cell->kind) {
	case CELL_UNSIGNED:
		buffer_unsigned(out, cell->u);
		return;
	case CELL_SIGNED:
		buffer_signed(out, cell->i);
		return;
	case CELL_BOOL:
		buffer_text_append(out, cell->u ? "true" : "false");
		return;
	case CELL_TEXT:
		write_field(out, cell->bytes, cell->length);
		return;
	case CELL_BYTES:
	case CELL_WORDS:
		write_stranger(csv, cell);
		return;
	case CELL_NULL:
		break;
	}
}

static int write_row(void *context, const struct row *row)
{
	const struct cell *by_column[ROW_COLUMN_COUNT] = {NULL};
	struct csv *csv = context;

	for (unsigned i = 0; i < row->count; i++)
		by_column[row->cells[i].column] = &row->cells[i];
	for (unsigned i = 0; i < ROW_COLUMN_COUNT; i++) {
		if (i)
			buffer_char(&csv->lines.buffer, ',');
		if (by_column[i])
			write_cell(csv, by_column[i]);
	}
	return lines_end(&csv->lines, END_OF_LINE);
}

static int write_names(struct csv *csv)
{
	for (unsigned i = 0; i < ROW_COLUMN_COUNT; i++) {
		if (i)
			buffer_char(&csv->lines.buffer, ',');
		buffer_text_append(&csv->lines.buffer, row_column_name(i));
	}
	return lines_end(&csv->lines, END_OF_LINE);
}

static int open_csv(const struct sink_context *context, void **state)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	if (!csv)
		return -ENOMEM;
	csv->lines.out = context->out;
	rows_open(&csv->maker, context->model, write_row, csv);
	*state = csv;
	return 0;
}

static int take_event(const struct sink_context *context, void *state, const struct event *event)
{
	struct csv *csv = state;
	int result = event->kind == EVENT_begin ? write_names(csv) : 0;

	(void)context;
	return result ? result : rows_event(&csv->maker, event);
}

static int close_csv(const struct sink_context *context, void *state)
{
	struct csv *csv = state;
	int result = rows_end(&csv->maker), flushed = lines_flush(&csv->lines);

	(void)context;
	rows_close(&csv->maker);
	lines_free(&csv->lines);
	buffer_free(&csv->text);
	free(csv);
	return result ? result : flushed;
}

const struct sink sink_csv = {
    .name = "csv",
    .suffix = ".csv",
    .help = "the same rows in one table, RFC 4180 (docs/export.md tells the columns)",
    .open = open_csv,
    .event = take_event,
    .close = close_csv,
};
