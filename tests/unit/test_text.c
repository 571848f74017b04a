/* SPDX-License-Identifier: BSD-2-Clause
 * Safe text, durations, sizes, numbers, names. */
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"

typedef void (*writer)(struct buffer *out, const char *text, size_t length, size_t limit);

static void expect_written(writer write, const char *text, size_t length, size_t limit, const char *wanted)
{
	struct buffer out = {0};

	write(&out, text, length, limit);
	assert_string_equal(buffer_text(&out), wanted);
	buffer_free(&out);
}

#define ESCAPES(text, wanted) expect_written(text_escape, text, sizeof(text) - 1, 0, wanted)
#define SHELL(text, wanted) expect_written(text_shell_word, text, sizeof(text) - 1, 0, wanted)

static void printable_text_stays(void **state)
{
	(void)state;
	ESCAPES("", "");
	ESCAPES("python3 -c 'x'", "python3 -c 'x'");
	ESCAPES("Zürich 東京 🐧 e\xcc\x81", "Zürich 東京 🐧 e\xcc\x81");
}

static void control_bytes_are_spelled_out(void **state)
{
	(void)state;
	ESCAPES("a\nb\tc\rd", "a\\nb\\tc\\rd");
	ESCAPES("\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f");
	ESCAPES("nul\0here", "nul\\x00here");
	ESCAPES("back\\slash", "back\\\\slash");
}

static void c1_is_spelled_out_in_both_encodings(void **state)
{
	(void)state;
	ESCAPES("\x9b"
		"31m",
		"\\x9b31m");
	ESCAPES("\xc2\x9b"
		"31m",
		"\\u{9b}31m");
	ESCAPES("\xc2\x80\xc2\x9f\xc2\xa1", "\\u{80}\\u{9f}\xc2\xa1");
}

static void invisible_characters_are_spelled_out(void **state)
{
	(void)state;
	ESCAPES("\xe2\x80\xae"
		"cod.exe",
		"\\u{202e}cod.exe");
	ESCAPES("\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}");
	ESCAPES("a\xe2\x80\x8b"
		"b\xef\xbb\xbf",
		"a\\u{200b}b\\u{feff}");
	ESCAPES("\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}");
	ESCAPES("\xc2\xad\xd8\x9c", "\\u{ad}\\u{61c}");
	ESCAPES("\xf3\xa0\x81\x81", "\\u{e0041}");
	ESCAPES("\xf4\x8f\xbf\xbf", "\\u{10ffff}");
}

static void broken_utf8_is_shown_byte_by_byte(void **state)
{
	(void)state;
	ESCAPES("\xff\xfe", "\\xff\\xfe");
	ESCAPES("\xc0\xaf", "\\xc0\\xaf");                   /* overlong */
	ESCAPES("\xe0\x80\xaf", "\\xe0\\x80\\xaf");          /* overlong */
	ESCAPES("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* surrogate */
	ESCAPES("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
	ESCAPES("ok\xe6\x9d", "ok\\xe6\\x9d");               /* cut off */
	ESCAPES("\xe6z", "\\xe6z");
}

static void every_byte_pair_is_harmless(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		char text[2] = {(char)(pair >> 8), (char)pair};
		struct buffer out = {0};

		text_escape(&out, text, sizeof(text), 0);
		for (size_t i = 0; i < out.length; i++) {
			unsigned char byte = (unsigned char)out.data[i];

			assert_true(byte >= 0x20 && byte != 0x7f);
			/* a byte of C1's range may only stand inside a well-formed sequence that is not C1 itself */
			if (byte >= 0x80)
				assert_true(text_utf8_length(out.data, out.length) == 2 &&
					    (unsigned char)out.data[1] >= 0x80 &&
					    !((unsigned char)out.data[0] == 0xc2 && (unsigned char)out.data[1] < 0xa0));
			if (byte >= 0x80)
				break;
		}
		buffer_free(&out);
	}
}

static void a_cut_is_marked_and_splits_no_character(void **state)
{
	(void)state;
	expect_written(text_escape, "abcdef", 6, 3, "abc…");
	expect_written(text_escape, "abc", 3, 3, "abc");
	expect_written(text_escape, "ab東", 5, 4, "ab…");
	expect_written(text_escape, "\xff\xff\xff", 3, 2, "\\xff\\xff…");
	expect_written(text_shell_word, "a b c", 5, 3, "'a b'…");
}

static void shell_words_are_quoted_where_needed(void **state)
{
	(void)state;
	SHELL("./server", "./server");
	SHELL("--format=json", "--format=json");
	SHELL("PATH=x", "'PATH=x'");
	SHELL("", "''");
	SHELL("a b", "'a b'");
	SHELL("$(reboot)", "'$(reboot)'");
	SHELL("it's", "'it'\\''s'");
	SHELL("a\\b", "'a\\b'");
	SHELL("~", "'~'");
	SHELL("東京", "東京");
}

static void hostile_shell_words_name_their_bytes(void **state)
{
	(void)state;
	SHELL("a\nb", "$'a\\nb'");
	SHELL("\x1b]0;x\x07'\\", "$'\\x1b]0;x\\x07\\'\\\\'");
	SHELL("\xe2\x80\xae", "$'\\xe2\\x80\\xae'");
	SHELL("\xff", "$'\\xff'");
}

static size_t columns(const char *text)
{
	return text_columns(text, strlen(text));
}

static void columns_follow_the_locale(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, "C");
	assert_int_equal(columns("abc"), 3);
	assert_int_equal(columns("ü"), 1);
	assert_int_equal(columns("東京"), 2);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_int_equal(columns("東京"), 4);
	assert_int_equal(columns("e\xcc\x81"), 1);
	assert_int_equal(columns("├─"), 2);
	setlocale(LC_CTYPE, "C");
}

static void expect_duration(uint64_t ns, const char *wanted)
{
	struct buffer out = {0};

	text_duration(&out, ns);
	assert_string_equal(buffer_text(&out), wanted);
	buffer_free(&out);
}

static void durations_read_well(void **state)
{
	(void)state;
	expect_duration(0, "0 s");
	expect_duration(999, "999 ns");
	expect_duration(1000, "1.00 us");
	expect_duration(12345, "12.3 us");
	expect_duration(340000000, "340 ms");
	expect_duration(2050000000, "2.05 s");
	expect_duration(125000000000, "2 m 05 s");
	expect_duration(3 * 3600000000000ULL + 7 * 60000000000ULL, "3 h 07 m");
	expect_duration(49 * 3600000000000ULL, "2 d 01 h");
}

static void durations_round_into_the_next_unit(void **state)
{
	(void)state;
	expect_duration(999499, "999 us");
	expect_duration(999500, "1.00 ms");
	expect_duration(9994999, "9.99 ms");
	expect_duration(9995000, "10.0 ms");
	expect_duration(99949999, "99.9 ms");
	expect_duration(99950000, "100 ms");
	expect_duration(999999999, "1.00 s");
	expect_duration(59949999999, "59.9 s");
	expect_duration(59950000000, "1 m 00 s");
	expect_duration(3599500000000, "1 h 00 m");
	expect_duration(UINT64_MAX, "213504 d 00 h");
}

static void expect_parsed(int (*parse)(const char *, uint64_t *), const char *text, int error, uint64_t value)
{
	uint64_t got = 42;

	assert_int_equal(parse(text, &got), error);
	assert_int_equal(got, error ? 42 : value);
}

static void durations_are_parsed(void **state)
{
	(void)state;
	expect_parsed(text_parse_duration, "500ms", 0, 500000000);
	expect_parsed(text_parse_duration, "2s", 0, 2000000000);
	expect_parsed(text_parse_duration, "1m", 0, 60000000000);
	expect_parsed(text_parse_duration, "1.5h", 0, 5400000000000);
	expect_parsed(text_parse_duration, "100us", 0, 100000);
	expect_parsed(text_parse_duration, "10ns", 0, 10);
	expect_parsed(text_parse_duration, "0.25ms", 0, 250000);
	expect_parsed(text_parse_duration, "0s", 0, 0);
	expect_parsed(text_parse_duration, "9223372036s", 0, 9223372036000000000);
}

static void bad_durations_are_refused(void **state)
{
	static const char *const bad[] = {"",    "5",   "s",   "1.s", ".5s",  "-1s", "+1s",
					  " 1s", "1s ", "1 s", "1S",  "0x1s", "1e3s"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_parsed(text_parse_duration, bad[i], -EINVAL, 0);
	expect_parsed(text_parse_duration, "9223372037s", -ERANGE, 0);
	expect_parsed(text_parse_duration, "99999999999999999999ns", -ERANGE, 0);
	expect_parsed(text_parse_duration, "18446744073709551615h", -ERANGE, 0);
}

static void sizes_are_parsed(void **state)
{
	(void)state;
	expect_parsed(text_parse_size, "64K", 0, 65536);
	expect_parsed(text_parse_size, "16M", 0, 16777216);
	expect_parsed(text_parse_size, "1G", 0, 1073741824);
	expect_parsed(text_parse_size, "100", 0, 100);
	expect_parsed(text_parse_size, "", -EINVAL, 0);
	expect_parsed(text_parse_size, "1KB", -EINVAL, 0);
	expect_parsed(text_parse_size, "-1", -EINVAL, 0);
	expect_parsed(text_parse_size, "99999999999T", -ERANGE, 0);
}

static void numbers_are_parsed_within_bounds(void **state)
{
	int64_t number = 7;

	(void)state;
	assert_int_equal(text_parse_number("12", 0, 20, &number), 0);
	assert_int_equal(number, 12);
	assert_int_equal(text_parse_number("-3", -5, 5, &number), 0);
	assert_int_equal(number, -3);
	assert_int_equal(text_parse_number("21", 0, 20, &number), -ERANGE);
	assert_int_equal(text_parse_number("99999999999999999999", 0, 20, &number), -ERANGE);
	assert_int_equal(text_parse_number("", 0, 20, &number), -EINVAL);
	assert_int_equal(text_parse_number("-", -5, 20, &number), -EINVAL);
	assert_int_equal(text_parse_number("1x", 0, 20, &number), -EINVAL);
	assert_int_equal(number, -3);
}

static void signals_have_names(void **state)
{
	(void)state;
	assert_string_equal(text_signal_name(SIGKILL), "SIGKILL");
	assert_string_equal(text_signal_name(SIGCHLD), "SIGCHLD");
	assert_string_equal(text_signal_name(34), "SIGRTMIN");
	assert_string_equal(text_signal_name(64), "SIGRTMIN+30");
	assert_null(text_signal_name(0));
	assert_null(text_signal_name(-9));
	assert_null(text_signal_name(32));
	assert_null(text_signal_name(65));
	for (int number = 1; number < 32; number++)
		assert_non_null(text_signal_name(number));
}

static void errors_have_names(void **state)
{
	(void)state;
	assert_string_equal(text_errno_name(EAGAIN), "EAGAIN");
	assert_string_equal(text_errno_name(ECHILD), "ECHILD");
	assert_string_equal(text_errno_name(512), "ERESTARTSYS");
	assert_null(text_errno_name(0));
	assert_null(text_errno_name(-1));
	assert_null(text_errno_name(100000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(printable_text_stays),
	    cmocka_unit_test(control_bytes_are_spelled_out),
	    cmocka_unit_test(c1_is_spelled_out_in_both_encodings),
	    cmocka_unit_test(invisible_characters_are_spelled_out),
	    cmocka_unit_test(broken_utf8_is_shown_byte_by_byte),
	    cmocka_unit_test(every_byte_pair_is_harmless),
	    cmocka_unit_test(a_cut_is_marked_and_splits_no_character),
	    cmocka_unit_test(shell_words_are_quoted_where_needed),
	    cmocka_unit_test(hostile_shell_words_name_their_bytes),
	    cmocka_unit_test(columns_follow_the_locale),
	    cmocka_unit_test(durations_read_well),
	    cmocka_unit_test(durations_round_into_the_next_unit),
	    cmocka_unit_test(durations_are_parsed),
	    cmocka_unit_test(bad_durations_are_refused),
	    cmocka_unit_test(sizes_are_parsed),
	    cmocka_unit_test(numbers_are_parsed_within_bounds),
	    cmocka_unit_test(signals_have_names),
	    cmocka_unit_test(errors_have_names),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
