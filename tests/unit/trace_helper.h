/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For the tests of traces: events with random content (reproducible: own generator, fixed seeds), files as bytes, and
 * reading all of a trace into memory.
 */
#ifndef TESTS_TRACE_HELPER_H
#define TESTS_TRACE_HELPER_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants the five above it */
#include <cmocka.h>

#include "base/buffer.h"
#include "event/event.h"
#include "trace/trace.h"

#define UNUSED __attribute__((unused))

/* ---- numbers (xorshift64*) ---- */

static uint64_t random_state = 88172645463325252ULL;

static UNUSED void random_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

static uint64_t random_number(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL;
}

static UNUSED uint64_t random_below(uint64_t limit)
{
	return (random_number() >> 11) % limit;
}

static UNUSED void random_bytes(void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((unsigned char *)bytes)[i] = (unsigned char)random_number();
}

/* ---- events ---- */

static void fill_field(struct event_builder *builder, const struct event_field *field, size_t blob_max)
{
	unsigned char bytes[4096] = {0};
	size_t length;

	switch (field->type) {
	case FIELD_U64:
	case FIELD_S64:
		assert_int_equal(event_build_integer(builder, field->name, (int64_t)random_number()), 0);
		return;
	case FIELD_U32:
	case FIELD_S32:
		assert_int_equal(event_build_integer(builder, field->name, (int32_t)random_number()), 0);
		return;
	case FIELD_STR:
		length = random_below(field->size);
		for (size_t i = 0; i < length; i++)
			bytes[i] = (unsigned char)(1 + random_below(255));
		assert_int_equal(event_build_bytes(builder, field->name, bytes, length), 0);
		return;
	case FIELD_BLOB:
		length = random_below(blob_max + 1);
		random_bytes(bytes, length);
		assert_int_equal(event_build_bytes(builder, field->name, bytes, length), 0);
		return;
	case FIELD_PAD:
		return;
	}
}

/* An event of this kind with random content, in the builder. */
static UNUSED const struct event *random_event(struct event_builder *builder, const struct event_info *info,
					       uint64_t t_ns, size_t blob_max)
{
	struct event *event = (struct event *)builder->bytes;
	const char *why = "";

	event_build(builder, info);
	event->t_ns = t_ns;
	event->start_ns = random_number();
	event->pid = (uint32_t)random_number();
	event->tid = (uint32_t)random_number();
	event->cpu = (uint16_t)random_number();
	random_bytes(event->comm, random_below(COMM_SIZE));
	for (unsigned i = 0; i < info->field_count; i++)
		fill_field(builder, &info->fields[i], blob_max);
	if (event_check(event, event->size, &why))
		fail_msg("%s: %s", info->name, why);
	return event;
}

static UNUSED const struct event_info *random_kind(void)
{
	const struct event_info *info;

	do
		info = event_info((uint16_t)random_below(EVENT_KIND_LIMIT));
	while (!info);
	return info;
}

/* ---- files ---- */

/* A path of this name in a folder of the test's own, removed at exit. */
static char helper_folder[64];

static void remove_folder(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", helper_folder);
	if (system(command))
		fprintf(stderr, "cannot remove %s\n", helper_folder);
}

static UNUSED const char *scratch(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	if (!helper_folder[0]) {
		strcpy(helper_folder, "/tmp/lifeline-test-XXXXXX");
		assert_non_null(mkdtemp(helper_folder));
		atexit(remove_folder);
	}
	snprintf(path, sizeof(paths[0]), "%s/%s", helper_folder, name);
	return path;
}

static UNUSED void write_file(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static UNUSED void read_file(const char *path, struct buffer *bytes)
{
	FILE *file = fopen(path, "r");
	char part[4096];
	size_t got;

	assert_non_null(file);
	buffer_clear(bytes);
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		buffer_append(bytes, part, got);
	fclose(file);
	assert_false(bytes->failed);
}

/* ---- whole traces ---- */

struct outcome {
	struct buffer events; /* all that came, one behind the other */
	unsigned count;
	int status; /* of trace_open or the last trace_read */
	bool opened, cut;
	uint64_t skipped;
	struct error error;
};

static UNUSED void read_trace(const char *path, struct outcome *outcome)
{
	struct trace_reader *reader;
	const struct event *event;

	buffer_clear(&outcome->events);
	outcome->count = 0;
	outcome->error = (struct error){0};
	outcome->cut = false;
	outcome->skipped = 0;
	outcome->status = trace_open(path, &reader, &outcome->error);
	outcome->opened = !outcome->status;
	if (outcome->status) {
		assert_null(reader);
		return;
	}
	while ((outcome->status = trace_read(reader, &event, &outcome->error)) > 0) {
		assert_int_equal(event_check(event, event->size, NULL), 0);
		buffer_append(&outcome->events, event, event->size);
		outcome->count++;
	}
	outcome->cut = trace_is_cut(reader);
	outcome->skipped = trace_skipped(reader);
	trace_close(reader);
}

static UNUSED bool same_bytes(const struct buffer *a, const struct buffer *b)
{
	return a->length == b->length && (!a->length || !memcmp(a->data, b->data, a->length));
}

static UNUSED bool is_prefix(const struct buffer *part, const struct buffer *whole)
{
	return part->length <= whole->length && (!part->length || !memcmp(part->data, whole->data, part->length));
}

#endif
