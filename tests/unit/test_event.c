/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event table, the check of records and the builder.
 */
#include "trace_helper.h"

static const struct event_info *next_kind(unsigned *kind)
{
	while (*kind < 0x10000) {
		const struct event_info *info = event_info((uint16_t)(*kind)++);

		if (info)
			return info;
	}
	return NULL;
}

/* ---- the table ---- */

static void fields_tile_each_record(void **state)
{
	unsigned cursor = 0, kinds = 0;
	const struct event_info *info;

	(void)state;
	while ((info = next_kind(&cursor))) {
		size_t at = sizeof(struct event);

		kinds++;
		assert_int_equal(info->kind, cursor - 1);
		assert_ptr_equal(event_info_by_name(info->name), info);
		assert_non_null(event_group_name(info->group));
		assert_int_equal(info->size % 8, 0);
		for (unsigned i = 0; i < info->field_count; i++) {
			const struct event_field *field = &info->fields[i];

			assert_int_equal(field->offset, at);
			assert_int_equal(field->offset % (field->size < 8 ? 4 : 8), 0);
			at += field->size;
		}
		assert_int_equal(at, info->size);
	}
	assert_in_range(kinds, 20, EVENT_KIND_LIMIT);
}

static void names_of_fields_differ(void **state)
{
	unsigned cursor = 0;
	const struct event_info *info;

	(void)state;
	while ((info = next_kind(&cursor)))
		for (unsigned i = 0; i < info->field_count; i++)
			for (unsigned k = 0; k < i; k++)
				assert_string_not_equal(info->fields[i].name, info->fields[k].name);
}

static void what_is_not_there_is_not_found(void **state)
{
	(void)state;
	assert_null(event_info(0));
	assert_null(event_info(EVENT_KIND_LIMIT));
	assert_null(event_info(0xffff));
	assert_null(event_info_by_name(""));
	assert_null(event_info_by_name("forks"));
	assert_null(event_group_name(EVENT_GROUP_COUNT));
	assert_null(event_group_name((enum event_group) - 1));
	assert_string_equal(event_group_name(GROUP_LIFE), "life");
	assert_string_equal(event_group_name(GROUP_STREAM), "stream");
}

static void table_and_struct_agree(void **state)
{
	struct event_exit exit_event = {
	    .wait_calls = INT64_MAX, .status = -2, .group_dead = 0xfffffffe, .live = 3, .sid = 4};
	struct event_fork fork_event = {.child_start = 1ULL << 63, .exit_signal = 17};
	const struct event_info *info = event_info(EVENT_exit);
	int64_t sum = 0;

	(void)state;
	assert_int_equal(info->size, sizeof(exit_event));
	assert_int_equal(info->group, GROUP_LIFE);
	assert_string_equal(info->fields[0].name, "wait_calls");
	assert_int_equal(event_integer(&exit_event.h, &info->fields[0]), INT64_MAX);
	assert_string_equal(info->fields[1].name, "status");
	assert_int_equal(event_integer(&exit_event.h, &info->fields[1]), -2);
	assert_int_equal(event_integer(&exit_event.h, &info->fields[2]), 0xfffffffeLL); /* unsigned is not extended */
	for (unsigned i = 3; i < info->field_count; i++)
		sum += event_integer(&exit_event.h, &info->fields[i]);
	assert_int_equal(sum, 3 + 4);
	info = event_info(EVENT_fork);
	assert_int_equal(event_integer(&fork_event.h, &info->fields[0]), INT64_MIN);
}

/* ---- the builder ---- */

static void a_new_event_is_zero_and_well_formed(void **state)
{
	static const unsigned char zeros[EVENT_SIZE_MAX];
	struct event_builder builder;
	const struct event_info *info;
	unsigned cursor = 0;

	(void)state;
	while ((info = next_kind(&cursor))) {
		memset(builder.bytes, 0xaa, sizeof(builder.bytes));
		event_build(&builder, info);
		assert_int_equal(event_built(&builder)->kind, info->kind);
		assert_int_equal(event_check(event_built(&builder), info->size, NULL), 0);
		assert_memory_equal(builder.bytes + 8, zeros, info->size - 8u);
	}
}

static void integers_are_set_in_their_range(void **state)
{
	struct event_builder builder;
	const struct event_exit *built = (const struct event_exit *)builder.bytes;

	(void)state;
	event_build(&builder, event_info(EVENT_exit));
	assert_int_equal(event_build_integer(&builder, "status", INT32_MIN), 0);
	assert_int_equal(built->status, INT32_MIN);
	assert_int_equal(event_build_integer(&builder, "live", UINT32_MAX), 0);
	assert_int_equal(built->live, UINT32_MAX);
	assert_int_equal(event_build_integer(&builder, "live", -1), 0);
	assert_int_equal(event_build_integer(&builder, "live", 1LL << 32), -ERANGE);
	assert_int_equal(event_build_integer(&builder, "live", INT64_MIN), -ERANGE);
	assert_int_equal(event_build_integer(&builder, "weather", 1), -ENOENT);
	event_build(&builder, event_info(EVENT_exec));
	assert_int_equal(event_build_integer(&builder, "argv", 1), -EINVAL);
	assert_int_equal(event_build_integer(&builder, "cgroup", INT64_MIN), 0);
	assert_int_equal(((const struct event_exec *)(const void *)builder.bytes)->cgroup, 1ULL << 63);
}

static void strings_have_their_length(void **state)
{
	struct event_builder builder;
	const struct event_rename *built = (const struct event_rename *)builder.bytes;

	(void)state;
	event_build(&builder, event_info(EVENT_rename));
	assert_int_equal(event_build_bytes(&builder, "new_comm", "fifteen letters", 15), 0);
	assert_string_equal(built->new_comm, "fifteen letters");
	assert_int_equal(event_build_bytes(&builder, "new_comm", "x", 1), 0);
	assert_memory_equal(built->new_comm, "x\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(event_build_bytes(&builder, "new_comm", "sixteen letters!", 16), -E2BIG);
	assert_string_equal(built->new_comm, "x");
	assert_int_equal(event_build_bytes(&builder, "weather", "x", 1), -ENOENT);
	event_build(&builder, event_info(EVENT_exit));
	assert_int_equal(event_build_bytes(&builder, "status", "x", 1), -EINVAL);
}

static void expect_blob(const struct event *event, size_t field, const char *bytes, size_t length)
{
	uint32_t found;
	const char *blob = event_blob_at(event, field, &found);

	assert_int_equal(found, length);
	assert_memory_equal(blob, bytes, length);
}

static void blobs_may_be_set_in_any_order_and_again(void **state)
{
	struct event_builder builder;
	const struct event *built = (const struct event *)builder.bytes;

	(void)state;
	event_build(&builder, event_info(EVENT_exec));
	assert_int_equal(event_build_bytes(&builder, "argv", "a\0b", 4), 0);
	assert_int_equal(event_build_bytes(&builder, "filename", "./a", 3), 0);
	assert_int_equal(event_build_bytes(&builder, "exe", "/bin/a", 6), 0);
	assert_int_equal(built->size, sizeof(struct event_exec) + 16);
	expect_blob(built, offsetof(struct event_exec, filename_len), "./a", 3);
	expect_blob(built, offsetof(struct event_exec, exe_len), "/bin/a", 6);
	expect_blob(built, offsetof(struct event_exec, argv_len), "a\0b", 4);
	assert_int_equal(event_check(built, built->size, NULL), 0);

	assert_int_equal(event_build_bytes(&builder, "exe", "", 0), 0);
	assert_int_equal(event_build_bytes(&builder, "filename", "/a/longer/name", 14), 0);
	expect_blob(built, offsetof(struct event_exec, filename_len), "/a/longer/name", 14);
	expect_blob(built, offsetof(struct event_exec, exe_len), "", 0);
	expect_blob(built, offsetof(struct event_exec, argv_len), "a\0b", 4);
	assert_int_equal(event_check(built, built->size, NULL), 0);
}

static void blobs_beyond_the_largest_record_are_refused(void **state)
{
	static char bytes[EVENT_SIZE_MAX];
	struct event_builder builder;
	const struct event *built = (const struct event *)builder.bytes;

	(void)state;
	event_build(&builder, event_info(EVENT_exec));
	assert_int_equal(event_build_bytes(&builder, "argv", bytes, SIZE_MAX), -E2BIG);
	assert_int_equal(event_build_bytes(&builder, "argv", bytes, EVENT_SIZE_MAX), -E2BIG);
	assert_int_equal(event_build_bytes(&builder, "argv", bytes, 16000), 0);
	assert_int_equal(event_build_bytes(&builder, "exe", bytes, 400), -E2BIG);
	assert_int_equal(event_check(built, built->size, NULL), 0);
	for (size_t length = 0; length < EVENT_SIZE_MAX; length += 1 + length / 8) {
		event_build(&builder, event_info(EVENT_cgroup));
		if (!event_build_bytes(&builder, "path", bytes, length))
			assert_int_equal(event_check(built, sizeof(builder.bytes), NULL), 0);
		else
			assert_true(length > EVENT_SIZE_MAX - sizeof(struct event_cgroup) - 16);
	}
}

/* ---- the check ---- */

static void expect_bad(const void *record, size_t available, const char *reason)
{
	const char *why = "";

	assert_int_equal(event_check(record, available, &why), -EINVAL);
	assert_string_equal(why, reason);
	assert_int_equal(event_check(record, available, NULL), -EINVAL);
}

static void each_reason_has_its_words(void **state)
{
	struct event_builder builder;
	struct event *event = (struct event *)builder.bytes;
	struct event_rename *renamed = (struct event_rename *)builder.bytes;

	(void)state;
	event_build(&builder, event_info(EVENT_rename));
	expect_bad(event, 0, "it is shorter than a record's head");
	expect_bad(event, sizeof(*event) - 1, "it is shorter than a record's head");
	expect_bad(event, sizeof(*event), "it is larger than what is there");
	event->size = EVENT_SIZE_MAX + 8;
	expect_bad(event, sizeof(builder.bytes), "it is larger than what is there");
	event->size = sizeof(*renamed) - 8;
	expect_bad(event, sizeof(*renamed), "it is shorter than its kind");
	event->size = 0;
	expect_bad(event, sizeof(*renamed), "it is shorter than its kind");
	event->size = sizeof(*renamed) + 8;
	expect_bad(event, sizeof(builder.bytes), "its parts do not add up to its size");
	event->size = sizeof(*renamed) + 1;
	expect_bad(event, sizeof(builder.bytes), "its parts do not add up to its size");
	event->size = sizeof(*renamed);
	memset(event->comm, 'x', COMM_SIZE);
	expect_bad(event, sizeof(*renamed), "its command name is not terminated");
	event->comm[15] = '\0';
	memset(renamed->new_comm, 'x', 16);
	expect_bad(event, sizeof(*renamed), "a string is not terminated");
	renamed->new_comm[0] = '\0';
	assert_int_equal(event_check(event, sizeof(*renamed), NULL), 0);
	event->kind = EVENT_KIND_LIMIT;
	expect_bad(event, sizeof(*renamed), "its kind is unknown");
	event->kind = 0;
	expect_bad(event, sizeof(*renamed), "its kind is unknown");
}

static void lengths_of_blobs_cannot_wrap(void **state)
{
	struct event_builder builder;
	struct event_exec *exec = (struct event_exec *)builder.bytes;

	(void)state;
	event_build(&builder, event_info(EVENT_exec));
	exec->filename_len = exec->exe_len = 0x80000000; /* 2^32 in sum */
	expect_bad(exec, sizeof(builder.bytes), "its parts do not add up to its size");
	exec->filename_len = exec->exe_len = exec->argv_len = 0xffffffff;
	expect_bad(exec, sizeof(builder.bytes), "its parts do not add up to its size");
	exec->filename_len = exec->exe_len = 0;
	exec->argv_len = 0xffffffff; /* rounded up to a multiple of 8: 0 in 32 bits */
	expect_bad(exec, sizeof(builder.bytes), "its parts do not add up to its size");
}

/* Reads all that a user of a checked event may read. The copy has not a byte more than it says, so a sanitizer sees. */
static uint64_t use(const void *bytes, size_t length)
{
	void *copy = malloc(length ? length : 1);
	const struct event *event = copy;
	uint64_t sum = 0;

	memcpy(copy, bytes, length);
	if (!event_check(copy, length, NULL)) {
		const struct event_info *info = event_info(event->kind);

		sum = strlen(event->comm);
		for (unsigned i = 0; i < info->field_count; i++) {
			const struct event_field *field = &info->fields[i];
			uint32_t blob_length;
			const char *blob;

			if (field->type == FIELD_STR) {
				sum += strlen((const char *)event + field->offset);
			} else if (field->type == FIELD_BLOB) {
				blob = event_blob_at(event, field->offset, &blob_length);
				for (uint32_t k = 0; k < blob_length; k++)
					sum += (unsigned char)blob[k];
			} else {
				sum += (uint64_t)event_integer(event, field);
			}
		}
		sum |= 1;
	}
	free(copy);
	return sum;
}

static void changed_records_are_refused_or_harmless(void **state)
{
	struct event_builder builder;
	unsigned harmless = 0, refused = 0;

	(void)state;
	random_seed(21);
	for (unsigned i = 0; i < 20000; i++) {
		const struct event *event = random_event(&builder, random_kind(), i, 60);
		size_t length = event->size;

		for (uint64_t times = random_below(4); times; times--) {
			size_t at = random_below(2) ? random_below(8) : random_below(length);

			builder.bytes[at] = (unsigned char)(random_below(2) ? 0xff : random_number());
		}
		if (use(event, random_below(4) ? length : random_below(length + 1)))
			harmless++;
		else
			refused++;
	}
	assert_in_range(harmless, 1000, 19000);
	assert_in_range(refused, 1000, 19000);
}

static void the_end_of_a_process_is_told_from_a_thread(void **state)
{
	struct event_end end = {.h.kind = EVENT_end, .state = END_THREAD};

	(void)state;
	assert_false(event_is_process_end(&end.h));
	end.state = END_ZOMBIE;
	assert_true(event_is_process_end(&end.h));
	end.h.kind = EVENT_exit;
	assert_false(event_is_process_end(&end.h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_tile_each_record),
	    cmocka_unit_test(names_of_fields_differ),
	    cmocka_unit_test(what_is_not_there_is_not_found),
	    cmocka_unit_test(table_and_struct_agree),
	    cmocka_unit_test(a_new_event_is_zero_and_well_formed),
	    cmocka_unit_test(integers_are_set_in_their_range),
	    cmocka_unit_test(strings_have_their_length),
	    cmocka_unit_test(blobs_may_be_set_in_any_order_and_again),
	    cmocka_unit_test(blobs_beyond_the_largest_record_are_refused),
	    cmocka_unit_test(each_reason_has_its_words),
	    cmocka_unit_test(lengths_of_blobs_cannot_wrap),
	    cmocka_unit_test(changed_records_are_refused_or_harmless),
	    cmocka_unit_test(the_end_of_a_process_is_told_from_a_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
