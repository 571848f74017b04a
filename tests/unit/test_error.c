/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Errors in words: what each level adds, and that a text of any length stays a string.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

static void the_code_comes_back(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(error_set(&error, -EINVAL, "no %s in %d", "b", 5), -EINVAL);
	assert_int_equal(error.code, -EINVAL);
	assert_string_equal(error.text, "no b in 5");
	assert_int_equal(error_errno(&error, -ENOENT, "cannot open %s", "x"), -ENOENT);
	assert_int_equal(error.code, -ENOENT);
	assert_string_equal(error.text, "cannot open x: No such file or directory");
	assert_int_equal(error_errno(&error, -524, "cannot attach"), -524);
	assert_string_equal(error.text, "cannot attach: not supported by this kernel");
}

static void nobody_need_listen(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, -EINVAL, "x"), -EINVAL);
	assert_int_equal(error_errno(NULL, -EPERM, "x"), -EPERM);
	error_hint(NULL, "x");
	error_context(NULL, "x");
}

static void context_is_put_in_front(void **state)
{
	struct error error = {0};

	(void)state;
	error_set(&error, -EIO, "the disk is gone");
	error_hint(&error, "look for it");
	error_context(&error, "block %d", 7);
	error_context(&error, "trace %s", "t");
	assert_string_equal(error.text, "trace t: block 7: the disk is gone");
	assert_string_equal(error.hint, "look for it");
	assert_int_equal(error.code, -EIO);
}

/* A new error has its own hint or none, not that of the one before. */
static void a_new_error_forgets_the_hint(void **state)
{
	struct error error = {0};

	(void)state;
	error_set(&error, -EIO, "a");
	error_hint(&error, "try b");
	error_set(&error, -EIO, "c");
	assert_string_equal(error.hint, "");
	error_hint(&error, "try d");
	error_errno(&error, -EIO, "e");
	assert_string_equal(error.hint, "");
}

static void long_texts_are_cut(void **state)
{
	static char large[2000];
	struct error error = {0};

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	error_set(&error, -EIO, "%s", large);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	error_errno(&error, -EIO, "%s", large);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	error_hint(&error, "%s", large);
	assert_int_equal(strlen(error.hint), sizeof(error.hint) - 1);
	error_context(&error, "short");
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_memory_equal(error.text, "short: xxx", 10);
	for (size_t length = sizeof(error.text) - 8; length <= sizeof(error.text) + 1; length++) {
		error_set(&error, -EIO, "text");
		error_context(&error, "%.*s", (int)length, large);
		assert_non_null(strstr(error.text, "x: "));
		assert_in_range(strlen(error.text), sizeof(error.text) - 8, sizeof(error.text) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_code_comes_back),     cmocka_unit_test(nobody_need_listen),
	    cmocka_unit_test(context_is_put_in_front), cmocka_unit_test(a_new_error_forgets_the_hint),
	    cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
