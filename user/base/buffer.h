/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A growing run of bytes, always NUL-terminated one past its length. Failure to grow latches in `failed` and later
 * appends do nothing, so that callers check once, at the end.
 */
#ifndef LIFELINE_BASE_BUFFER_H
#define LIFELINE_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *data; /* owned; NULL while nothing was appended: use buffer_text */
	size_t length;
	size_t capacity;
	bool failed;
};

void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_text_append(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char c);
void buffer_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vformat(struct buffer *buffer, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
/* Makes it longer by so many bytes, which the caller fills in; NULL if it could not grow. */
void *buffer_extend(struct buffer *buffer, size_t length);
/* In decimal; an export writes millions, which printf would take most of its time for. */
void buffer_unsigned(struct buffer *buffer, uint64_t value);
void buffer_signed(struct buffer *buffer, int64_t value);
/* The bytes as a C string, never NULL. */
const char *buffer_text(const struct buffer *buffer);
/* Hands the string to the caller (free it), leaving the buffer empty. NULL if it failed. */
char *buffer_take(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* empties, keeps the memory */
void buffer_free(struct buffer *buffer);

#endif
