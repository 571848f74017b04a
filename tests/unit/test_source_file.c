/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A trace file as a source: all events in their order, and an end for the analyzers whatever the file's end is.
 */
#include "trace_helper.h"

#include "source/source.h"
#include "trace/format.h"

struct seen {
	struct buffer events;
	struct event_finish finish; /* the last one */
	struct event_lost lost;
	unsigned count, finishes, losts;
	unsigned stop_at; /* refuse this one, counted from 1 */
};

static int take(void *context, const void *record, size_t available)
{
	struct seen *seen = context;
	const struct event *event = record;

	assert_int_equal(event_check(record, available, NULL), 0);
	assert_int_equal(event->size, available);
	seen->count++;
	if (seen->count == seen->stop_at)
		return -ECANCELED;
	buffer_append(&seen->events, record, available);
	if (event->kind == EVENT_finish) {
		memcpy(&seen->finish, event, sizeof(seen->finish));
		seen->finishes++;
	}
	if (event->kind == EVENT_lost) {
		memcpy(&seen->lost, event, sizeof(seen->lost));
		seen->losts++;
	}
	return 0;
}

static int pump_all(const char *path, struct seen *seen, struct error *error)
{
	struct source *source;
	int status = source_file_open(path, &source, error);

	*seen = (struct seen){.stop_at = seen->stop_at};
	if (status) {
		assert_null(source);
		return status;
	}
	assert_int_equal(source->ops->reorder_ns, 0);
	while ((status = source_pump(source, take, seen, error)) > 0)
		;
	source_close(source);
	return status;
}

/* begin at 1000, `count` forks behind it, a flush after each `flush`, and a finish if wanted. */
static void make_trace(const char *path, unsigned count, unsigned flush, bool finish, struct buffer *expected)
{
	struct event_begin begin = {
	    .h = {.kind = EVENT_begin, .size = sizeof(begin), .t_ns = 1000, .pid = 77, .tid = 77, .comm = "lifeline"}};
	struct event_finish end = {.h = begin.h, .ended_by = ENDED_COMMAND, .exit_status = 256};
	struct trace_writer *writer;
	struct event_builder builder;

	assert_int_equal(trace_create(path, &writer, NULL), 0);
	trace_write(writer, &begin.h);
	buffer_append(expected, &begin, sizeof(begin));
	for (unsigned i = 1; i <= count; i++) {
		const struct event *event = random_event(&builder, event_info(EVENT_fork), 1000 + i, 0);

		trace_write(writer, event);
		buffer_append(expected, event, event->size);
		if (i % flush == 0)
			trace_flush(writer);
	}
	end.h.kind = EVENT_finish;
	end.h.size = sizeof(end);
	end.h.t_ns = 1001 + count;
	if (finish) {
		trace_write(writer, &end.h);
		buffer_append(expected, &end, sizeof(end));
	}
	assert_int_equal(trace_finish(writer, NULL), 0);
}

static void a_whole_trace_is_as_it_was(void **state)
{
	struct buffer expected = {0};
	struct error error = {0};
	struct seen seen = {0};

	(void)state;
	make_trace(scratch("whole"), 10000, 700, true, &expected);
	assert_int_equal(pump_all(scratch("whole"), &seen, &error), 0);
	assert_true(same_bytes(&seen.events, &expected));
	assert_int_equal(seen.finish.ended_by, ENDED_COMMAND);
	buffer_free(&expected);
	buffer_free(&seen.events);
}

static void check_added_finish(const struct seen *seen, uint64_t t_ns)
{
	assert_int_equal(seen->finishes, 1);
	assert_int_equal(seen->finish.ended_by, ENDED_CUT);
	assert_int_equal(seen->finish.exit_status, -1);
	assert_int_equal(seen->finish.h.t_ns, t_ns);
	assert_int_equal(seen->finish.h.pid, 77);
	assert_string_equal(seen->finish.h.comm, "lifeline");
}

static void a_cut_trace_gets_its_end(void **state)
{
	struct buffer expected = {0}, file = {0};
	struct error error = {0};
	struct seen seen = {0};

	(void)state;
	make_trace(scratch("cut"), 100, 10, true, &expected);
	read_file(scratch("cut"), &file);
	write_file(scratch("cut"), file.data, file.length - sizeof(struct trace_end) - 1);
	assert_int_equal(pump_all(scratch("cut"), &seen, &error), 0);
	check_added_finish(&seen, 1100);
	assert_int_equal(seen.count, 1 + 100 + 1);

	/* if only the end record is missing, how it ended is known */
	buffer_free(&seen.events);
	write_file(scratch("cut"), file.data, file.length - 1);
	assert_int_equal(pump_all(scratch("cut"), &seen, &error), 0);
	assert_int_equal(seen.finishes, 1);
	assert_int_equal(seen.finish.ended_by, ENDED_COMMAND);
	buffer_free(&seen.events);
	buffer_free(&expected);
	buffer_free(&file);
}

/* Recorded by a lifeline that could not go on, but could still end the file. */
static void a_whole_trace_without_a_finish_gets_one(void **state)
{
	struct buffer expected = {0};
	struct error error = {0};
	struct seen seen = {0};

	(void)state;
	make_trace(scratch("stopped"), 5, 10, false, &expected);
	assert_int_equal(pump_all(scratch("stopped"), &seen, &error), 0);
	check_added_finish(&seen, 1005);
	buffer_free(&seen.events);
	buffer_free(&expected);
}

static void a_damaged_trace_tells_its_part_then_the_error(void **state)
{
	struct buffer expected = {0}, file = {0};
	struct error error = {0};
	struct seen seen = {0};

	(void)state;
	make_trace(scratch("damaged"), 100, 10, true, &expected);
	read_file(scratch("damaged"), &file);
	file.data[file.length - sizeof(struct trace_end) - 3] ^= 4;
	write_file(scratch("damaged"), file.data, file.length);
	assert_int_equal(pump_all(scratch("damaged"), &seen, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "byte"));
	check_added_finish(&seen, 1100);
	assert_int_equal(seen.count, 1 + 100 + 1);
	buffer_free(&seen.events);
	buffer_free(&expected);
	buffer_free(&file);
}

static void no_events_are_an_error(void **state)
{
	struct trace_writer *writer;
	struct buffer file = {0};
	struct error error = {0};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(trace_create(scratch("none"), &writer, NULL), 0);
	assert_int_equal(trace_finish(writer, NULL), 0);
	assert_int_equal(pump_all(scratch("none"), &seen, &error), -ENODATA);
	assert_non_null(strstr(error.text, "holds no events"));
	read_file(scratch("none"), &file);
	write_file(scratch("none"), file.data, file.length - 3);
	assert_int_equal(pump_all(scratch("none"), &seen, &error), -ENODATA);
	assert_non_null(strstr(error.text, "cut off within the first block"));
	assert_int_equal(seen.count, 0);
	assert_int_equal(pump_all(scratch("missing"), &seen, &error), -ENOENT);
	buffer_free(&file);
}

/* A record that was left out is missing from the stream: told between its neighbours, with its class. */
static void bad_records_become_a_loss(void **state)
{
	struct trace_writer *writer;
	struct event_builder builder;
	struct event *event = (struct event *)builder.bytes;
	struct error error = {0};
	struct seen seen = {0};

	(void)state;
	random_seed(31);
	assert_int_equal(trace_create(scratch("bad"), &writer, NULL), 0);
	for (unsigned i = 0; i < 6; i++) {
		random_event(&builder, event_info(i == 3 ? EVENT_signal : EVENT_reap), 100 + i, 0);
		if (i == 2 || i == 3 || i == 5)
			memset(event->comm, 'x', COMM_SIZE);
		trace_write(writer, event); /* which trusts its caller */
	}
	assert_int_equal(trace_finish(writer, NULL), 0);
	assert_int_equal(pump_all(scratch("bad"), &seen, &error), 0);
	assert_int_equal(seen.losts, 3);
	assert_int_equal(seen.count, 3 + 3 + 1);
	assert_int_equal(seen.lost.class, GROUP_WAIT); /* the one at the end */
	assert_int_equal(seen.lost.count, 1);
	assert_int_equal(seen.lost.since_ns, 104);
	assert_int_equal(seen.lost.h.t_ns, 104);
	buffer_free(&seen.events);
}

static void a_refusal_stops_the_source(void **state)
{
	struct buffer expected = {0};
	struct error error = {0};
	struct seen seen = {.stop_at = 7};

	(void)state;
	make_trace(scratch("refused"), 20, 5, true, &expected);
	assert_int_equal(pump_all(scratch("refused"), &seen, &error), -ECANCELED);
	assert_int_equal(seen.count, 7);
	buffer_free(&seen.events);
	buffer_free(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_trace_is_as_it_was),
	    cmocka_unit_test(a_cut_trace_gets_its_end),
	    cmocka_unit_test(a_whole_trace_without_a_finish_gets_one),
	    cmocka_unit_test(a_damaged_trace_tells_its_part_then_the_error),
	    cmocka_unit_test(no_events_are_an_error),
	    cmocka_unit_test(bad_records_become_a_loss),
	    cmocka_unit_test(a_refusal_stops_the_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
