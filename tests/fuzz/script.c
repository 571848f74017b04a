/* SPDX-License-Identifier: BSD-2-Clause
 * The reader of text scenarios: whatever the text, it is refused with a reason or gives events that pass the check. */
#include "fuzz.h"

#include <errno.h>

#include "source/source.h"

static int take(void *context, const void *record, size_t available)
{
	const char *why;

	(void)context;
	if (event_check(record, available, &why) && !why)
		abort();
	return 0;
}

static void fuzz_script(const uint8_t *data, size_t size)
{
	struct source *source = NULL;
	struct error error = {0};
	int result = source_script_open(fuzz_file(data, size), &source, &error);

	if (result) {
		if (!*error.text)
			abort();
		return;
	}
	do
		result = source_pump(source, take, NULL, &error);
	while (result > 0);
	source_close(source);
}

FUZZ_TARGET(script)
