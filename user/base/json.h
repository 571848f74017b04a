/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes JSON (RFC 8259) into a buffer. Commas and nesting are kept by the writer. Strings from strangers are made
 * valid UTF-8: a byte that is not part of a well-formed sequence becomes U+FFFD; control characters are escaped.
 */
#ifndef LIFELINE_BASE_JSON_H
#define LIFELINE_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct json {
	struct buffer *out;
	unsigned depth;
	uint64_t filled; /* bit per depth: the container has a member already */
	bool after_key;
	bool pretty; /* newline and two blanks per level */
};

void json_begin(struct json *json, struct buffer *out, bool pretty);
void json_object_open(struct json *json);
void json_object_close(struct json *json);
void json_array_open(struct json *json);
void json_array_close(struct json *json);
void json_key(struct json *json, const char *key); /* key: our own, plain ASCII */
void json_string(struct json *json, const char *text); /* NULL writes null */
void json_bytes(struct json *json, const char *text, size_t length);
void json_unsigned(struct json *json, uint64_t value);
void json_signed(struct json *json, int64_t value);
void json_double(struct json *json, double value); /* not finite writes null */
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* A value that is JSON already (made by this writer), as it is. */
void json_raw(struct json *json, const char *text);

/* Key and value in one call. */
void json_key_string(struct json *json, const char *key, const char *text);
void json_key_unsigned(struct json *json, const char *key, uint64_t value);
void json_key_signed(struct json *json, const char *key, int64_t value);
void json_key_bool(struct json *json, const char *key, bool value);
void json_key_null(struct json *json, const char *key);

#endif
