/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines of a given width for people: colours only if wanted, ASCII only if the terminal has nothing else, and never a
 * byte of a stranger's that could do more than fill columns. No line is longer than the width: what goes beyond the
 * margin is cut, so callers give the important things first.
 */
#ifndef LIFELINE_SINK_COMMON_PAGE_H
#define LIFELINE_SINK_COMMON_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "sink/sink.h"

enum style {
	STYLE_PLAIN,
	STYLE_STRONG,
	STYLE_DIM,
	STYLE_ERROR,
	STYLE_WARNING,
	STYLE_NOTE,
	STYLE_HELP,
	STYLE_ALIVE,
	STYLE_DEAD,
	STYLE_ADOPTED,
};

struct page {
	FILE *out;
	bool color, unicode;
	size_t columns;
	struct buffer line;   /* of this line, with colours */
	size_t used;          /* columns of it */
	struct buffer text;   /* what is being added, made safe */
	struct buffer folded; /* the same, in ASCII */
	bool failed;          /* out of memory */
};

void page_begin(struct page *page, const struct sink_context *context);
void page_free(struct page *page);

/* Our own words, which hold nothing that must be escaped. Characters beyond ASCII only if page->unicode. */
void page_add(struct page *page, enum style style, const char *text);
void page_format(struct page *page, enum style style, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A stranger's words, escaped, cut to `columns` with an ellipsis. */
void page_stranger(struct page *page, enum style style, const char *text, size_t length, size_t columns);
/* The same for what was made with text_shell_word. */
void page_escaped(struct page *page, enum style style, const char *text, size_t columns);
/* Escaped, and broken at blanks into as many lines as it takes; those after the first begin with `hang`. The last one
 * is left open. At most `limit` bytes of it. */
void page_wrap(struct page *page, enum style style, const char *hang, const char *text, size_t length, size_t limit);
/* Blanks up to this column; none if it is passed already. */
void page_pad(struct page *page, size_t column);
size_t page_left(const struct page *page);
/* Ends the line. */
void page_end(struct page *page);

/* Columns that a stranger's words take when escaped on this page. */
size_t page_measure(struct page *page, const char *text, size_t length);
/* The one or the other, by what the terminal can show. */
const char *page_glyph(const struct page *page, const char *unicode, const char *ascii);

/* "1,234,567" */
const char *group_digits(uint64_t number, char out[32]);

#endif
