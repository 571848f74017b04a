/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random damage, with fixed seeds: whatever is in a file, reading it ends, crashes nothing (run with SAN=1), and gives
 * well-formed events only. Random bytes seldom get beyond a checksum, so most rounds mend the checksums after the
 * damage.
 */
#include "trace_helper.h"

#include <sys/mman.h>

#include "trace/format.h"

#define ROUNDS 20000

struct shape {
	struct buffer table; /* our own */
	struct buffer raw;   /* some records */
	unsigned records;
};

static int memory = -1; /* the file under test, without a disk */
static char memory_path[64];

static void set_file(const struct buffer *file)
{
	assert_int_equal(ftruncate(memory, 0), 0);
	assert_int_equal(pwrite(memory, file->data, file->length, 0), file->length);
}

static int make_shape(void **state)
{
	static struct shape shape;
	struct event_builder builder;
	struct trace_writer *writer;
	struct trace_head head;
	struct buffer file = {0};

	memory = memfd_create("trace", MFD_CLOEXEC);
	snprintf(memory_path, sizeof(memory_path), "/proc/self/fd/%d", memory);
	random_seed(100);
	for (shape.records = 0; shape.records < 20; shape.records++) {
		const struct event *event = random_event(&builder, random_kind(), shape.records, 40);

		buffer_append(&shape.raw, event, event->size);
	}
	assert_int_equal(trace_create(scratch("table"), &writer, NULL), 0);
	assert_int_equal(trace_finish(writer, NULL), 0);
	read_file(scratch("table"), &file);
	memcpy(&head, file.data, sizeof(head));
	buffer_append(&shape.table, file.data + sizeof(head), head.table_size);
	buffer_free(&file);
	*state = &shape;
	return 0;
}

static int free_shape(void **state)
{
	struct shape *shape = *state;

	buffer_free(&shape->table);
	buffer_free(&shape->raw);
	close(memory);
	return 0;
}

/* Changes up to four places: a bit, a byte, a 32-bit extreme, or a shift of the rest. */
static void damage(char *bytes, size_t length)
{
	static const uint32_t extremes[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8, 48, 1 << 20};

	for (uint64_t times = 1 + random_below(4); times; times--) {
		size_t at = random_below(length);

		switch (random_below(4)) {
		case 0:
			bytes[at] = (char)(bytes[at] ^ (1 << random_below(8)));
			break;
		case 1:
			bytes[at] = (char)random_number();
			break;
		case 2:
			if (at + 4 <= length)
				memcpy(bytes + at, &extremes[random_below(8)], 4);
			break;
		default:
			memmove(bytes + at, bytes + length / 2, length - (at > length / 2 ? at : length / 2));
		}
	}
}

/* A file with right checksums around this table and these records. */
static void compose(struct buffer *file, const struct buffer *table, const struct buffer *raw, unsigned records)
{
	struct trace_head head = {.byte_order = TRACE_BYTE_ORDER, .major = TRACE_MAJOR, .minor = TRACE_MINOR};
	struct trace_block block = {.magic = TRACE_BLOCK_MAGIC, .raw = (uint32_t)raw->length, .records = records};
	unsigned char packed[1 << 14];
	uLongf packed_length = sizeof(packed);

	assert_int_equal(compress2(packed, &packed_length, (const Bytef *)raw->data, raw->length, 1), Z_OK);
	memcpy(head.magic, TRACE_MAGIC, sizeof(head.magic));
	head.table_size = (uint32_t)table->length;
	head.table_crc = (uint32_t)crc32(0, (const Bytef *)table->data, (uInt)table->length);
	head.crc = trace_head_crc(head);
	block.packed = (uint32_t)packed_length;
	block.payload_crc = (uint32_t)crc32(0, packed, block.packed);
	block.crc = trace_crc(&block, sizeof(block));
	buffer_clear(file);
	buffer_append(file, &head, sizeof(head));
	buffer_append(file, table->data, table->length);
	buffer_append(file, &block, sizeof(block));
	buffer_append(file, packed, packed_length);
}

/* read_trace fails the test if an event comes that is not well-formed. */
static void read_it(struct outcome *outcome)
{
	read_trace(memory_path, outcome);
	assert_true(outcome->status <= 0);
	if (outcome->status)
		assert_string_not_equal(outcome->error.text, "");
}

static void random_files(void **state)
{
	struct outcome outcome = {0};
	struct buffer file = {0};
	char bytes[600];

	(void)state;
	random_seed(101);
	for (unsigned i = 0; i < ROUNDS; i++) {
		random_bytes(bytes, sizeof(bytes));
		if (i % 2) /* beyond the first look */
			memcpy(bytes, TRACE_MAGIC "\x0d\x0c\x0b\x0a\x01\0\0\0\0\0\0\0", 20);
		buffer_clear(&file);
		buffer_append(&file, bytes, 1 + random_below(sizeof(bytes)));
		set_file(&file);
		read_it(&outcome);
		assert_int_equal(outcome.count, 0);
	}
	buffer_free(&file);
	buffer_free(&outcome.events);
}

static void random_blocks_behind_a_good_table(void **state)
{
	const struct shape *shape = *state;
	struct outcome outcome = {0};
	struct buffer file = {0};

	random_seed(102);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct trace_block block;
		size_t begin = sizeof(struct trace_head) + shape->table.length;

		compose(&file, &shape->table, &shape->raw, shape->records);
		damage(file.data + begin, i % 3 ? sizeof(block) : file.length - begin);
		memcpy(&block, file.data + begin, sizeof(block));
		if (random_below(8))
			block.magic = random_below(4) ? TRACE_BLOCK_MAGIC : TRACE_END_MAGIC;
		if (random_below(2))
			block.payload_crc = (uint32_t)crc32(0, (const Bytef *)file.data + begin + sizeof(block),
							    (uInt)(file.length - begin - sizeof(block)));
		block.crc = trace_crc(&block, sizeof(block));
		memcpy(file.data + begin, &block, sizeof(block));
		set_file(&file);
		read_it(&outcome);
	}
	buffer_free(&file);
	buffer_free(&outcome.events);
}

static void damaged_records_under_right_checksums(void **state)
{
	const struct shape *shape = *state;
	struct outcome outcome = {0};
	struct buffer file = {0}, raw = {0};
	unsigned whole = 0, skipped = 0, refused = 0;

	random_seed(103);
	for (unsigned i = 0; i < ROUNDS; i++) {
		buffer_clear(&raw);
		buffer_append(&raw, shape->raw.data, shape->raw.length);
		damage(raw.data, raw.length);
		compose(&file, &shape->table, &raw, shape->records);
		set_file(&file);
		read_it(&outcome);
		whole += !outcome.status && !outcome.skipped;
		skipped += outcome.skipped != 0;
		refused += outcome.status != 0;
	}
	/* that all three happened says that the damage is neither too coarse nor too fine */
	assert_in_range(whole, 100, ROUNDS);
	assert_in_range(skipped, 100, ROUNDS);
	assert_in_range(refused, 100, ROUNDS);
	buffer_free(&file);
	buffer_free(&raw);
	buffer_free(&outcome.events);
}

static void damaged_tables_under_right_checksums(void **state)
{
	const struct shape *shape = *state;
	struct outcome outcome = {0};
	struct buffer file = {0}, table = {0};
	unsigned opened = 0;

	random_seed(104);
	for (unsigned i = 0; i < ROUNDS; i++) {
		buffer_clear(&table);
		buffer_append(&table, shape->table.data, shape->table.length);
		damage(table.data, table.length);
		compose(&file, &table, &shape->raw, shape->records);
		set_file(&file);
		read_it(&outcome);
		opened += outcome.opened;
	}
	assert_in_range(opened, 100, ROUNDS - 100);
	buffer_free(&file);
	buffer_free(&table);
	buffer_free(&outcome.events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_files),
	    cmocka_unit_test(random_blocks_behind_a_good_table),
	    cmocka_unit_test(damaged_records_under_right_checksums),
	    cmocka_unit_test(damaged_tables_under_right_checksums),
	};

	return cmocka_run_group_tests(tests, make_shape, free_shape);
}
