/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The streaming exports as sinks: what is decided for each event, that lines leave as events pass, and what happens
 * when they cannot. What the lines say is tested with whole scenarios, in tests/export. */
#include <errno.h>

#include "sink_world.h"

#include "sink/common/perfetto.h"
#include "sink/common/row.h"

extern const struct sink sink_jsonl, sink_csv, sink_perfetto;

static int take(struct world *world, const struct sink *sink, void *state)
{
	return sink->event(&world->context, state, event_built(&world->builder));
}

static void begin_both(struct world *world)
{
	begin(world, MODE_RUN, 200, "job", 4);
}

static void every_event_is_decided_on(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < EVENT_KIND_LIMIT; kind++) {
		const struct event_info *info = event_info(kind);

		if (info && !rows_decision(kind))
			fail_msg("user/sink/common/row.c has no decision on event %s", info->name);
		if (info && !perfetto_decision(kind))
			fail_msg("user/sink/perfetto.c has no decision on event %s", info->name);
		if (!info && rows_decision(kind))
			fail_msg("user/sink/common/row.c decides on kind %u, which there is not", kind);
	}
	assert_null(rows_decision(EVENT_KIND_LIMIT));
}

/* Memory must not grow with the number of events: what was told is handed on long before the end. */
static void lines_leave_as_events_pass(void **state)
{
	const struct sink *const streaming[] = {&sink_jsonl, &sink_csv, &sink_perfetto};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct world world;
		void *sink_state;
		char *text;
		size_t length;

		world_open(&world);
		world.context.out = open_memstream(&text, &length);
		begin_both(&world);
		assert_int_equal(streaming[i]->open(&world.context, &sink_state), 0);
		assert_int_equal(take(&world, streaming[i], sink_state), 0);
		for (int n = 0; n < 3000; n++) {
			tell(&world, "setsid", 1, 200, 0, "job");
			assert_int_equal(take(&world, streaming[i], sink_state), 0);
		}
		fflush(world.context.out);
		assert_in_range(length, 64 * 1024, 10000000);
		assert_int_equal(streaming[i]->close(&world.context, sink_state), 0);
		fclose(world.context.out);
		free(text);
		world_close(&world);
	}
}

static void failure_to_write_is_told(void **state)
{
	const struct sink *const streaming[] = {&sink_jsonl, &sink_csv, &sink_perfetto};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct world world;
		void *sink_state;
		int result = 0;

		world_open(&world);
		world.context.out = fopen("/dev/full", "w");
		assert_non_null(world.context.out);
		begin_both(&world);
		assert_int_equal(streaming[i]->open(&world.context, &sink_state), 0);
		for (int n = 0; n < 3000 && !result; n++) {
			tell(&world, "setsid", 1, 200, 0, "job");
			result = take(&world, streaming[i], sink_state);
		}
		assert_int_equal(result, -EIO);
		streaming[i]->close(&world.context, sink_state);
		fclose(world.context.out);
		world_close(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_event_is_decided_on),
	    cmocka_unit_test(lines_leave_as_events_pass),
	    cmocka_unit_test(failure_to_write_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
