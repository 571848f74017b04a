/* SPDX-License-Identifier: BSD-2-Clause
 * The map of two words: what was put is found, what was removed is not, in long runs of neighbours too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"

static int values[4096];

static void an_empty_map_finds_nothing(void **state)
{
	struct hash hash = {0};
	size_t cursor = 0;

	(void)state;
	assert_null(hash_get(&hash, 0, 0));
	assert_null(hash_remove(&hash, 1, 2));
	assert_null(hash_next(&hash, &cursor));
	hash_free(&hash);
}

static void both_words_make_the_key(void **state)
{
	struct hash hash = {0};

	(void)state;
	assert_int_equal(hash_put(&hash, 1, 2, &values[0]), 0);
	assert_int_equal(hash_put(&hash, 2, 1, &values[1]), 0);
	assert_int_equal(hash_put(&hash, 0, 0, &values[2]), 0);
	assert_ptr_equal(hash_get(&hash, 1, 2), &values[0]);
	assert_ptr_equal(hash_get(&hash, 2, 1), &values[1]);
	assert_ptr_equal(hash_get(&hash, 0, 0), &values[2]);
	assert_null(hash_get(&hash, 1, 1));
	hash_free(&hash);
}

static void putting_again_replaces(void **state)
{
	struct hash hash = {0};

	(void)state;
	assert_int_equal(hash_put(&hash, 7, 7, &values[0]), 0);
	assert_int_equal(hash_put(&hash, 7, 7, &values[1]), 0);
	assert_int_equal(hash.count, 1);
	assert_ptr_equal(hash_get(&hash, 7, 7), &values[1]);
	hash_free(&hash);
}

/* Keys that a pseudo-random walk puts and removes, against a plain array. */
static void it_agrees_with_an_array(void **state)
{
	struct hash hash = {0};
	int *there[1024] = {0};
	uint32_t random = 12345;

	(void)state;
	for (int step = 0; step < 200000; step++) {
		unsigned key;

		random = random * 1664525u + 1013904223u;
		key = (random >> 8) % 1024;
		if (random & 0x80000000u) {
			assert_ptr_equal(hash_remove(&hash, key, key / 3), there[key]);
			there[key] = NULL;
		} else {
			there[key] = &values[step % 4096];
			assert_int_equal(hash_put(&hash, key, key / 3, there[key]), 0);
		}
	}
	for (unsigned key = 0; key < 1024; key++)
		assert_ptr_equal(hash_get(&hash, key, key / 3), there[key]);
	hash_free(&hash);
}

static void the_walk_meets_each_once(void **state)
{
	struct hash hash = {0};
	int seen[100] = {0};
	size_t cursor = 0;
	int *value;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(hash_put(&hash, i << 32, i, &values[i]), 0);
	while ((value = hash_next(&hash, &cursor)))
		seen[value - values]++;
	for (int i = 0; i < 100; i++)
		assert_int_equal(seen[i], 1);
	hash_free(&hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_map_finds_nothing), cmocka_unit_test(both_words_make_the_key),
	    cmocka_unit_test(putting_again_replaces),     cmocka_unit_test(it_agrees_with_an_array),
	    cmocka_unit_test(the_walk_meets_each_once),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
