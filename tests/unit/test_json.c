/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The JSON writer: exact texts for what is easy to read, and a strict parser of its own (RFC 8259, RFC 3629) for random
 * documents with hostile strings.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"

static void expect(struct buffer *out, const char *text)
{
	assert_false(out->failed);
	assert_string_equal(buffer_text(out), text);
	buffer_free(out);
}

static void commas_and_nesting(void **state)
{
	struct buffer out = {0};
	struct json json;

	(void)state;
	json_begin(&json, &out, false);
	json_object_open(&json);
	json_key_string(&json, "a", "b");
	json_key(&json, "list");
	json_array_open(&json);
	json_unsigned(&json, UINT64_MAX);
	json_signed(&json, INT64_MIN);
	json_array_open(&json);
	json_array_close(&json);
	json_object_open(&json);
	json_object_close(&json);
	json_bool(&json, false);
	json_array_close(&json);
	json_key_bool(&json, "yes", true);
	json_key_null(&json, "none");
	json_key_unsigned(&json, "u", 0);
	json_key_signed(&json, "s", -1);
	json_key_string(&json, "nothing", NULL);
	json_object_close(&json);
	assert_int_equal(json.depth, 0);
	expect(&out, "{\"a\":\"b\",\"list\":[18446744073709551615,-9223372036854775808,[],{},false],"
		     "\"yes\":true,\"none\":null,\"u\":0,\"s\":-1,\"nothing\":null}");
}

static void pretty_is_indented(void **state)
{
	struct buffer out = {0};
	struct json json;

	(void)state;
	json_begin(&json, &out, true);
	json_object_open(&json);
	json_key(&json, "empty");
	json_object_open(&json);
	json_object_close(&json);
	json_key(&json, "list");
	json_array_open(&json);
	json_unsigned(&json, 1);
	json_unsigned(&json, 2);
	json_array_close(&json);
	json_object_close(&json);
	expect(&out, "{\n  \"empty\": {},\n  \"list\": [\n    1,\n    2\n  ]\n}");
}

static void numbers_are_json_numbers(void **state)
{
	struct buffer out = {0};
	struct json json;

	(void)state;
	json_begin(&json, &out, false);
	json_array_open(&json);
	json_double(&json, 0.25);
	json_double(&json, -1e300);
	json_double(&json, NAN);
	json_double(&json, INFINITY);
	json_double(&json, -INFINITY);
	json_array_close(&json);
	expect(&out, "[0.25,-1e+300,null,null,null]");
}

static void one_string(const char *bytes, size_t length, const char *text)
{
	struct buffer out = {0};
	struct json json;

	json_begin(&json, &out, false);
	json_bytes(&json, bytes, length);
	expect(&out, text);
}

static void strings_of_strangers_become_valid(void **state)
{
	(void)state;
	one_string("", 0, "\"\"");
	one_string("say \"\\\"", 7, "\"say \\\"\\\\\\\"\"");
	one_string("\b\f\n\r\t\v", 6, "\"\\b\\f\\n\\r\\t\\u000b\"");
	one_string("\0\x1b[2J\x7f", 6, "\"\\u0000\\u001b[2J\\u007f\"");
	one_string("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
	one_string("a\xff"
		   "b",
		   3, "\"a\\ufffdb\"");                                        /* never a byte of UTF-8 */
	one_string("\xe2\x82", 2, "\"\\ufffd\\ufffd\"");                       /* cut off */
	one_string("\xc0\x80", 2, "\"\\ufffd\\ufffd\"");                       /* overlong */
	one_string("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"");            /* a surrogate */
	one_string("\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\""); /* beyond U+10FFFF */
	one_string("\x80", 1, "\"\\ufffd\"");
}

static void raw_json_is_a_member_like_others(void **state)
{
	struct buffer out = {0};
	struct json json;

	(void)state;
	json_begin(&json, &out, false);
	json_array_open(&json);
	json_raw(&json, "{\"x\":1}");
	json_raw(&json, "2");
	json_array_close(&json);
	expect(&out, "[{\"x\":1},2]");
}

/* ---- a strict parser ---- */

struct parser {
	const unsigned char *at, *end;
};

static bool take(struct parser *parser, char c)
{
	if (parser->at == parser->end || *parser->at != (unsigned char)c)
		return false;
	parser->at++;
	return true;
}

static bool take_word(struct parser *parser, const char *word)
{
	while (*word)
		if (!take(parser, *word++))
			return false;
	return true;
}

static void blanks(struct parser *parser)
{
	while (parser->at < parser->end && strchr(" \n\r\t", *parser->at) && *parser->at)
		parser->at++;
}

static bool parse_escape(struct parser *parser)
{
	if (parser->at == parser->end)
		return false;
	if (*parser->at != 'u')
		return *parser->at && strchr("\"\\/bfnrt", *parser->at++);
	parser->at++;
	for (unsigned i = 0; i < 4; i++)
		if (parser->at == parser->end || !*parser->at || !strchr("0123456789abcdefABCDEF", *parser->at++))
			return false;
	return true;
}

/* One character beyond ASCII, by the table of RFC 3629 section 4. */
static bool parse_wide(struct parser *parser)
{
	static const struct {
		unsigned char low, high, second_low, second_high, more;
	} rows[] = {{0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
		    {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
		    {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3}};
	const unsigned char *c = parser->at;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (c[0] < rows[i].low || c[0] > rows[i].high)
			continue;
		if (parser->end - c <= rows[i].more || c[1] < rows[i].second_low || c[1] > rows[i].second_high)
			return false;
		for (unsigned k = 2; k <= rows[i].more; k++)
			if (c[k] < 0x80 || c[k] > 0xbf)
				return false;
		parser->at += rows[i].more + 1;
		return true;
	}
	return false;
}

static bool parse_string(struct parser *parser)
{
	if (!take(parser, '"'))
		return false;
	while (parser->at < parser->end && *parser->at != '"') {
		unsigned char c = *parser->at;

		if (c < 0x20)
			return false;
		if (c >= 0x80) {
			if (!parse_wide(parser))
				return false;
			continue;
		}
		parser->at++;
		if (c == '\\' && !parse_escape(parser))
			return false;
	}
	return take(parser, '"');
}

static bool parse_number(struct parser *parser)
{
	const unsigned char *begin;

	take(parser, '-');
	begin = parser->at;
	while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
		parser->at++;
	return parser->at > begin && (*begin != '0' || parser->at == begin + 1);
}

static bool parse_value(struct parser *parser);

/* NOLINTNEXTLINE(misc-no-recursion): JSON holds JSON; of our own making */
static bool parse_members(struct parser *parser, char close, bool keys)
{
	blanks(parser);
	if (take(parser, close))
		return true;
	do {
		blanks(parser);
		if (keys && (!parse_string(parser) || !take(parser, ':')))
			return false;
		blanks(parser);
		if (!parse_value(parser))
			return false;
		blanks(parser);
	} while (take(parser, ','));
	return take(parser, close);
}

/* NOLINTNEXTLINE(misc-no-recursion): likewise */
static bool parse_value(struct parser *parser)
{
	if (parser->at == parser->end)
		return false;
	switch (*parser->at) {
	case '{':
		parser->at++;
		return parse_members(parser, '}', true);
	case '[':
		parser->at++;
		return parse_members(parser, ']', false);
	case '"':
		return parse_string(parser);
	case 't':
		return take_word(parser, "true");
	case 'f':
		return take_word(parser, "false");
	case 'n':
		return take_word(parser, "null");
	default:
		return parse_number(parser);
	}
}

static bool is_json(const char *text, size_t length)
{
	struct parser parser = {(const unsigned char *)text, (const unsigned char *)text + length};

	return parse_value(&parser) && parser.at == parser.end;
}

static void the_parser_refuses_what_is_no_json(void **state)
{
	static const char *const right[] = {"0", "-1", "[]", "[{\"a\": [1, -2, null]}, \"\\u00e4\xc3\xa4\"]"};
	static const char *const wrong[] = {
	    "",       "{",       "[1,]", "{\"a\" 1}", "{a:1}",    "[1 2]",        "01",        "-",
	    "\"\n\"", "\"\\x\"", "tru",  "[1]]",      "\"\xff\"", "\"\xc0\x80\"", "\"\\u12\"", "\"\xed\xa0\x80\"",
	    "\"a",    "{\"a\":}"};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(is_json(wrong[i], strlen(wrong[i])));
	for (unsigned i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_true(is_json(right[i], strlen(right[i])));
}

/* ---- random documents ---- */

static uint64_t numbers = 4711;

static unsigned below(unsigned limit)
{
	numbers = numbers * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(numbers >> 33) % limit;
}

static void random_string(struct json *json)
{
	static const char *const hostile[] = {
	    "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xe2\x82", "\xf0\x9f",
	    "\"",       "\\",           "\x1b]0;x\a",       "\xc2\x9b"};
	char bytes[200];
	unsigned length = 0;

	for (unsigned pieces = below(20); pieces; pieces--) {
		const char *piece = hostile[below(10)];

		if (below(2))
			bytes[length++] = (char)below(256);
		else
			length += (unsigned)(stpcpy(bytes + length, piece) - (bytes + length));
	}
	json_bytes(json, bytes, length);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void random_value(struct json *json, unsigned depth)
{
	unsigned what = below(depth < 40 ? 7 : 5);

	if (what == 0)
		json_unsigned(json, numbers);
	else if (what == 1)
		json_signed(json, (int64_t)numbers);
	else if (what == 2)
		json_bool(json, below(2));
	else if (what < 5)
		random_string(json);
	if (what < 5)
		return;
	what == 5 ? json_array_open(json) : json_object_open(json);
	for (unsigned count = below(5); count; count--) {
		if (what == 6)
			json_key(json, count % 2 ? "key" : "other_key");
		random_value(json, depth + 1);
	}
	what == 5 ? json_array_close(json) : json_object_close(json);
}

static void random_documents_are_valid(void **state)
{
	size_t total = 0;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		struct buffer out = {0};
		struct json json;

		json_begin(&json, &out, i % 2);
		random_value(&json, 0);
		if (!is_json(buffer_text(&out), out.length))
			fail_msg("not valid: %s", buffer_text(&out));
		total += out.length;
		buffer_free(&out);
	}
	assert_true(total > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commas_and_nesting),
	    cmocka_unit_test(pretty_is_indented),
	    cmocka_unit_test(numbers_are_json_numbers),
	    cmocka_unit_test(strings_of_strangers_become_valid),
	    cmocka_unit_test(raw_json_is_a_member_like_others),
	    cmocka_unit_test(the_parser_refuses_what_is_no_json),
	    cmocka_unit_test(random_documents_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
