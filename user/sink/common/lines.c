/* SPDX-License-Identifier: BSD-2-Clause
 * Lines on their way to a file; see lines.h. */
#include "sink/common/lines.h"

#include <errno.h>

#define FLUSH_BYTES (64 * 1024)

int lines_flush(struct lines *lines)
{
	struct buffer *buffer = &lines->buffer;

	if (buffer->failed)
		return -ENOMEM;
	if (buffer->length)
		fwrite(buffer->data, 1, buffer->length, lines->out);
	buffer_clear(buffer);
	return ferror(lines->out) ? -EIO : 0;
}

int lines_pass(struct lines *lines)
{
	if (lines->buffer.failed)
		return -ENOMEM;
	if (lines->buffer.length >= FLUSH_BYTES)
		return lines_flush(lines);
	return ferror(lines->out) ? -EIO : 0;
}

int lines_end(struct lines *lines, const char *ending)
{
	buffer_text_append(&lines->buffer, ending);
	return lines_pass(lines);
}

void lines_free(struct lines *lines)
{
	buffer_free(&lines->buffer);
}
