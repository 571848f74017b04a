/* SPDX-License-Identifier: BSD-2-Clause
 * One value out of a JSON object; see peek.h. What is not well-formed is simply not found. */
#include "cli/peek.h"

#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Behind the closing quote; at: the opening one. */
static const char *skip_string(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : at;
}

/* Behind a value of any kind. */
static const char *skip_value(const char *at)
{
	int depth = 0;

	do {
		if (*at == '"') {
			at = skip_string(at);
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		else if (*at == '}' || *at == ']')
			depth--;
		else if (!depth)
			return at + strcspn(at, ",}] \t\r\n");
		at += *at != '\0';
	} while (depth > 0 && *at);
	return at;
}

static void append_string(const char *at, const char *end, struct buffer *value)
{
	static const char names[] = "nrtbf", codes[] = "\n\r\t\b\f";

	for (; at < end; at++) {
		const char *name;

		if (*at != '\\') {
			buffer_char(value, *at);
			continue;
		}
		at++;
		name = strchr(names, *at);
		if (name && *name)
			buffer_char(value, codes[name - names]);
		else if (*at != 'u')
			buffer_char(value, *at);
		else
			buffer_text_append(value, "\\u"); /* control bytes: named as they are in the document */
	}
}

static bool append_value(const char *at, struct buffer *value)
{
	const char *end = skip_value(at);

	if (*at == '"')
		append_string(at + 1, end - 1, value);
	else
		buffer_append(value, at, (size_t)(end - at));
	return end > at;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the path has names, which our own code gives */
bool peek_value(const char *json, const char *path, struct buffer *value)
{
	size_t length = strcspn(path, ".");
	const char *at = skip_blanks(json);

	if (*at != '{')
		return false;
	at = skip_blanks(at + 1);
	while (*at == '"') {
		const char *key = at + 1;
		bool found;

		at = skip_string(at);
		found = (size_t)(at - key) == length + 1 && !strncmp(key, path, length);
		at = skip_blanks(at);
		if (*at != ':')
			return false;
		at = skip_blanks(at + 1);
		if (found)
			return path[length] ? peek_value(at, path + length + 1, value) : append_value(at, value);
		at = skip_blanks(skip_value(at));
		at = skip_blanks(at + (*at == ','));
	}
	return false;
}
