/* SPDX-License-Identifier: BSD-2-Clause
 * Lines for people; see page.h. */
#include "sink/common/page.h"

#include <string.h>

#include "base/text.h"

#define DEFAULT_COLUMNS 100
#define LEAST_COLUMNS 40

static const char *const escapes[] = {
    [STYLE_PLAIN] = "",
    [STYLE_STRONG] = "\033[1m",
    [STYLE_DIM] = "\033[2m",
    [STYLE_ERROR] = "\033[1;31m",
    [STYLE_WARNING] = "\033[1;33m",
    [STYLE_NOTE] = "\033[1;36m",
    [STYLE_HELP] = "\033[32m",
    [STYLE_ALIVE] = "\033[32m",
    [STYLE_DEAD] = "\033[31m",
    [STYLE_ADOPTED] = "\033[1;36m",
};

void page_begin(struct page *page, const struct sink_context *context)
{
	size_t columns = context->columns > 0 ? (size_t)context->columns : DEFAULT_COLUMNS;

	*page = (struct page){
	    .out = context->out,
	    .color = context->color,
	    .unicode = context->unicode,
	    .columns = columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns,
	};
}

void page_free(struct page *page)
{
	buffer_free(&page->line);
	buffer_free(&page->text);
	buffer_free(&page->folded);
}

const char *page_glyph(const struct page *page, const char *unicode, const char *ascii)
{
	return page->unicode ? unicode : ascii;
}

size_t page_left(const struct page *page)
{
	return page->columns - page->used;
}

/* ---- making text safe, and ASCII where it must be ------------------------------------------------------ */

static size_t step(const char *text, size_t length)
{
	size_t sequence = text_utf8_length(text, length);

	return sequence ? sequence : 1;
}

/* Our own typography has ASCII equals; all else is named. On a terminal of another encoding than UTF-8, the bytes of a
 * sequence could be control characters. */
static void fold(struct buffer *out, const char *text, size_t length)
{
	static const struct {
		const char *sequence, *ascii;
	} equals[] = {{"…", "..."}, {"→", "->"}, {"—", "--"}, {"–", "-"},
		      {"’", "'"},   {"“", "\""}, {"”", "\""}, {"×", "x"}};
	uint32_t character = (unsigned char)text[0] & (0xffu >> (length + 1));

	for (size_t i = 0; i < sizeof(equals) / sizeof(*equals); i++)
		if (strlen(equals[i].sequence) == length && memcmp(equals[i].sequence, text, length) == 0) {
			buffer_text_append(out, equals[i].ascii);
			return;
		}
	for (size_t i = 1; i < length; i++)
		character = character << 6 | ((unsigned char)text[i] & 0x3f);
	buffer_format(out, "\\u{%x}", character);
}

static const struct buffer *folded(struct page *page, const struct buffer *text)
{
	if (page->unicode)
		return text;
	buffer_clear(&page->folded);
	for (size_t i = 0, sequence; i < text->length; i += sequence) {
		sequence = step(text->data + i, text->length - i);
		if (sequence > 1)
			fold(&page->folded, text->data + i, sequence);
		else
			buffer_char(&page->folded, text->data[i]);
	}
	return &page->folded;
}

/* Valid until the next call. */
static const struct buffer *make_safe(struct page *page, const char *text, size_t length, size_t limit)
{
	buffer_clear(&page->text);
	text_escape(&page->text, text, length, limit);
	return folded(page, &page->text);
}

/* ---- adding to a line ---------------------------------------------------------------------------------- */

/* Bytes of what must not be cut in two: a character, or all that text_escape wrote for one ("\\x1b", "\\u{202e}"). */
static size_t unit(const char *text, size_t length)
{
	const char *end;

	if (*text != '\\' || length < 2)
		return step(text, length);
	if (text[1] == 'x')
		return length < 4 ? length : 4;
	end = text[1] == 'u' ? memchr(text, '}', length) : NULL;
	return end ? (size_t)(end - text) + 1 : 2;
}

/* Bytes of the longest beginning that takes at most `columns`; its columns in *taken. */
static size_t fitting(const char *text, size_t length, size_t columns, size_t *taken)
{
	size_t at = 0;

	*taken = 0;
	while (at < length) {
		size_t sequence = unit(text + at, length - at);
		size_t width = text_columns(text + at, sequence);

		if (*taken + width > columns)
			break;
		*taken += width;
		at += sequence;
	}
	return at;
}

static void append(struct page *page, enum style style, const char *text, size_t length, size_t columns)
{
	bool colored = page->color && style != STYLE_PLAIN && length;

	if (colored)
		buffer_text_append(&page->line, escapes[style]);
	buffer_append(&page->line, text, length);
	if (colored)
		buffer_text_append(&page->line, "\033[0m");
	page->used += columns;
}

/* Cut to `columns` (and to the margin), the cut being marked if `marked`. */
static void add_cut(struct page *page, enum style style, const char *text, size_t length, size_t columns, bool marked)
{
	const char *mark = page_glyph(page, "…", "...");
	size_t mark_columns = page->unicode ? 1 : 3, taken, fits;

	if (columns > page_left(page))
		columns = page_left(page);
	fits = fitting(text, length, columns, &taken);
	if (fits == length || !marked || columns < mark_columns) {
		append(page, style, text, fits, taken);
		return;
	}
	fits = fitting(text, length, columns - mark_columns, &taken);
	append(page, style, text, fits, taken);
	append(page, style, mark, strlen(mark), mark_columns);
}

void page_add(struct page *page, enum style style, const char *text)
{
	add_cut(page, style, text, strlen(text), page->columns, false);
}

void page_format(struct page *page, enum style style, const char *format, ...)
{
	va_list arguments;

	buffer_clear(&page->text);
	va_start(arguments, format);
	buffer_vformat(&page->text, format, arguments);
	va_end(arguments);
	add_cut(page, style, buffer_text(&page->text), page->text.length, page->columns, false);
	page->failed |= page->text.failed;
}

void page_stranger(struct page *page, enum style style, const char *text, size_t length, size_t columns)
{
	/* no byte becomes less than one column but those of UTF-8, so more than this can never be shown */
	const struct buffer *safe = make_safe(page, text, length, 4 * page->columns + 4);

	add_cut(page, style, buffer_text(safe), safe->length, columns, true);
	page->failed |= safe->failed;
}

void page_escaped(struct page *page, enum style style, const char *text, size_t columns)
{
	const struct buffer *safe;

	buffer_clear(&page->text);
	buffer_text_append(&page->text, text);
	safe = folded(page, &page->text);
	add_cut(page, style, buffer_text(safe), safe->length, columns, true);
	page->failed |= safe->failed;
}

size_t page_measure(struct page *page, const char *text, size_t length)
{
	const struct buffer *safe = make_safe(page, text, length, 4 * page->columns + 4);

	return text_columns(buffer_text(safe), safe->length);
}

void page_pad(struct page *page, size_t column)
{
	if (column > page->columns)
		column = page->columns;
	if (column > page->used)
		page_format(page, STYLE_PLAIN, "%*s", (int)(column - page->used), "");
}

void page_end(struct page *page)
{
	struct buffer *line = &page->line;

	while (line->length && line->data[line->length - 1] == ' ')
		line->length--;
	buffer_char(line, '\n');
	page->failed |= line->failed;
	if (!line->failed)
		fwrite(line->data, 1, line->length, page->out); /* an error latches in the FILE */
	buffer_clear(line);
	page->used = 0;
}

/* ---- paragraphs ---------------------------------------------------------------------------------------- */

/* Where to break text of which `fits` bytes would fit: behind the last blank, or, for a word that has the line for
 * itself, where the line ends; 0: before the word. */
static size_t break_point(const char *text, size_t fits, bool line_is_empty)
{
	size_t at = fits;

	if (text[fits] == ' ')
		return fits;
	while (at && text[at - 1] != ' ')
		at--;
	return at || !line_is_empty ? at : fits;
}

void page_wrap(struct page *page, enum style style, const char *hang, const char *text, size_t length, size_t limit)
{
	const struct buffer *safe = make_safe(page, text, length, limit);
	const char *at = buffer_text(safe), *end = at + safe->length;
	bool line_is_empty = false;

	page->failed |= safe->failed;
	while (at < end) {
		size_t taken, fits = fitting(at, (size_t)(end - at), page_left(page), &taken);

		if (fits == (size_t)(end - at)) {
			append(page, style, at, fits, taken);
			return;
		}
		fits = break_point(at, fits, line_is_empty);
		fitting(at, fits, page->columns, &taken);
		append(page, style, at, fits, taken);
		if (!fits && line_is_empty) /* a width in which not one character fits: give up rather than loop */
			return;
		for (at += fits; at < end && *at == ' '; at++)
			;
		page_end(page);
		append(page, STYLE_PLAIN, hang, strlen(hang), text_columns(hang, strlen(hang)));
		line_is_empty = true;
	}
}

const char *group_digits(uint64_t number, char out[32])
{
	char plain[24];
	size_t length = (size_t)snprintf(plain, sizeof(plain), "%llu", (unsigned long long)number), at = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = plain[i];
	}
	out[at] = '\0';
	return out;
}
