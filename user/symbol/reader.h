/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Takes numbers off a run of bytes, as DWARF encodes them. A read beyond the end gives 0 and latches `failed`, so
 * callers check once; nothing is ever read outside.
 */
#ifndef LIFELINE_SYMBOL_READER_H
#define LIFELINE_SYMBOL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *data;
	size_t at, end; /* at <= end */
	bool failed;
};

static inline size_t reader_left(const struct reader *reader)
{
	return reader->end - reader->at;
}

/* The next `size` bytes, or NULL. */
static inline const uint8_t *reader_skip(struct reader *reader, uint64_t size)
{
	const uint8_t *bytes = reader->data + reader->at;

	if (size > reader_left(reader)) {
		reader->failed = true;
		reader->at = reader->end;
		return NULL;
	}
	reader->at += size;
	return bytes;
}

/* 1, 2, 4 or 8 bytes (also 3), little or big as the machine is. */
static inline uint64_t reader_fixed(struct reader *reader, unsigned size)
{
	const uint8_t *bytes = reader_skip(reader, size);
	uint64_t value = 0;

	if (!bytes || size > sizeof(value))
		return 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&value, bytes, size);
#else
	memcpy((uint8_t *)&value + sizeof(value) - size, bytes, size);
#endif
	return value;
}

static inline int64_t reader_signed(struct reader *reader, unsigned size)
{
	const uint64_t value = reader_fixed(reader, size);
	const unsigned shift = 64 - 8 * size;

	return size >= 8 ? (int64_t)value : (int64_t)(value << shift) >> shift;
}

/* Numbers of 64 bits take ten bytes; some assemblers pad them. Longer ones would only make reading slow. */
#define READER_LEB_BITS_MAX (7 * 16)

static inline uint64_t reader_uleb(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; reader->at < reader->end && shift < READER_LEB_BITS_MAX; shift += 7) {
		const uint8_t byte = reader->data[reader->at++];

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	reader->failed = true;
	return 0;
}

static inline int64_t reader_sleb(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; reader->at < reader->end && shift < READER_LEB_BITS_MAX;) {
		const uint8_t byte = reader->data[reader->at++];

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if (byte & 0x40 && shift < 64)
			value |= ~(uint64_t)0 << shift;
		return (int64_t)value;
	}
	reader->failed = true;
	return 0;
}

/* A string that ends within the bytes, or NULL. */
static inline const char *reader_string(struct reader *reader)
{
	const uint8_t *begin = reader->data + reader->at;
	const uint8_t *end = reader_left(reader) ? memchr(begin, 0, reader_left(reader)) : NULL;

	if (!end) {
		reader->failed = true;
		reader->at = reader->end;
		return NULL;
	}
	reader->at = (size_t)(end - reader->data) + 1;
	return (const char *)begin;
}

#endif
