/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event table of a trace file, and the translation that it allows; see table.h and docs/trace-format.md.
 *
 * Events and fields are matched by name, so that a later lifeline may reorder, widen, add or drop fields. A kind that
 * is laid out as ours is used where it lies. All of the file is hostile: each offset is checked here, once, against the
 * size of the fixed part, so that a translation need only check the lengths of blobs.
 */
#include "trace/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/format.h"

/* The numbers in the file are those of the enum. */
_Static_assert(FIELD_U64 == 0 && FIELD_S64 == 1 && FIELD_U32 == 2 && FIELD_S32 == 3 && FIELD_STR == 4 &&
		   FIELD_BLOB == 5 && FIELD_PAD == 6,
	       "documented");

/* ---- writing --------------------------------------------------------------------------------------------------- */

static void put_number(struct buffer *out, unsigned value, size_t bytes)
{
	buffer_append(out, &value, bytes);
}

static void encode_event(struct buffer *out, const struct event_info *info)
{
	put_number(out, info->kind, 2);
	put_number(out, info->size, 2);
	put_number(out, info->group, 1);
	put_number(out, (unsigned)strlen(info->name), 1);
	put_number(out, info->field_count, 2);
	buffer_text_append(out, info->name);
	for (unsigned i = 0; i < info->field_count; i++) {
		const struct event_field *field = &info->fields[i];

		put_number(out, field->type, 1);
		put_number(out, (unsigned)strlen(field->name), 1);
		put_number(out, field->offset, 2);
		put_number(out, field->size, 2);
		buffer_text_append(out, field->name);
	}
}

void table_encode(struct buffer *out)
{
	unsigned count = 0;

	for (unsigned kind = 0; kind < EVENT_KIND_LIMIT; kind++)
		count += event_info((uint16_t)kind) != NULL;
	put_number(out, EVENT_GROUP_COUNT, 2);
	put_number(out, count, 2);
	for (unsigned group = 0; group < EVENT_GROUP_COUNT; group++) {
		const char *name = event_group_name(group);

		put_number(out, (unsigned)strlen(name), 1);
		buffer_text_append(out, name);
	}
	for (unsigned kind = 0; kind < EVENT_KIND_LIMIT; kind++)
		if (event_info((uint16_t)kind))
			encode_event(out, event_info((uint16_t)kind));
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

#define NAME_MAX_LEN 63

struct column {
	enum field_type type;
	uint16_t offset, size;
	const struct event_field *ours; /* NULL: unknown today, or of a type that cannot become ours */
};

struct layout {
	const struct event_info *ours; /* NULL: unknown today */
	bool same;                     /* laid out as ours, to the byte */
	uint16_t size;
	uint16_t count;
	struct column *columns;
};

struct table {
	struct layout layouts[TRACE_KIND_LIMIT];
	bool present[TRACE_KIND_LIMIT];
	_Alignas(8) unsigned char translated[EVENT_SIZE_MAX];
};

struct cursor {
	const unsigned char *bytes;
	size_t length, at;
	const char *why; /* the first thing wrong; later reads give 0 */
};

static void spoil(struct cursor *cursor, const char *why)
{
	if (!cursor->why)
		cursor->why = why;
}

static unsigned get_number(struct cursor *cursor, size_t bytes)
{
	unsigned value = 0;

	if (cursor->why || cursor->length - cursor->at < bytes) {
		spoil(cursor, "it ends too early");
		return 0;
	}
	memcpy(&value, cursor->bytes + cursor->at, bytes);
	cursor->at += bytes;
	return value;
}

/* Our names are C identifiers; anything else would reach messages and exports. */
static void get_name(struct cursor *cursor, size_t length, char name[NAME_MAX_LEN + 1])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	name[0] = '\0';
	if (cursor->why || cursor->length - cursor->at < length) {
		spoil(cursor, "it ends too early");
		return;
	}
	if (!length || length > NAME_MAX_LEN) {
		spoil(cursor, "a name is empty or too long");
		return;
	}
	memcpy(name, cursor->bytes + cursor->at, length);
	name[length] = '\0';
	if (strspn(name, allowed) != length)
		spoil(cursor, "a name has a character that names do not have");
	else
		cursor->at += length;
}

static bool is_integer(enum field_type type)
{
	return type <= FIELD_S32;
}

static const struct event_field *match_field(const struct event_info *ours, const char *name, enum field_type type)
{
	for (unsigned i = 0; ours && i < ours->field_count; i++) {
		const struct event_field *field = &ours->fields[i];

		if (field->type == FIELD_PAD || strcmp(field->name, name))
			continue;
		return field->type == type || (is_integer(field->type) && is_integer(type)) ? field : NULL;
	}
	return NULL;
}

static void check_column(struct cursor *cursor, const struct column *column, const struct layout *layout)
{
	static const uint16_t sizes[] = {8, 8, 4, 4, 0, 4, 4}; /* by type; 0: any */

	if (column->type > FIELD_PAD)
		spoil(cursor, "a field's type is unknown");
	else if (sizes[column->type] ? column->size != sizes[column->type] : !column->size)
		spoil(cursor, "a field's size does not fit its type");
	else if (column->offset < sizeof(struct event) || column->offset + column->size > layout->size)
		spoil(cursor, "a field lies outside of its record");
}

static void decode_column(struct cursor *cursor, struct layout *layout, unsigned index)
{
	const struct event_field *mine;
	struct column *column = &layout->columns[index];
	char name[NAME_MAX_LEN + 1];
	size_t name_length;

	column->type = get_number(cursor, 1);
	name_length = get_number(cursor, 1);
	column->offset = (uint16_t)get_number(cursor, 2);
	column->size = (uint16_t)get_number(cursor, 2);
	get_name(cursor, name_length, name);
	check_column(cursor, column, layout);
	column->ours = match_field(layout->ours, name, column->type);

	mine = layout->same && index < layout->ours->field_count ? &layout->ours->fields[index] : NULL;
	layout->same = mine && mine->type == column->type && mine->offset == column->offset &&
		       mine->size == column->size && !strcmp(mine->name, name);
}

static int decode_event(struct cursor *cursor, struct table *table, unsigned groups)
{
	unsigned kind = get_number(cursor, 2), size = get_number(cursor, 2), group = get_number(cursor, 1);
	unsigned name_length = get_number(cursor, 1), count = get_number(cursor, 2);
	struct layout *layout = &table->layouts[kind % TRACE_KIND_LIMIT];
	char name[NAME_MAX_LEN + 1];

	get_name(cursor, name_length, name);
	if (kind >= TRACE_KIND_LIMIT || table->present[kind])
		spoil(cursor, "an event's number is out of range or used twice");
	if (group >= groups)
		spoil(cursor, "an event is of no group");
	if (size < sizeof(struct event) || size > EVENT_SIZE_MAX || size % 8)
		spoil(cursor, "an event's size is impossible");
	if (count >
	    (cursor->length - cursor->at) / 7) /* the shortest a field can be, so that no count makes us allocate */
		spoil(cursor, "it ends too early");
	if (cursor->why)
		return -EINVAL;

	table->present[kind] = true;
	layout->ours = event_info_by_name(name);
	layout->size = (uint16_t)size;
	layout->count = (uint16_t)count;
	layout->columns = calloc(count ? count : 1, sizeof(*layout->columns));
	if (!layout->columns)
		return -ENOMEM;
	layout->same = layout->ours && layout->ours->kind == kind && layout->ours->size == size &&
		       layout->ours->field_count == count;
	for (unsigned i = 0; i < count; i++)
		decode_column(cursor, layout, i);
	return cursor->why ? -EINVAL : 0;
}

static int decode(struct cursor *cursor, struct table *table)
{
	unsigned groups = get_number(cursor, 2), events = get_number(cursor, 2);
	char name[NAME_MAX_LEN + 1];
	int status;

	for (unsigned i = 0; i < groups && !cursor->why; i++)
		get_name(cursor, get_number(cursor, 1), name);
	for (unsigned i = 0; i < events && !cursor->why; i++) {
		status = decode_event(cursor, table, groups);
		if (status)
			return status;
	}
	if (cursor->at != cursor->length)
		spoil(cursor, "there is more behind it than it says");
	return cursor->why ? -EINVAL : 0;
}

int table_decode(const unsigned char *bytes, size_t length, struct table **table, const char **why, size_t *at)
{
	struct cursor cursor = {.bytes = bytes, .length = length};
	int status;

	*table = calloc(1, sizeof(**table));
	if (!*table)
		return -ENOMEM;
	status = decode(&cursor, *table);
	if (!status)
		return 0;
	*why = cursor.why;
	*at = cursor.at;
	table_free(*table);
	*table = NULL;
	return status;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (unsigned kind = 0; kind < TRACE_KIND_LIMIT; kind++)
		free(table->layouts[kind].columns);
	free(table);
}

/* ---- translating ----------------------------------------------------------------------------------------------- */

static uint32_t read_u32(const void *record, size_t offset)
{
	uint32_t value;

	memcpy(&value, (const char *)record + offset, sizeof(value));
	return value;
}

static int copy_integer(const struct column *column, const struct event *record, unsigned char *to)
{
	const struct event_field from = {.type = column->type, .offset = column->offset, .size = column->size};
	int64_t value = event_integer(record, &from);
	int32_t narrow = (int32_t)value;

	if (column->ours->size == 8)
		memcpy(to, &value, 8);
	else if (value < INT32_MIN || value > UINT32_MAX)
		return -EINVAL;
	else
		memcpy(to, &narrow, 4);
	return 0;
}

/* A string that has grown shorter since is cut; the record was zeroed, so the end is there. */
static int copy_string(const struct column *column, const struct event *record, unsigned char *to)
{
	const char *from = (const char *)record + column->offset;
	size_t length = strnlen(from, column->size);

	if (length == column->size)
		return -EINVAL;
	memcpy(to, from, length < column->ours->size ? length : column->ours->size - 1u);
	return 0;
}

static int copy_fixed(const struct layout *layout, const struct event *record, unsigned char *out)
{
	for (unsigned i = 0; i < layout->count; i++) {
		const struct column *column = &layout->columns[i];
		int status = 0;

		if (column->ours && is_integer(column->type))
			status = copy_integer(column, record, out + column->ours->offset);
		else if (column->ours && column->type == FIELD_STR)
			status = copy_string(column, record, out + column->ours->offset);
		if (status)
			return status;
	}
	return 0;
}

/* Finds the bytes of the file's blob that becomes `field`; 0 bytes if the file has none. */
static const char *find_blob(const struct layout *layout, const struct event *record, const struct event_field *field,
			     uint32_t *length)
{
	const char *position = (const char *)record + layout->size;

	for (unsigned i = 0; i < layout->count; i++) {
		if (layout->columns[i].type != FIELD_BLOB)
			continue;
		*length = read_u32(record, layout->columns[i].offset);
		if (layout->columns[i].ours == field)
			return position;
		position += *length;
	}
	*length = 0;
	return position;
}

static int copy_blobs(const struct layout *layout, const struct event *record, unsigned char *out)
{
	size_t used = layout->ours->size, padded;

	for (unsigned i = 0; i < layout->ours->field_count; i++) {
		const struct event_field *field = &layout->ours->fields[i];
		uint32_t length;
		const char *bytes;

		if (field->type != FIELD_BLOB)
			continue;
		bytes = find_blob(layout, record, field, &length);
		if (length > EVENT_SIZE_MAX - used)
			return -EINVAL;
		memcpy(out + field->offset, &length, sizeof(length));
		memcpy(out + used, bytes, length);
		used += length;
	}
	padded = (used + 7) & ~(size_t)7; /* EVENT_SIZE_MAX is a multiple of 8 */
	memset(out + used, 0, padded - used);
	((struct event *)out)->size = (uint32_t)padded;
	return 0;
}

/* The blobs lie behind the fixed part and fill the record but for the padding. */
static bool adds_up(const struct layout *layout, const struct event *record)
{
	uint64_t total = layout->size;

	if (record->size < layout->size)
		return false;
	for (unsigned i = 0; i < layout->count; i++)
		if (layout->columns[i].type == FIELD_BLOB)
			total += read_u32(record, layout->columns[i].offset);
	return ((total + 7) & ~7ULL) == record->size;
}

static int translate(struct table *table, const struct layout *layout, const struct event *record)
{
	unsigned char *out = table->translated;
	int status;

	if (!adds_up(layout, record))
		return -EINVAL;
	memset(out, 0, layout->ours->size);
	memcpy(out, record, sizeof(*record));
	((struct event *)out)->kind = layout->ours->kind;
	status = copy_fixed(layout, record, out);
	return status ? status : copy_blobs(layout, record, out);
}

int table_translate(struct table *table, const struct event *record, const struct event **event)
{
	const struct layout *layout = &table->layouts[record->kind % TRACE_KIND_LIMIT];

	if (record->kind >= TRACE_KIND_LIMIT || !table->present[record->kind])
		return -EINVAL;
	if (!layout->ours)
		return 0;
	*event = layout->same ? record : (const struct event *)table->translated;
	if (!layout->same && translate(table, layout, record))
		return -EINVAL;
	return event_check(*event, (*event)->size, NULL) ? -EINVAL : 1;
}

enum event_group table_group(const struct table *table, uint16_t kind)
{
	const struct layout *layout = kind < TRACE_KIND_LIMIT ? &table->layouts[kind] : NULL;

	return layout && layout->ours ? layout->ours->group : GROUP_STREAM;
}
