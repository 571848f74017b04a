/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Growing byte runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buffer.h"

static void an_empty_buffer_is_an_empty_string(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	assert_string_equal(buffer_text(&buffer), "");
	buffer_append(&buffer, NULL, 0);
	assert_string_equal(buffer_text(&buffer), "");
	assert_false(buffer.failed);
	buffer_free(&buffer);
	buffer_free(&buffer); /* harmless */
}

static void all_ways_of_appending_add_up(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_append(&buffer, "ab\0c", 4);
	buffer_char(&buffer, '-');
	buffer_text_append(&buffer, "text");
	buffer_format(&buffer, " %s=%d", "n", -7);
	assert_int_equal(buffer.length, 4 + 1 + 4 + 5);
	assert_memory_equal(buffer.data, "ab\0c-text n=-7", buffer.length + 1);
	buffer_free(&buffer);
}

/* Growing by each length around the powers of two: the content stays, and the NUL is behind it. */
static void content_survives_growth(void **state)
{
	struct buffer buffer = {0};
	size_t total = 0;
	char piece[200];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		size_t length = (i * 7) % sizeof(piece);

		for (size_t k = 0; k < length; k++)
			piece[k] = (char)((total + k) * 31);
		buffer_append(&buffer, piece, length);
		total += length;
		assert_int_equal(buffer.length, total);
		assert_true(buffer.capacity > total || !total);
		if (buffer.data)
			assert_int_equal(buffer.data[total], 0);
	}
	for (size_t k = 0; k < total; k++)
		assert_int_equal(buffer.data[k], (char)(k * 31));
	buffer_free(&buffer);
}

static void formats_of_any_length_fit(void **state)
{
	char text[300];

	(void)state;
	for (size_t length = 0; length < sizeof(text); length++) {
		struct buffer buffer = {0};

		memset(text, 'x', length);
		text[length] = '\0';
		buffer_format(&buffer, "%s", text);
		assert_int_equal(buffer.length, length);
		assert_string_equal(buffer_text(&buffer), text);
		buffer_free(&buffer);
	}
}

static void clearing_keeps_the_memory(void **state)
{
	struct buffer buffer = {0};
	size_t capacity;

	(void)state;
	buffer_text_append(&buffer, "something");
	capacity = buffer.capacity;
	buffer_clear(&buffer);
	assert_string_equal(buffer_text(&buffer), "");
	assert_int_equal(buffer.length, 0);
	assert_int_equal(buffer.capacity, capacity);
	buffer_text_append(&buffer, "else");
	assert_string_equal(buffer_text(&buffer), "else");
	buffer_free(&buffer);
	buffer_clear(&buffer);
}

static void taking_hands_the_string_over(void **state)
{
	struct buffer buffer = {0};
	char *text;

	(void)state;
	text = buffer_take(&buffer); /* also of nothing */
	assert_string_equal(text, "");
	free(text);
	buffer_text_append(&buffer, "mine");
	text = buffer_take(&buffer);
	assert_string_equal(text, "mine");
	assert_string_equal(buffer_text(&buffer), "");
	assert_int_equal(buffer.capacity, 0);
	free(text);
}

/* What cannot be had latches: later appends change nothing, and the caller asks once, at the end. */
static void failure_latches(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_text_append(&buffer, "before");
	buffer_append(&buffer, "", SIZE_MAX / 2);
	assert_true(buffer.failed);
	buffer_text_append(&buffer, " after");
	buffer_format(&buffer, "%d", 5);
	buffer_char(&buffer, 'c');
	assert_string_equal(buffer_text(&buffer), "before");
	assert_null(buffer_take(&buffer));
	assert_false(buffer.failed);
	buffer_append(&buffer, "", SIZE_MAX);
	buffer_clear(&buffer);
	buffer_text_append(&buffer, "again");
	assert_string_equal(buffer_text(&buffer), "again");
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_buffer_is_an_empty_string),
	    cmocka_unit_test(all_ways_of_appending_add_up),
	    cmocka_unit_test(content_survives_growth),
	    cmocka_unit_test(formats_of_any_length_fit),
	    cmocka_unit_test(clearing_keeps_the_memory),
	    cmocka_unit_test(taking_hands_the_string_over),
	    cmocka_unit_test(failure_latches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
