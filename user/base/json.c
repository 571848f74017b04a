/* SPDX-License-Identifier: BSD-2-Clause
 * JSON writer; see json.h. */
#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

void json_begin(struct json *json, struct buffer *out, bool pretty)
{
	*json = (struct json){.out = out, .pretty = pretty};
}

static void new_line(struct json *json)
{
	if (!json->pretty)
		return;
	buffer_char(json->out, '\n');
	for (unsigned i = 0; i < json->depth; i++)
		buffer_append(json->out, "  ", 2);
}

/* What must stand in front of the next key or array member. */
static void separate(struct json *json)
{
	uint64_t bit = 1ULL << (json->depth & 63);

	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (!json->depth)
		return;
	if (json->filled & bit)
		buffer_char(json->out, ',');
	json->filled |= bit;
	new_line(json);
}

static void open_container(struct json *json, char bracket)
{
	separate(json);
	buffer_char(json->out, bracket);
	json->depth++;
	json->filled &= ~(1ULL << (json->depth & 63));
}

static void close_container(struct json *json, char bracket)
{
	bool filled = json->filled & (1ULL << (json->depth & 63));

	json->depth--;
	if (filled)
		new_line(json);
	buffer_char(json->out, bracket);
}

void json_object_open(struct json *json) { open_container(json, '{'); }
void json_object_close(struct json *json) { close_container(json, '}'); }
void json_array_open(struct json *json) { open_container(json, '['); }
void json_array_close(struct json *json) { close_container(json, ']'); }

static void write_character(struct buffer *out, unsigned char c)
{
	static const char escapes[] = "btn?fr";

	if (c == '"' || c == '\\')
		buffer_format(out, "\\%c", c);
	else if (c >= 8 && c <= 13 && c != 11)
		buffer_format(out, "\\%c", escapes[c - 8]);
	else if (c < 0x20 || c == 0x7f)
		buffer_format(out, "\\u%04x", c);
	else
		buffer_char(out, (char)c);
}

/* How many bytes from here on stand for themselves: most strings are one such run, copied at once. */
static size_t plain_run(const char *text, size_t length)
{
	size_t run = 0;

	while (run < length && text[run] >= 0x20 && text[run] < 0x7f && text[run] != '"' && text[run] != '\\')
		run++;
	return run;
}

static void write_string(struct buffer *out, const char *text, size_t length)
{
	buffer_char(out, '"');
	for (size_t i = 0; i < length;) {
		size_t run = plain_run(text + i, length - i), sequence;

		if (run) {
			buffer_append(out, text + i, run);
			i += run;
			continue;
		}
		sequence = text_utf8_length(text + i, length - i);

		if (sequence > 1)
			buffer_append(out, text + i, sequence);
		else if (sequence == 1)
			write_character(out, (unsigned char)text[i]);
		else
			buffer_text_append(out, "\\ufffd");
		i += sequence ? sequence : 1;
	}
	buffer_char(out, '"');
}

void json_key(struct json *json, const char *key)
{
	separate(json);
	buffer_char(json->out, '"');
	buffer_text_append(json->out, key);
	buffer_text_append(json->out, json->pretty ? "\": " : "\":");
	json->after_key = true;
}

void json_bytes(struct json *json, const char *text, size_t length)
{
	separate(json);
	write_string(json->out, text, length);
}

void json_string(struct json *json, const char *text)
{
	if (text)
		json_bytes(json, text, strlen(text));
	else
		json_null(json);
}

void json_unsigned(struct json *json, uint64_t value)
{
	separate(json);
	buffer_unsigned(json->out, value);
}

void json_signed(struct json *json, int64_t value)
{
	separate(json);
	buffer_signed(json->out, value);
}

void json_double(struct json *json, double value)
{
	if (!isfinite(value)) {
		json_null(json);
		return;
	}
	separate(json);
	buffer_format(json->out, "%.6g", value);
}

void json_raw(struct json *json, const char *text)
{
	separate(json);
	buffer_text_append(json->out, text);
}

void json_bool(struct json *json, bool value) { json_raw(json, value ? "true" : "false"); }
void json_null(struct json *json) { json_raw(json, "null"); }

void json_key_string(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_string(json, text);
}

void json_key_unsigned(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_unsigned(json, value);
}

void json_key_signed(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_signed(json, value);
}

void json_key_bool(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}

void json_key_null(struct json *json, const char *key)
{
	json_key(json, key);
	json_null(json);
}
