/* SPDX-License-Identifier: BSD-2-Clause
 * Lines of prose; see wrap.h. */
#include "cli/wrap.h"

#include <string.h>

#include "base/text.h"

void wrap_blanks(struct buffer *out, int count)
{
	while (count-- > 0)
		buffer_char(out, ' ');
}

/* Lines that start with a blank are examples: they are kept as they are. */
static void wrap_line(struct buffer *out, const char *text, size_t length, int indent, int width, int used)
{
	const char *end = text + length;
	bool fresh = used <= indent; /* no word on this line yet */
	bool kept = *text == ' ';

	wrap_blanks(out, indent - used);
	used = used > indent ? used : indent;
	while (text < end) {
		const char *word_end = kept ? end : memchr(text, ' ', (size_t)(end - text));
		size_t bytes = (size_t)((word_end ? word_end : end) - text);
		int columns = (int)text_columns(text, bytes);

		if (!fresh && used + 1 + columns > width) {
			buffer_char(out, '\n');
			wrap_blanks(out, indent);
			used = indent;
			fresh = true;
		}
		if (!fresh) {
			buffer_char(out, ' ');
			used++;
		}
		buffer_append(out, text, bytes);
		used += columns;
		fresh = false;
		text += bytes;
		while (!kept && text < end && *text == ' ')
			text++;
	}
	buffer_char(out, '\n');
}

void wrap_text(struct buffer *out, const char *text, int indent, int width, int used)
{
	if (!*text && used)
		buffer_char(out, '\n');
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length)
			wrap_line(out, text, length, indent, width, used);
		else
			buffer_char(out, '\n');
		used = 0;
		text += length;
		text += *text == '\n';
	}
}
