/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Strings from strangers, made safe for a terminal; see text.h. A process chooses its own name and arguments, so they
 * can hold escape sequences, a right-to-left override, or bytes of no encoding at all. What is let through is what
 * occupies columns and nothing else: everything that acts (C0, DEL, C1), hides or reorders (format characters) is
 * spelled out.
 */
#include "base/text.h"

#include <string.h>
#include <wchar.h>

#define CUT_MARK "\xe2\x80\xa6" /* U+2026 */

struct range {
	uint32_t low, high;
};

/* Characters of no width that change how others look, can't be seen, or don't exist; in order. */
static const struct range hidden[] = {
    {0x80, 0x9f},   /* C1: a terminal in 8-bit mode obeys them */
    {0xad, 0xad},   /* soft hyphen */
    {0x34f, 0x34f}, /* combining grapheme joiner */
    {0x600, 0x605},     {0x61c, 0x61c},       {0x6dd, 0x6dd},
    {0x70f, 0x70f},     {0x8e2, 0x8e2},   /* Arabic and Syriac format characters */
    {0x115f, 0x1160},                     /* Hangul fillers */
    {0x17b4, 0x17b5},   {0x180b, 0x180f}, /* Khmer, Mongolian */
    {0x200b, 0x200f},                     /* zero-width space and joiners, direction marks */
    {0x2028, 0x202e},                     /* line and paragraph separators, direction embeddings and overrides */
    {0x2060, 0x206f},                     /* word joiner, invisible operators, direction isolates */
    {0x3164, 0x3164},   {0xd800, 0xdfff},     {0xfdd0, 0xfdef},
    {0xfe00, 0xfe0f}, /* fillers, non-characters, variation selectors */
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},     {0xfff0, 0xfffb},
    {0xfffe, 0xffff},   {0x110bd, 0x110bd},   {0x110cd, 0x110cd},
    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},   {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff}, /* tags, more variation selectors */
    {0xffffe, 0xfffff}, {0x10fffe, 0x10ffff},
};

static bool is_hidden(uint32_t character)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden) && hidden[i].low <= character; i++)
		if (character <= hidden[i].high)
			return true;
	return character < 0x20 || character == 0x7f;
}

/* The bounds of the second byte carry the rules against overlong forms, surrogates, and what is beyond U+10FFFF. */
size_t text_utf8_length(const char *text, size_t available)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (!available)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	length = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	if (length > available)
		return 0;
	if (byte[0] == 0xe0)
		low = 0xa0;
	else if (byte[0] == 0xed)
		high = 0x9f;
	else if (byte[0] == 0xf0)
		low = 0x90;
	else if (byte[0] == 0xf4)
		high = 0x8f;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	return length;
}

/* Decodes the well-formed sequence of this length. */
static uint32_t decode(const char *text, size_t length)
{
	const unsigned char *byte = (const unsigned char *)text;
	uint32_t character = length == 1 ? byte[0] : byte[0] & (0xff >> (length + 1));

	for (size_t i = 1; i < length; i++)
		character = character << 6 | (byte[i] & 0x3f);
	return character;
}

/* How many of `length` bytes can be shown under `limit` without cutting a character in two. */
static size_t shown_length(const char *text, size_t length, size_t limit)
{
	size_t at = 0;

	if (!limit || length <= limit)
		return length;
	while (at < limit) {
		size_t sequence = text_utf8_length(text + at, length - at);

		if (at + sequence > limit)
			break;
		at += sequence ? sequence : 1;
	}
	return at;
}

static void escape_byte(struct buffer *out, unsigned char byte)
{
	if (byte == '\t' || byte == '\n' || byte == '\r')
		buffer_format(out, "\\%c", byte == '\t' ? 't' : byte == '\n' ? 'n' : 'r');
	else
		buffer_format(out, "\\x%02x", byte);
}

void text_escape(struct buffer *out, const char *text, size_t length, size_t limit)
{
	size_t end = shown_length(text, length, limit);

	for (size_t i = 0, sequence; i < end; i += sequence ? sequence : 1) {
		uint32_t character;

		sequence = text_utf8_length(text + i, end - i);
		character = sequence ? decode(text + i, sequence) : 0;
		if (!sequence || (sequence == 1 && is_hidden(character)))
			escape_byte(out, (unsigned char)text[i]);
		else if (is_hidden(character))
			buffer_format(out, "\\u{%x}", character);
		else if (character == '\\')
			buffer_text_append(out, "\\\\");
		else
			buffer_append(out, text + i, sequence);
	}
	if (end < length)
		buffer_text_append(out, CUT_MARK);
}

enum quoting { QUOTE_NONE, QUOTE_PLAIN, QUOTE_ESCAPED };

/* ASCII that no shell treats specially anywhere in a word ('~' and '=' do at its start or in assignments). */
static bool is_shell_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_@%+:,./-", c));
}

static enum quoting quoting_needed(const char *text, size_t length, bool cut)
{
	enum quoting quoting = length || cut ? QUOTE_NONE : QUOTE_PLAIN;

	for (size_t i = 0, sequence; i < length; i += sequence) {
		sequence = text_utf8_length(text + i, length - i);
		if (!sequence || is_hidden(decode(text + i, sequence)))
			return QUOTE_ESCAPED;
		if (sequence == 1 && !is_shell_safe(text[i]) && !(text[i] == '=' && i && text[0] == '-'))
			quoting = QUOTE_PLAIN;
	}
	return quoting;
}

/* Within '…' only the quote itself needs care. */
static void quote_plain(struct buffer *out, const char *text, size_t length)
{
	buffer_char(out, '\'');
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\'')
			buffer_text_append(out, "'\\''");
		else
			buffer_char(out, text[i]);
	}
	buffer_char(out, '\'');
}

/* $'…' (POSIX.1-2024, and before that in every shell people use) can name each byte. */
static void quote_escaped(struct buffer *out, const char *text, size_t length)
{
	buffer_text_append(out, "$'");
	for (size_t i = 0, sequence; i < length; i += sequence ? sequence : 1) {
		sequence = text_utf8_length(text + i, length - i);
		if (sequence && !is_hidden(decode(text + i, sequence))) {
			if (text[i] == '\'' || text[i] == '\\')
				buffer_char(out, '\\');
			buffer_append(out, text + i, sequence);
			continue;
		}
		for (size_t j = 0; j < (sequence ? sequence : 1); j++)
			escape_byte(out, (unsigned char)text[i + j]);
	}
	buffer_char(out, '\'');
}

void text_shell_word(struct buffer *out, const char *text, size_t length, size_t limit)
{
	size_t end = shown_length(text, length, limit);
	bool cut = end < length;

	switch (quoting_needed(text, end, cut)) {
	case QUOTE_NONE:
		buffer_append(out, text, end);
		break;
	case QUOTE_PLAIN:
		quote_plain(out, text, end);
		break;
	case QUOTE_ESCAPED:
		quote_escaped(out, text, end);
		break;
	}
	if (cut)
		buffer_text_append(out, CUT_MARK);
}

/* wcwidth knows what the locale knows; outside of a UTF-8 locale it refuses (-1), and each character counts as one. */
size_t text_columns(const char *text, size_t length)
{
	size_t columns = 0;

	for (size_t i = 0, sequence; i < length; i += sequence ? sequence : 1) {
		int width;

		sequence = text_utf8_length(text + i, length - i);
		width = sequence > 1 ? wcwidth((wchar_t)decode(text + i, sequence)) : 1;
		columns += width < 0 ? 1 : (size_t)width;
	}
	return columns;
}
