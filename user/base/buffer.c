/* SPDX-License-Identifier: BSD-2-Clause
 * Growing byte runs; see buffer.h. */
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity ? buffer->capacity : 64;
	char *data;

	if (buffer->failed || more > (size_t)1 << 40)
		return !(buffer->failed = true);
	if (buffer->length + more < buffer->capacity)
		return true;
	while (capacity <= buffer->length + more)
		capacity *= 2;
	data = realloc(buffer->data, capacity);
	if (!data)
		return !(buffer->failed = true);
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	if (!reserve(buffer, length))
		return;
	if (length)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void *buffer_extend(struct buffer *buffer, size_t length)
{
	void *place;

	if (!reserve(buffer, length))
		return NULL;
	place = buffer->data + buffer->length;
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
	return place;
}

void buffer_text_append(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

void buffer_vformat(struct buffer *buffer, const char *format, va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0 || !reserve(buffer, (size_t)length))
		return;
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
	buffer->length += (size_t)length;
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buffer_vformat(buffer, format, arguments);
	va_end(arguments);
}

void buffer_unsigned(struct buffer *buffer, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_signed(struct buffer *buffer, int64_t value)
{
	if (value < 0)
		buffer_char(buffer, '-');
	buffer_unsigned(buffer, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

const char *buffer_text(const struct buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

char *buffer_take(struct buffer *buffer)
{
	char *data;

	buffer_append(buffer, "", 0);
	data = buffer->failed ? NULL : buffer->data;
	if (buffer->failed)
		free(buffer->data);
	*buffer = (struct buffer){0};
	return data;
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->data)
		buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}
