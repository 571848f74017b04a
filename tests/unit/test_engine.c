/* SPDX-License-Identifier: BSD-2-Clause
 * The one path: check, order, recording, conclusion; fed by a source made of hand-built events. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/engine.h"

#define BASE 1000000000000ULL
#define MS 1000000ULL
#define EVENTS_MAX 32

struct list { /* a source: hands out one record per pump, then ends or fails */
	struct source source;
	struct event *records[EVENTS_MAX];
	size_t available[EVENTS_MAX];
	unsigned count, next;
	int end;
	bool said;
};

static int pump(struct source *source, record_fn record, void *context, struct error *error)
{
	struct list *list = (struct list *)source;
	int err;

	if (list->next == list->count) {
		if (list->end < 0 && list->said)
			error_set(error, list->end, "the source broke");
		return list->end;
	}
	err = record(context, list->records[list->next], list->available[list->next]);
	list->next++;
	return err < 0 ? err : 1;
}

static void close_list(struct source *source)
{
	struct list *list = (struct list *)source;

	for (unsigned i = 0; i < list->count; i++)
		free(list->records[i]);
	list->count = 0;
}

static const struct source_ops list_ops = {.pump = pump, .close = close_list, .reorder_ns = 5 * MS};
static struct list list;
static struct engine engine;
static struct error error;
static struct event_builder builder;

static void start(const char *name, uint64_t at_ns, uint32_t pid)
{
	struct event *event = (struct event *)builder.bytes;

	event_build(&builder, event_info_by_name(name));
	event->t_ns = BASE + at_ns;
	event->pid = event->tid = pid;
	event->start_ns = pid ? BASE - pid : 0;
	strcpy(event->comm, "test");
}

static void set(const char *field, int64_t value)
{
	assert_int_equal(event_build_integer(&builder, field, value), 0);
}

static void add(void)
{
	const struct event *event = event_built(&builder);
	struct event *copy = aligned_alloc(8, event->size);

	assert_true(list.count < EVENTS_MAX);
	memcpy(copy, event, event->size);
	list.available[list.count] = event->size;
	list.records[list.count++] = copy;
}

static void add_begin(uint64_t at_ns)
{
	start("begin", at_ns, 99);
	((struct event *)builder.bytes)->start_ns = 0;
	set("zombie_after_ns", 1000 * MS);
	set("contended_after_ns", 10 * MS);
	set("pid_max", 32768);
	set("cpus", 2);
	set("target", 100);
	add();
}

static void add_fork(uint64_t at_ns, uint32_t parent, uint32_t child)
{
	start("fork", at_ns, parent);
	set("child", child);
	set("child_start", (int64_t)(BASE - child));
	set("parent", parent);
	set("parent_start", (int64_t)(BASE - parent));
	set("parent_tid", parent);
	set("exit_signal", 17);
	add();
}

static void add_rename(uint64_t at_ns, uint32_t pid, const char *comm)
{
	start("rename", at_ns, pid);
	assert_int_equal(event_build_bytes(&builder, "new_comm", comm, strlen(comm)), 0);
	add();
}

static void add_finish(uint64_t at_ns)
{
	start("finish", at_ns, 99);
	set("exit_status", 0);
	add();
}

static int run(const struct engine_options *options)
{
	error = (struct error){0};
	list.source.ops = &list_ops;
	return engine_run(&engine, &list.source, options, NULL, NULL, &error);
}

static int set_up(void **state)
{
	(void)state;
	list = (struct list){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	engine_free(&engine);
	close_list(&list.source);
	return 0;
}

static const struct process *by_pid(uint32_t pid)
{
	return model_by_pid(engine.model, pid);
}

static void folds_to_the_end(void **state)
{
	(void)state;
	add_begin(0);
	add_fork(1 * MS, 100, 200);
	add_finish(2 * MS);
	assert_int_equal(run(NULL), 0);
	assert_true(engine.began);
	assert_true(model_observation(engine.model)->finished);
	assert_non_null(by_pid(200));
	assert_int_equal(model_events(engine.model), 3);
	assert_int_equal(engine.refused, 0);
	assert_int_equal(engine.late, 0);
}

/* Two processors told about the same process in the wrong order: the later name has to win. */
static void order_is_that_of_time(void **state)
{
	(void)state;
	add_begin(0);
	add_fork(1 * MS, 100, 200);
	add_rename(4 * MS, 200, "second");
	add_rename(3 * MS, 200, "first");
	add_finish(20 * MS);
	assert_int_equal(run(NULL), 0);
	assert_string_equal(by_pid(200)->comm, "second");
	assert_int_equal(engine.late, 0);
}

static void later_than_the_window_is_counted(void **state)
{
	(void)state;
	add_begin(0);
	add_fork(1 * MS, 100, 200);
	add_fork(30 * MS, 100, 201);
	add_fork(60 * MS, 100, 202);
	add_fork(10 * MS, 100, 203);
	add_finish(90 * MS);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(engine.late, 1);
}

static void bad_records_are_counted_and_skipped(void **state)
{
	(void)state;
	add_begin(0);
	add_fork(1 * MS, 100, 200);
	list.available[1] -= 8; /* cut off */
	add_fork(2 * MS, 100, 201);
	list.records[2]->kind = 777;
	add_fork(3 * MS, 100, 202);
	list.records[3]->size = 0;
	add_fork(4 * MS, 100, 203);
	list.available[4] = 3; /* not even a size */
	add_fork(5 * MS, 100, 204);
	add_finish(9 * MS);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(engine.refused, 4);
	assert_null(by_pid(200));
	assert_non_null(by_pid(204));
}

static void nothing_counts_before_begin_nor_a_second_one(void **state)
{
	(void)state;
	add_fork(0, 100, 200);
	add_begin(1 * MS);
	add_begin(2 * MS);
	add_fork(3 * MS, 100, 201);
	add_finish(9 * MS);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(engine.refused, 2);
	assert_null(by_pid(200));
	assert_non_null(by_pid(201));
	assert_int_equal(model_observation(engine.model)->begin_ns, BASE + 1 * MS);
}

static void a_stream_without_begin_is_an_error(void **state)
{
	(void)state;
	add_fork(0, 100, 200);
	assert_int_equal(run(NULL), -EINVAL);
	assert_false(engine.began);
	assert_non_null(strstr(error.text, "begin"));
	assert_non_null(engine.model);
	assert_int_equal(findings_count(engine.findings), 0);
}

static void an_empty_stream_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(run(NULL), -EINVAL);
	assert_int_equal(error.code, -EINVAL);
}

static void what_was_seen_before_a_failure_stays(void **state)
{
	(void)state;
	add_begin(0);
	add_fork(1 * MS, 100, 200); /* still held in the reorder window when the source fails */
	list.end = -EIO;
	list.said = true;
	assert_int_equal(run(NULL), -EIO);
	assert_string_equal(error.text, "the source broke");
	assert_non_null(by_pid(200));
}

static void a_failure_without_words_gets_some(void **state)
{
	(void)state;
	add_begin(0);
	list.end = -ENOMEM;
	assert_int_equal(run(NULL), -ENOMEM);
	assert_true(error.text[0] != '\0');
	assert_int_equal(error.code, -ENOMEM);
}

static void limits_given_now_replace_recorded_ones(void **state)
{
	struct engine_options options = {.zombie_after_ns = 7 * MS};

	(void)state;
	add_begin(0);
	add_finish(1 * MS);
	assert_int_equal(run(&options), 0);
	assert_int_equal(model_observation(engine.model)->zombie_after_ns, 7 * MS);
	assert_int_equal(model_observation(engine.model)->contended_after_ns, 10 * MS);
}

struct seen {
	unsigned count;
	uint64_t last_ns;
	int fail_at;
};

static int see(void *context, const struct event *event)
{
	struct seen *seen = context;

	assert_true(event->t_ns >= seen->last_ns);
	seen->last_ns = event->t_ns;
	return ++seen->count == (unsigned)seen->fail_at ? -ENOSPC : 0;
}

static void an_observer_sees_all_and_can_stop_it(void **state)
{
	struct seen seen = {0};

	(void)state;
	for (int attempt = 0; attempt < 2; attempt++) {
		list = (struct list){.source.ops = &list_ops};
		add_begin(0);
		add_fork(2 * MS, 100, 200);
		add_fork(1 * MS, 100, 201);
		add_finish(9 * MS);
		assert_int_equal(engine_run(&engine, &list.source, NULL, see, &seen, &error), attempt ? -ENOSPC : 0);
		assert_int_equal(seen.count, attempt ? 3 : 4);
		if (attempt)
			return;
		engine_free(&engine);
		close_list(&list.source);
		seen = (struct seen){.fail_at = 3};
	}
}

static char *temporary_name(void)
{
	char *path = strdup("/tmp/lifeline-engine.XXXXXX");
	int descriptor = mkstemp(path);

	assert_true(descriptor >= 0);
	close(descriptor);
	return path;
}

static void a_recording_replays_to_the_same(void **state)
{
	char *path = temporary_name();
	struct engine_options options = {.record = path};
	struct engine replayed = {0};
	struct source *file;

	(void)state;
	add_begin(0);
	add_fork(1 * MS, 100, 200);
	add_rename(4 * MS, 200, "second");
	add_rename(3 * MS, 200, "first");
	add_fork(40 * MS, 100, 201);
	add_fork(3000 * MS, 100, 202);
	add_fork(20 * MS, 100, 203); /* too late to be put in order */
	add_finish(4000 * MS);
	assert_int_equal(run(&options), 0);
	assert_int_equal(source_file_open(path, &file, &error), 0);
	assert_int_equal(engine_run(&replayed, file, NULL, NULL, NULL, &error), 0);
	assert_int_equal(model_events(replayed.model), model_events(engine.model));
	assert_string_equal(model_by_pid(replayed.model, 200)->comm, "second");
	assert_non_null(model_by_pid(replayed.model, 203));
	assert_true(model_observation(replayed.model)->finished);
	source_close(file);
	engine_free(&replayed);
	unlink(path);
	free(path);
}

static void an_unwritable_recording_does_not_end_the_observation(void **state)
{
	struct engine_options options = {.record = "/proc/no/such/folder/trace"};

	(void)state;
	add_begin(0);
	add_fork(1 * MS, 100, 200);
	add_finish(2 * MS);
	assert_true(run(&options) < 0);
	assert_non_null(strstr(error.text, "/proc/no/such/folder/trace"));
	assert_non_null(by_pid(200));
	assert_true(model_observation(engine.model)->finished);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(folds_to_the_end),
	    TEST(order_is_that_of_time),
	    TEST(later_than_the_window_is_counted),
	    TEST(bad_records_are_counted_and_skipped),
	    TEST(nothing_counts_before_begin_nor_a_second_one),
	    TEST(a_stream_without_begin_is_an_error),
	    TEST(an_empty_stream_is_an_error),
	    TEST(what_was_seen_before_a_failure_stays),
	    TEST(a_failure_without_words_gets_some),
	    TEST(limits_given_now_replace_recorded_ones),
	    TEST(an_observer_sees_all_and_can_stop_it),
	    TEST(a_recording_replays_to_the_same),
	    TEST(an_unwritable_recording_does_not_end_the_observation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
