/* SPDX-License-Identifier: BSD-2-Clause
 * The inputs kept for the fuzz targets (tests/fuzz/corpus/NAME/): each passes its target without harm. Among them is
 * all that fuzzing has found. (With the command line's archive, as one target reads options.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>

/* NOLINTBEGIN(bugprone-suspicious-include): the fuzz targets themselves, run on their corpus */
#include "../fuzz/elf.c"
#include "../fuzz/event.c"
#include "../fuzz/options.c"
#include "../fuzz/script.c"
#include "../fuzz/trace.c"
/* NOLINTEND(bugprone-suspicious-include) */

#define INPUT_MAX (4u << 20)

static unsigned feed(const char *name, void (*target)(const uint8_t *, size_t))
{
	static uint8_t input[INPUT_MAX];
	struct dirent *entry;
	char path[512];
	unsigned count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", name);
	folder = opendir(path);
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		size_t size;
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s", name, entry->d_name);
		file = fopen(path, "re");
		assert_non_null(file);
		size = fread(input, 1, sizeof(input), file);
		fclose(file);
		target(input, size);
		count++;
	}
	closedir(folder);
	return count;
}

#define CORPUS(name)                                                                                                   \
	static void corpus_of_##name(void **state)                                                                     \
	{                                                                                                              \
		(void)state;                                                                                           \
		assert_true(feed(#name, fuzz_##name) > 0);                                                             \
	}

CORPUS(trace)
CORPUS(event)
CORPUS(script)
CORPUS(options)
CORPUS(elf)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(corpus_of_trace),   cmocka_unit_test(corpus_of_event), cmocka_unit_test(corpus_of_script),
	    cmocka_unit_test(corpus_of_options), cmocka_unit_test(corpus_of_elf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
