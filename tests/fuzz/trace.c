/* SPDX-License-Identifier: BSD-2-Clause
 * The reader of trace files: whatever a file holds, each event that comes out of it passes the check. */
#include "fuzz.h"

#include "trace/trace.h"

static void fuzz_trace(const uint8_t *data, size_t size)
{
	struct trace_reader *reader = NULL;
	const struct event *event;
	struct error error = {0};
	const char *why;

	if (trace_open(fuzz_file(data, size), &reader, &error))
		return;
	while (trace_read(reader, &event, &error) > 0)
		if (event_check(event, event->size, &why))
			abort();
	for (unsigned group = 0; group < EVENT_GROUP_COUNT; group++)
		trace_bad(reader, group);
	trace_is_cut(reader);
	trace_skipped(reader);
	trace_close(reader);
}

FUZZ_TARGET(trace)
