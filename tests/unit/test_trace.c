/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Trace files: what is written comes back, what is cut off ends where it was cut, and what was changed is noticed.
 */
#include "trace_helper.h"

#include "trace/format.h"

/* Writes `count` random events, a flush after each `flush`th, and keeps them in `expected`. */
static void write_trace(const char *path, unsigned count, unsigned flush, size_t blob_max, struct buffer *expected)
{
	struct trace_writer *writer;
	struct event_builder builder;
	struct error error = {0};

	buffer_clear(expected);
	assert_int_equal(trace_create(path, &writer, &error), 0);
	for (unsigned i = 0; i < count; i++) {
		const struct event *event = random_event(&builder, random_kind(), 1000 + i, blob_max);

		buffer_append(expected, event, event->size);
		assert_int_equal(trace_write(writer, event), 0);
		if (flush && (i + 1) % flush == 0)
			assert_int_equal(trace_flush(writer), 0);
	}
	assert_int_equal(trace_finish(writer, &error), 0);
}

static void each_kind_comes_back(void **state)
{
	const char *path = scratch("kinds");
	struct buffer expected = {0};
	struct outcome outcome = {0};
	struct trace_writer *writer;
	struct event_builder builder;

	(void)state;
	random_seed(1);
	assert_int_equal(trace_create(path, &writer, NULL), 0);
	for (unsigned kind = 0; kind < EVENT_KIND_LIMIT; kind++) {
		const struct event *event;

		if (!event_info(kind))
			continue;
		event = random_event(&builder, event_info(kind), kind, 4000);
		buffer_append(&expected, event, event->size);
		assert_int_equal(trace_write(writer, event), 0);
	}
	assert_int_equal(trace_finish(writer, NULL), 0);

	read_trace(path, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_false(outcome.cut);
	assert_int_equal(outcome.skipped, 0);
	assert_true(same_bytes(&outcome.events, &expected));
	buffer_free(&expected);
	buffer_free(&outcome.events);
}

static void many_blocks_come_back(void **state)
{
	const char *path = scratch("many");
	struct buffer expected = {0};
	struct outcome outcome = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		random_seed(seed);
		write_trace(path, 3000, seed % 2 ? 0 : 7, seed < 3 ? 3000 : 10, &expected);
		read_trace(path, &outcome);
		assert_int_equal(outcome.status, 0);
		assert_false(outcome.cut);
		assert_int_equal(outcome.count, 3000);
		assert_true(same_bytes(&outcome.events, &expected));
	}
	buffer_free(&expected);
	buffer_free(&outcome.events);
}

static void no_events_are_a_whole_trace(void **state)
{
	struct buffer expected = {0};
	struct outcome outcome = {0};

	(void)state;
	write_trace(scratch("none"), 0, 0, 0, &expected);
	read_trace(scratch("none"), &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.count, 0);
	assert_false(outcome.cut);
	buffer_free(&expected);
}

/* The size of the head with its table, where the blocks begin. */
static size_t blocks_at(const struct buffer *file)
{
	struct trace_head head;

	memcpy(&head, file->data, sizeof(head));
	return sizeof(head) + head.table_size;
}

static size_t block_size(const struct buffer *file, size_t at)
{
	struct trace_block block;

	memcpy(&block, file->data + at, sizeof(block));
	return sizeof(block) + block.packed;
}

static uint32_t flags_of(const char *path)
{
	struct buffer file = {0};
	struct trace_head head;

	read_file(path, &file);
	memcpy(&head, file.data, sizeof(head));
	buffer_free(&file);
	return head.flags;
}

static void mark_is_cleared_last(void **state)
{
	const char *path = scratch("mark");
	struct outcome outcome = {0};
	struct trace_writer *writer;
	struct event_builder builder;

	(void)state;
	random_seed(3);
	assert_int_equal(trace_create(path, &writer, NULL), 0);
	assert_int_equal(flags_of(path), TRACE_INCOMPLETE);
	trace_write(writer, random_event(&builder, event_info(EVENT_exec), 1, 100));
	assert_int_equal(trace_flush(writer), 0);
	trace_write(writer, random_event(&builder, event_info(EVENT_exit), 2, 100));
	assert_int_equal(flags_of(path), TRACE_INCOMPLETE);
	/* what a reader finds while it is being recorded, or after a kill -9: all up to the flush */
	read_trace(path, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_true(outcome.cut);
	assert_int_equal(outcome.count, 1);
	assert_int_equal(trace_finish(writer, NULL), 0);
	assert_int_equal(flags_of(path), 0);
	read_trace(path, &outcome);
	assert_false(outcome.cut);
	assert_int_equal(outcome.count, 2);
	buffer_free(&outcome.events);
}

/* How many bytes of events are in the blocks that lie wholly within the first `length` bytes of the file. */
static size_t whole_events(const struct buffer *file, size_t length)
{
	size_t at = blocks_at(file), raw = 0;
	struct trace_block block;

	while (at + sizeof(block) <= length) {
		memcpy(&block, file->data + at, sizeof(block));
		if (block.magic != TRACE_BLOCK_MAGIC || at + block_size(file, at) > length)
			break;
		at += block_size(file, at);
		raw += block.raw;
	}
	return raw;
}

static void a_cut_at_each_byte_ends_cleanly(void **state)
{
	struct buffer expected = {0}, file = {0};
	struct outcome outcome = {0};
	size_t begin;

	(void)state;
	random_seed(4);
	write_trace(scratch("whole"), 12, 4, 20, &expected);
	read_file(scratch("whole"), &file);
	begin = blocks_at(&file);
	for (size_t length = 0; length < file.length; length++) {
		write_file(scratch("cut"), file.data, length);
		read_trace(scratch("cut"), &outcome);
		if (length < begin) {
			assert_int_equal(outcome.status, -EINVAL);
			assert_true(strstr(outcome.error.text, length ? "byte" : "it is empty"));
			continue;
		}
		if (outcome.status)
			fail_msg("cut at %zu: %s", length, outcome.error.text);
		assert_true(outcome.cut);
		assert_int_equal(outcome.events.length, whole_events(&file, length));
		assert_true(is_prefix(&outcome.events, &expected));
	}
	assert_int_equal(outcome.events.length, expected.length);
	buffer_free(&expected);
	buffer_free(&file);
	buffer_free(&outcome.events);
}

/* Each bit is under a checksum but for the mark, which only says whether the writer came to its end. */
static void each_flipped_bit_is_noticed(void **state)
{
	struct buffer expected = {0}, file = {0};
	struct outcome outcome = {0};
	const char *path = scratch("straight");
	unsigned unnoticed = 0;
	int fd;

	(void)state;
	random_seed(5);
	write_trace(path, 6, 3, 12, &expected);
	read_file(path, &file);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	for (size_t bit = 0; bit < file.length * 8; bit++) {
		char flipped = (char)(file.data[bit / 8] ^ (1 << bit % 8));

		assert_int_equal(pwrite(fd, &flipped, 1, (off_t)(bit / 8)), 1);
		read_trace(path, &outcome);
		assert_int_equal(pwrite(fd, &file.data[bit / 8], 1, (off_t)(bit / 8)), 1);
		assert_true(is_prefix(&outcome.events, &expected));
		if (outcome.status < 0) {
			assert_non_null(strstr(outcome.error.text, "byte "));
			continue;
		}
		assert_true(same_bytes(&outcome.events, &expected));
		assert_int_equal(bit, 8 * offsetof(struct trace_head, flags));
		unnoticed++;
	}
	close(fd);
	assert_int_equal(unnoticed, 1);
	buffer_free(&expected);
	buffer_free(&file);
	buffer_free(&outcome.events);
}

/* Errors stay: a caller that reads on is told the same again. */
static void a_damaged_block_names_its_place(void **state)
{
	struct buffer expected = {0}, file = {0};
	struct trace_reader *reader;
	const struct event *event;
	struct error error;
	char place[32];
	size_t begin;
	unsigned count = 0;

	(void)state;
	random_seed(6);
	write_trace(scratch("blocks"), 9, 3, 12, &expected);
	read_file(scratch("blocks"), &file);
	begin = blocks_at(&file);
	begin += block_size(&file, begin);
	file.data[begin + sizeof(struct trace_block) + 5] ^= 1;
	write_file(scratch("blocks"), file.data, file.length);
	assert_int_equal(trace_open(scratch("blocks"), &reader, NULL), 0);
	while (trace_read(reader, &event, &error) > 0)
		count++;
	assert_int_equal(count, 3);
	snprintf(place, sizeof(place), "at byte %zu:", begin);
	assert_non_null(strstr(error.text, place));
	error = (struct error){0};
	assert_int_equal(trace_read(reader, &event, &error), -EBADMSG);
	assert_non_null(strstr(error.text, place));
	assert_int_equal(trace_read(reader, &event, NULL), -EBADMSG);
	trace_close(reader);
	buffer_free(&expected);
	buffer_free(&file);
}

/* ---- files whose checksums are right and whose content is not ---- */

static void expect_damage(const struct buffer *file, const char *what)
{
	struct outcome outcome = {0};

	write_file(scratch("damaged"), file->data, file->length);
	read_trace(scratch("damaged"), &outcome);
	assert_int_equal(outcome.status, -EBADMSG);
	if (!strstr(outcome.error.text, what) || !strstr(outcome.error.text, " byte "))
		fail_msg("'%s' does not say '%s'", outcome.error.text, what);
	buffer_free(&outcome.events);
}

static void blocks_out_of_place_are_noticed(void **state)
{
	struct buffer expected = {0}, file = {0}, changed = {0};
	size_t begin, first, second;

	(void)state;
	random_seed(7);
	write_trace(scratch("order"), 9, 3, 12, &expected);
	read_file(scratch("order"), &file);
	begin = blocks_at(&file);
	first = block_size(&file, begin);
	second = block_size(&file, begin + first);

	/* the first two swapped */
	buffer_append(&changed, file.data, begin);
	buffer_append(&changed, file.data + begin + first, second);
	buffer_append(&changed, file.data + begin, first);
	buffer_append(&changed, file.data + begin + first + second, file.length - begin - first - second);
	expect_damage(&changed, "missing or out of place");

	/* the last left out: the totals tell */
	buffer_clear(&changed);
	buffer_append(&changed, file.data, begin + first + second);
	buffer_append(&changed, file.data + file.length - sizeof(struct trace_end), sizeof(struct trace_end));
	expect_damage(&changed, "other totals");

	/* something behind the end */
	buffer_clear(&changed);
	buffer_append(&changed, file.data, file.length);
	buffer_append(&changed, "x", 1);
	expect_damage(&changed, "something follows");

	/* each of the totals, under a right checksum */
	for (unsigned which = 0; which < 3; which++) {
		struct trace_end end;

		memcpy(&end, file.data + file.length - sizeof(end), sizeof(end));
		end.blocks += which == 0;
		end.records += which == 1;
		end.raw += which == 2;
		end.crc = trace_crc(&end, sizeof(end));
		buffer_clear(&changed);
		buffer_append(&changed, file.data, file.length - sizeof(end));
		buffer_append(&changed, &end, sizeof(end));
		expect_damage(&changed, "other totals");
	}

	buffer_free(&expected);
	buffer_free(&file);
	buffer_free(&changed);
}

/* A file of a valid head and one block made of these records, with the claims of `block` where they are not 0. */
static void make_block(struct buffer *file, struct trace_block block, const void *raw, size_t length)
{
	unsigned char packed[1 << 16];
	uLongf packed_length = sizeof(packed);
	struct buffer expected = {0};

	write_trace(scratch("head"), 0, 0, 0, &expected);
	read_file(scratch("head"), file);
	file->length = blocks_at(file);
	assert_int_equal(compress(packed, &packed_length, raw, length), Z_OK);
	block.magic = TRACE_BLOCK_MAGIC;
	block.packed = block.packed ? block.packed : (uint32_t)packed_length;
	block.raw = block.raw ? block.raw : (uint32_t)length;
	block.payload_crc = (uint32_t)crc32(0, packed, (uInt)packed_length);
	block.crc = trace_crc(&block, sizeof(block));
	buffer_append(file, &block, sizeof(block));
	buffer_append(file, packed, packed_length);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
	static const struct {
		struct trace_block block;
		const char *what;
	} cases[] = {
	    {{.records = 1, .raw = TRACE_BLOCK_RAW_MAX + 8}, "larger than blocks are"},
	    {{.records = 1, .packed = TRACE_BLOCK_PACKED_MAX + 1}, "larger than blocks are"},
	    {{.records = 1, .raw = 0xfffffff8, .packed = 0xffffffff}, "larger than blocks are"},
	    {{.records = 1, .raw = TRACE_BLOCK_RAW_MAX}, "sizes are impossible"},
	    {{.records = 1, .raw = 44}, "sizes are impossible"},
	    {{.records = 0}, "number of records is impossible"},
	    {{.records = 2}, "number of records is impossible"},
	    {{.records = 1, .raw = sizeof(struct event_tick) + 8}, "does not unpack"},
	    {{.records = 1, .raw = sizeof(struct event_tick) - 8}, "does not unpack"},
	};
	struct event_tick tick = {.h = {.size = sizeof(tick), .kind = EVENT_tick}};
	struct buffer file = {0};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_block(&file, cases[i].block, &tick, sizeof(tick));
		expect_damage(&file, cases[i].what);
	}
	buffer_free(&file);
}

static void records_that_do_not_fill_their_block_are_refused(void **state)
{
	static const uint32_t sizes[] = {0, 8, 47, 49, 40, 64, 0xfffffff8, 0xffffffff};
	struct event_tick ticks[2];
	struct buffer file = {0};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(ticks, 0, sizeof(ticks));
		ticks[0].h.kind = ticks[1].h.kind = EVENT_tick;
		ticks[0].h.size = sizeof(ticks[0]);
		ticks[1].h.size = sizes[i];
		make_block(&file, (struct trace_block){.records = 2}, ticks, sizeof(ticks));
		expect_damage(&file, "do not fill it");
	}

	/* a record shorter than a head, and one behind it that makes the sizes add up */
	memset(ticks, 0, sizeof(ticks));
	ticks[0].h.size = 40;
	memcpy((char *)ticks + 40, &(uint32_t){sizeof(ticks) - 40}, 4);
	make_block(&file, (struct trace_block){.records = 2}, ticks, sizeof(ticks));
	expect_damage(&file, "do not fill it");

	/* two whole records where one was told */
	memset(ticks, 0, sizeof(ticks));
	ticks[0].h.kind = ticks[1].h.kind = EVENT_tick;
	ticks[0].h.size = ticks[1].h.size = sizeof(ticks[1]);
	make_block(&file, (struct trace_block){.records = 1}, ticks, sizeof(ticks));
	expect_damage(&file, "do not fill it");
	buffer_free(&file);
}

static void bad_records_are_skipped_and_counted(void **state)
{
	struct event_lost losts[4];
	struct outcome outcome = {0};
	struct buffer file = {0};

	(void)state;
	memset(losts, 0, sizeof(losts));
	for (unsigned i = 0; i < 4; i++)
		losts[i].h = (struct event){.kind = EVENT_lost, .size = sizeof(losts[i]), .t_ns = i};
	memset(losts[1].h.comm, 'x', COMM_SIZE); /* not terminated */
	losts[2].h.kind = 39;                    /* not in the table */
	make_block(&file, (struct trace_block){.records = 4}, losts, sizeof(losts));
	write_file(scratch("bad"), file.data, file.length);
	read_trace(scratch("bad"), &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.count, 2);
	assert_int_equal(outcome.skipped, 2);
	assert_true(outcome.cut);
	buffer_free(&file);
	buffer_free(&outcome.events);
}

/* A small payload that unpacks to very much is stopped at what the head of the block allows. */
static void bombs_do_not_go_off(void **state)
{
	static unsigned char zeros[8 << 20];
	struct buffer file = {0};

	(void)state;
	make_block(&file, (struct trace_block){.records = 100, .raw = 1 << 20}, zeros, sizeof(zeros));
	expect_damage(&file, "does not unpack");
	buffer_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_comes_back),
	    cmocka_unit_test(many_blocks_come_back),
	    cmocka_unit_test(no_events_are_a_whole_trace),
	    cmocka_unit_test(mark_is_cleared_last),
	    cmocka_unit_test(a_cut_at_each_byte_ends_cleanly),
	    cmocka_unit_test(each_flipped_bit_is_noticed),
	    cmocka_unit_test(a_damaged_block_names_its_place),
	    cmocka_unit_test(blocks_out_of_place_are_noticed),
	    cmocka_unit_test(sizes_that_cannot_be_are_refused),
	    cmocka_unit_test(records_that_do_not_fill_their_block_are_refused),
	    cmocka_unit_test(bad_records_are_skipped_and_counted),
	    cmocka_unit_test(bombs_do_not_go_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
