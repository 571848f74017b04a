/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Traces of another lifeline: their events are translated by the names in the file's own table, and a table that makes
 * no sense is refused.
 */
#include "trace_helper.h"

#include "trace/format.h"

/* ---- files made by hand ---- */

static void number(struct buffer *out, uint64_t value, size_t bytes)
{
	buffer_append(out, &value, bytes);
}

static void name(struct buffer *out, const char *text)
{
	buffer_text_append(out, text);
}

static void event_row(struct buffer *table, unsigned kind, unsigned size, const char *event, unsigned fields)
{
	number(table, kind, 2);
	number(table, size, 2);
	number(table, 0, 1);
	number(table, strlen(event), 1);
	number(table, fields, 2);
	name(table, event);
}

static void field_row(struct buffer *table, enum field_type type, unsigned offset, unsigned size, const char *field)
{
	number(table, type, 1);
	number(table, strlen(field), 1);
	number(table, offset, 2);
	number(table, size, 2);
	name(table, field);
}

static void begin_table(struct buffer *table, unsigned events)
{
	buffer_clear(table);
	number(table, 1, 2);
	number(table, events, 2);
	number(table, 4, 1);
	name(table, "life");
}

static void make_file(const char *path, const struct buffer *table, const void *raw, size_t length, unsigned records)
{
	struct trace_head head = {.byte_order = TRACE_BYTE_ORDER, .major = TRACE_MAJOR, .minor = 3};
	struct trace_end end = {.magic = TRACE_END_MAGIC, .blocks = 1, .records = records, .raw = length};
	struct trace_block block = {.magic = TRACE_BLOCK_MAGIC, .raw = (uint32_t)length, .records = records};
	uLongf packed_length = compressBound(length);
	unsigned char *packed = malloc(packed_length);
	struct buffer file = {0};

	assert_int_equal(compress(packed, &packed_length, raw, length), Z_OK);
	memcpy(head.magic, TRACE_MAGIC, sizeof(head.magic));
	head.table_size = (uint32_t)table->length;
	head.table_crc = (uint32_t)crc32(0, (const Bytef *)buffer_text(table), (uInt)table->length);
	head.crc = trace_head_crc(head);
	block.packed = (uint32_t)packed_length;
	block.payload_crc = (uint32_t)crc32(0, packed, block.packed);
	block.crc = trace_crc(&block, sizeof(block));
	end.crc = trace_crc(&end, sizeof(end));
	buffer_append(&file, &head, sizeof(head));
	buffer_append(&file, buffer_text(table), table->length);
	buffer_append(&file, &block, sizeof(block));
	buffer_append(&file, packed, packed_length);
	buffer_append(&file, &end, sizeof(end));
	write_file(path, file.data, file.length);
	buffer_free(&file);
	free(packed);
}

/* ---- a translation ---- */

/*
 * `exec` as another lifeline could have it: its number is 77, cgroup comes last and is signed, old_tid was widened, uid
 * narrowed from u64, pgid and sid do not exist, `weather` (number, string, blob) is nothing we know, `args_size` has
 * become a string, and of the blobs argv comes first, exe is missing.
 */
struct foreign_exec {
	struct event h;
	int64_t old_tid;
	uint64_t uid;
	uint32_t argv_len, weather_len, filename_len, weather_number;
	char args_size[8];
	char weather_name[16];
	int64_t cgroup;
};

static void foreign_table(struct buffer *table)
{
	begin_table(table, 2);
	event_row(table, 77, sizeof(struct foreign_exec), "exec", 9);
	field_row(table, FIELD_S64, offsetof(struct foreign_exec, old_tid), 8, "old_tid");
	field_row(table, FIELD_U64, offsetof(struct foreign_exec, uid), 8, "uid");
	field_row(table, FIELD_BLOB, offsetof(struct foreign_exec, argv_len), 4, "argv");
	field_row(table, FIELD_BLOB, offsetof(struct foreign_exec, weather_len), 4, "weather");
	field_row(table, FIELD_BLOB, offsetof(struct foreign_exec, filename_len), 4, "filename");
	field_row(table, FIELD_U32, offsetof(struct foreign_exec, weather_number), 4, "weather_number");
	field_row(table, FIELD_STR, offsetof(struct foreign_exec, args_size), 8, "args_size");
	field_row(table, FIELD_STR, offsetof(struct foreign_exec, weather_name), 16, "weather_name");
	field_row(table, FIELD_S64, offsetof(struct foreign_exec, cgroup), 8, "cgroup");
	event_row(table, 3, sizeof(struct event), "sunrise", 0); /* the number is exec's, the name is not */
}

static size_t foreign_record(unsigned char *bytes)
{
	static const char blobs[] = "a\0bb\0rainy/bin/x";
	struct foreign_exec exec = {
	    .h = {.kind = 77, .t_ns = 5, .pid = 10, .tid = 11, .start_ns = 12, .comm = "other"}};

	exec.old_tid = 4000000000;
	exec.uid = 1000;
	exec.argv_len = 5;
	exec.weather_len = 5;
	exec.filename_len = 6;
	exec.cgroup = -3;
	strcpy(exec.args_size, "many");
	strcpy(exec.weather_name, "fog");
	exec.h.size = sizeof(exec) + 16;
	memcpy(bytes, &exec, sizeof(exec));
	memcpy(bytes + sizeof(exec), blobs, 16);
	return exec.h.size;
}

static void fields_are_found_by_name(void **state)
{
	_Alignas(8) unsigned char bytes[512];
	struct buffer table = {0};
	struct outcome outcome = {0};
	struct event_exec exec;
	uint32_t length;
	const char *blob;
	size_t size = foreign_record(bytes);

	(void)state;
	foreign_table(&table);
	make_file(scratch("foreign"), &table, bytes, size, 1);
	read_trace(scratch("foreign"), &outcome);
	assert_string_equal(outcome.error.text, "");
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.count, 1);
	assert_int_equal(outcome.skipped, 0);
	memcpy(&exec, outcome.events.data, sizeof(exec));
	assert_int_equal(exec.h.kind, EVENT_exec);
	assert_int_equal(exec.h.t_ns, 5);
	assert_int_equal(exec.h.pid, 10);
	assert_int_equal(exec.h.tid, 11);
	assert_int_equal(exec.h.start_ns, 12);
	assert_string_equal(exec.h.comm, "other");
	assert_int_equal(exec.old_tid, 4000000000);
	assert_int_equal(exec.uid, 1000);
	assert_int_equal(exec.cgroup, (uint64_t)-3);
	assert_int_equal(exec.pgid, 0);
	assert_int_equal(exec.sid, 0);
	assert_int_equal(exec.args_size, 0); /* a string does not become a number */
	blob = EVENT_BLOB(outcome.events.data, exec, filename, &length);
	assert_int_equal(length, 6);
	assert_memory_equal(blob, "/bin/x", 6);
	EVENT_BLOB(outcome.events.data, exec, exe, &length);
	assert_int_equal(length, 0);
	blob = EVENT_BLOB(outcome.events.data, exec, argv, &length);
	assert_int_equal(length, 5);
	assert_memory_equal(blob, "a\0bb", 5);
	buffer_free(&table);
	buffer_free(&outcome.events);
}

static void unknown_events_are_skipped_and_counted(void **state)
{
	_Alignas(8) unsigned char bytes[1024];
	struct event sunrise = {.size = sizeof(sunrise), .kind = 3};
	struct buffer table = {0};
	struct outcome outcome = {0};
	size_t size;

	(void)state;
	foreign_table(&table);
	memcpy(bytes, &sunrise, sizeof(sunrise));
	size = sizeof(sunrise) + foreign_record(bytes + sizeof(sunrise));
	memcpy(bytes + size, &sunrise, sizeof(sunrise));
	make_file(scratch("unknown"), &table, bytes, size + sizeof(sunrise), 3);
	read_trace(scratch("unknown"), &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.count, 1);
	assert_int_equal(outcome.skipped, 2);
	buffer_free(&table);
	buffer_free(&outcome.events);
}

/* Each way a foreign record can contradict its table costs that record and no other. */
static void bad_foreign_records_are_skipped(void **state)
{
	_Alignas(8) unsigned char bytes[4096];
	struct foreign_exec *first = (struct foreign_exec *)(void *)bytes;
	struct buffer table = {0};
	struct outcome outcome = {0};

	(void)state;
	foreign_table(&table);
	for (unsigned i = 0; i < 7; i++) {
		size_t size = foreign_record(bytes);

		foreign_record(bytes + size);
		if (i == 0)
			first->uid = 1ULL << 32; /* does not fit what uid is today */
		else if (i == 1)
			first->old_tid = -(1LL << 32);
		else if (i == 2)
			first->argv_len = 100; /* beyond the record */
		else if (i == 3)
			first->weather_len = 0xffffffff;
		else if (i == 4)
			memset(first->h.comm, 'x', COMM_SIZE);
		else if (i == 5)
			first->h.kind = 78;
		else
			first->h.kind = 0xffff;
		make_file(scratch("bad"), &table, bytes, 2 * size, 2);
		read_trace(scratch("bad"), &outcome);
		assert_int_equal(outcome.status, 0);
		assert_int_equal(outcome.count, 1);
		assert_int_equal(outcome.skipped, 1);
	}
	buffer_free(&table);
	buffer_free(&outcome.events);
}

/* Blobs that are each within the record, but together larger than a record of today can be. */
static void a_record_too_large_for_today_is_skipped(void **state)
{
	static _Alignas(8) unsigned char bytes[24000];
	struct foreign_exec *exec = (struct foreign_exec *)(void *)bytes;
	struct buffer table = {0};
	struct outcome outcome = {0};

	(void)state;
	foreign_table(&table);
	foreign_record(bytes);
	exec->argv_len = 18000;
	exec->weather_len = 0;
	exec->filename_len = 0;
	exec->h.size = sizeof(*exec) + 18000;
	make_file(scratch("large"), &table, bytes, exec->h.size, 1);
	read_trace(scratch("large"), &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.skipped, 1);

	/* a large blob that we do not know does not matter */
	exec->argv_len = 0;
	exec->weather_len = 18000;
	make_file(scratch("large"), &table, bytes, exec->h.size, 1);
	read_trace(scratch("large"), &outcome);
	assert_int_equal(outcome.count, 1);
	assert_int_equal(((struct event *)(void *)outcome.events.data)->size, sizeof(struct event_exec));
	buffer_free(&table);
	buffer_free(&outcome.events);
}

static void strings_may_change_their_size(void **state)
{
	_Alignas(8) struct {
		struct event h;
		char new_comm[24];
	} record = {.h = {.kind = 6, .size = sizeof(record)}, .new_comm = "twenty-one characters"};
	struct buffer table = {0};
	struct outcome outcome = {0};
	struct event_rename rename;

	(void)state;
	begin_table(&table, 1);
	event_row(&table, 6, sizeof(record), "rename", 1);
	field_row(&table, FIELD_STR, sizeof(struct event), 24, "new_comm");
	make_file(scratch("string"), &table, &record, sizeof(record), 1);
	read_trace(scratch("string"), &outcome);
	assert_int_equal(outcome.count, 1);
	memcpy(&rename, outcome.events.data, sizeof(rename));
	assert_string_equal(rename.new_comm, "twenty-one char");
	assert_int_equal(rename.h.size, sizeof(rename));

	memset(record.new_comm, 'x', sizeof(record.new_comm)); /* not terminated */
	make_file(scratch("string"), &table, &record, sizeof(record), 1);
	read_trace(scratch("string"), &outcome);
	assert_int_equal(outcome.skipped, 1);

	begin_table(&table, 1);
	event_row(&table, 6, sizeof(struct event) + 8, "rename", 1);
	field_row(&table, FIELD_STR, sizeof(struct event), 8, "new_comm");
	record.h.size = sizeof(struct event) + 8;
	memcpy(record.new_comm, "short\0\0", 8);
	make_file(scratch("string"), &table, &record, record.h.size, 1);
	read_trace(scratch("string"), &outcome);
	assert_int_equal(outcome.count, 1);
	memcpy(&rename, outcome.events.data, sizeof(rename));
	assert_string_equal(rename.new_comm, "short");
	buffer_free(&table);
	buffer_free(&outcome.events);
}

/* ---- tables that make no sense ---- */

static void expect_bad_table(const struct buffer *table, const char *why)
{
	struct outcome outcome = {0};

	make_file(scratch("table"), table, "", 0, 0);
	read_trace(scratch("table"), &outcome);
	assert_false(outcome.opened);
	assert_int_equal(outcome.status, -EBADMSG);
	assert_non_null(strstr(outcome.error.text, "byte "));
	if (!strstr(outcome.error.text, why))
		fail_msg("'%s' does not say '%s'", outcome.error.text, why);
}

static void senseless_events_are_refused(void **state)
{
	static const struct {
		unsigned kind, size;
		const char *name, *why;
	} cases[] = {
	    {TRACE_KIND_LIMIT, 48, "x", "out of range"},
	    {0xffff, 48, "x", "out of range"},
	    {1, 40, "x", "size is impossible"},
	    {1, 0, "x", "size is impossible"},
	    {1, 52, "x", "size is impossible"},
	    {1, EVENT_SIZE_MAX + 8, "x", "size is impossible"},
	    {1, 48, "", "name is empty"},
	    {1, 48, "\x1b[2J", "character"},
	    {1, 48, "UPPER", "character"},
	    {1, 48, "a name", "character"},
	};
	struct buffer table = {0};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_table(&table, 1);
		event_row(&table, cases[i].kind, cases[i].size, cases[i].name, 0);
		expect_bad_table(&table, cases[i].why);
	}
	begin_table(&table, 2);
	event_row(&table, 1, 48, "fork", 0);
	event_row(&table, 1, 48, "exec", 0);
	expect_bad_table(&table, "used twice");

	begin_table(&table, 1);
	event_row(&table, 1, 48, "fork", 60000);
	field_row(&table, FIELD_U64, 48, 8, "cgroup");
	expect_bad_table(&table, "ends too early");

	begin_table(&table, 1);
	event_row(&table, 1, 48, "fork", 0);
	number(&table, 0, 1);
	expect_bad_table(&table, "more behind it");

	begin_table(&table, 1);
	event_row(&table, 1, 48, "fork", 0);
	table.data[4 + 5 + 4] = 1; /* of group 1, and there is only group 0 */
	expect_bad_table(&table, "of no group");
	buffer_free(&table);
}

static void senseless_fields_are_refused(void **state)
{
	static const struct {
		unsigned type, offset, size;
		const char *name, *why;
	} cases[] = {
	    {7, 48, 8, "x", "type is unknown"},
	    {255, 48, 8, "x", "type is unknown"},
	    {FIELD_U64, 48, 4, "x", "does not fit its type"},
	    {FIELD_U32, 48, 8, "x", "does not fit its type"},
	    {FIELD_BLOB, 48, 2, "x", "does not fit its type"},
	    {FIELD_STR, 48, 0, "x", "does not fit its type"},
	    {FIELD_U64, 47, 8, "x", "outside"},
	    {FIELD_U64, 57, 8, "x", "outside"},
	    {FIELD_U64, 0xffff, 8, "x", "outside"},
	    {FIELD_STR, 48, 0xffff, "x", "outside"},
	    {FIELD_STR, 0, 16, "x", "outside"},
	    {FIELD_U64, 48, 8, "\n", "character"},
	};
	struct buffer table = {0};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_table(&table, 1);
		event_row(&table, 1, 64, "fork", 1);
		field_row(&table, cases[i].type, cases[i].offset, cases[i].size, cases[i].name);
		expect_bad_table(&table, cases[i].why);
	}
	buffer_free(&table);
}

static void a_table_cut_anywhere_is_refused(void **state)
{
	struct buffer table = {0}, part = {0};

	(void)state;
	foreign_table(&table);
	for (size_t length = 1; length < table.length; length++) {
		buffer_clear(&part);
		buffer_append(&part, table.data, length);
		expect_bad_table(&part, "event table is wrong");
	}
	buffer_free(&table);
	buffer_free(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_are_found_by_name),
	    cmocka_unit_test(unknown_events_are_skipped_and_counted),
	    cmocka_unit_test(bad_foreign_records_are_skipped),
	    cmocka_unit_test(a_record_too_large_for_today_is_skipped),
	    cmocka_unit_test(strings_may_change_their_size),
	    cmocka_unit_test(senseless_events_are_refused),
	    cmocka_unit_test(senseless_fields_are_refused),
	    cmocka_unit_test(a_table_cut_anywhere_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
