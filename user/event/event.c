/* SPDX-License-Identifier: BSD-2-Clause
 * The event table and the check of records; see event.h. */
#include "event/event.h"

#include <errno.h>
#include <string.h>

#define U64(n) {#n, FIELD_U64, offsetof(THIS, n), 8},
#define S64(n) {#n, FIELD_S64, offsetof(THIS, n), 8},
#define U32(n) {#n, FIELD_U32, offsetof(THIS, n), 4},
#define S32(n) {#n, FIELD_S32, offsetof(THIS, n), 4},
#define STR(n, length) {#n, FIELD_STR, offsetof(THIS, n), length},
#define BLOB(n) {#n, FIELD_BLOB, offsetof(THIS, n##_len), 4},
#define PAD {"pad", FIELD_PAD, offsetof(THIS, pad), 4},

/* The fields' offsets need the struct's name, which a macro argument cannot give to the field macros: one typedef per
 * event inside one function-like scope each. */
#define EVENT(id, name, group, fields)                                                                                 \
	static const struct event_field *name##_fields(unsigned *count)                                                \
	{                                                                                                              \
		typedef struct event_##name THIS;                                                                      \
		static const struct event_field table[] = {fields};                                                    \
		*count = sizeof(table) / sizeof(table[0]);                                                             \
		return table;                                                                                          \
	}
EVENTS
#undef EVENT

static struct event_info infos[EVENT_KIND_LIMIT];

static void add(uint16_t kind, const char *name, enum event_group group, size_t size,
		const struct event_field *(*fields)(unsigned *))
{
	struct event_info *info = &infos[kind];

	*info = (struct event_info){.kind = kind, .size = (uint16_t)size, .group = group, .name = name};
	info->fields = fields(&info->field_count);
}

/* Filled before main, so that readers need no lock and no call order. */
__attribute__((constructor)) static void fill_table(void)
{
#define EVENT(id, name, group, fields) add(id, #name, GROUP_##group, sizeof(struct event_##name), name##_fields);
	EVENTS
#undef EVENT
}

const struct event_info *event_info(uint16_t kind)
{
	return kind < EVENT_KIND_LIMIT && infos[kind].name ? &infos[kind] : NULL;
}

const struct event_info *event_info_by_name(const char *name)
{
	for (unsigned i = 0; i < EVENT_KIND_LIMIT; i++)
		if (infos[i].name && !strcmp(infos[i].name, name))
			return &infos[i];
	return NULL;
}

const char *event_unseen_verdict(uint32_t bit)
{
	return bit == UNSEEN_POLLS ? "switch.busy-poll" : NULL;
}

const char *event_group_name(enum event_group group)
{
	static const char *const names[] = {
#define GROUP(upper, lower) #lower,
		EVENT_GROUPS(GROUP)
#undef GROUP
	};

	return (unsigned)group < EVENT_GROUP_COUNT ? names[group] : NULL;
}

static uint32_t read_u32(const void *record, size_t offset)
{
	uint32_t value;

	memcpy(&value, (const char *)record + offset, sizeof(value));
	return value;
}

static int refuse(const char **why, const char *reason)
{
	if (why)
		*why = reason;
	return -EINVAL;
}

static int check_fields(const struct event_info *info, const void *record, uint32_t size, const char **why)
{
	uint64_t blobs = 0;

	for (unsigned i = 0; i < info->field_count; i++) {
		const struct event_field *field = &info->fields[i];

		if (field->type == FIELD_STR && !memchr((const char *)record + field->offset, 0, field->size))
			return refuse(why, "a string is not terminated");
		if (field->type == FIELD_BLOB)
			blobs += read_u32(record, field->offset);
	}
	if (info->size + ((blobs + 7) & ~7ULL) != size)
		return refuse(why, "its parts do not add up to its size");
	return 0;
}

int event_check(const void *record, size_t available, const char **why)
{
	const struct event *event = record;
	const struct event_info *info;

	if (available < sizeof(*event))
		return refuse(why, "it is shorter than a record's head");
	if (event->size > available || event->size > EVENT_SIZE_MAX)
		return refuse(why, "it is larger than what is there");
	info = event_info(event->kind);
	if (!info)
		return refuse(why, "its kind is unknown");
	if (event->size < info->size)
		return refuse(why, "it is shorter than its kind");
	if (!memchr(event->comm, 0, sizeof(event->comm)))
		return refuse(why, "its command name is not terminated");
	return check_fields(info, record, event->size, why);
}

const char *event_blob_at(const struct event *event, size_t field_offset, uint32_t *length)
{
	const struct event_info *info = event_info(event->kind);
	size_t position = info->size;

	for (unsigned i = 0; i < info->field_count; i++) {
		if (info->fields[i].type != FIELD_BLOB)
			continue;
		*length = read_u32(event, info->fields[i].offset);
		if (info->fields[i].offset == field_offset)
			return (const char *)event + position;
		position += *length;
	}
	*length = 0;
	return NULL;
}

int64_t event_integer(const struct event *event, const struct event_field *field)
{
	int64_t wide = 0;
	int32_t narrow = 0;

	if (field->size == 8) {
		memcpy(&wide, (const char *)event + field->offset, 8);
		return wide;
	}
	memcpy(&narrow, (const char *)event + field->offset, 4);
	return field->type == FIELD_S32 ? narrow : (int64_t)(uint32_t)narrow;
}

void event_build(struct event_builder *builder, const struct event_info *info)
{
	struct event *event = (struct event *)builder->bytes;

	builder->info = info;
	memset(builder->bytes, 0, info->size);
	event->kind = info->kind;
	event->size = info->size;
}

static const struct event_field *find_field(const struct event_info *info, const char *name)
{
	for (unsigned i = 0; i < info->field_count; i++)
		if (!strcmp(info->fields[i].name, name))
			return &info->fields[i];
	return NULL;
}

int event_build_integer(struct event_builder *builder, const char *name, int64_t value)
{
	const struct event_field *field = find_field(builder->info, name);
	int32_t narrow = (int32_t)value;

	if (!field)
		return -ENOENT;
	switch (field->type) {
	case FIELD_U64:
	case FIELD_S64:
		memcpy(builder->bytes + field->offset, &value, 8);
		return 0;
	case FIELD_U32:
	case FIELD_S32:
		/* either reading of the 32 bits is accepted: flags are written both as -1 and as 4294967295 */
		if (value < INT32_MIN || value > UINT32_MAX)
			return -ERANGE;
		memcpy(builder->bytes + field->offset, &narrow, 4);
		return 0;
	default:
		return -EINVAL;
	}
}

static int set_blob(struct event_builder *builder, const struct event_field *field, const void *data, size_t length)
{
	struct event *event = (struct event *)builder->bytes;
	uint32_t old_length, new_length = (uint32_t)length;
	size_t at = (size_t)(event_blob_at(event, field->offset, &old_length) - (const char *)event);
	unsigned char *start = builder->bytes + at;
	size_t used = builder->info->size;

	for (unsigned i = 0; i < builder->info->field_count; i++)
		if (builder->info->fields[i].type == FIELD_BLOB)
			used += read_u32(event, builder->info->fields[i].offset);
	if (length > EVENT_SIZE_MAX || used - old_length + length + 8 > EVENT_SIZE_MAX)
		return -E2BIG;
	memmove(start + length, start + old_length, used - at - old_length);
	if (length)
		memcpy(start, data, length);
	memcpy(builder->bytes + field->offset, &new_length, 4);
	used = used - old_length + length;
	memset(builder->bytes + used, 0, 8);
	event->size = (uint32_t)((used + 7) & ~(size_t)7);
	return 0;
}

int event_build_bytes(struct event_builder *builder, const char *name, const void *data, size_t length)
{
	const struct event_field *field = find_field(builder->info, name);

	if (!field)
		return -ENOENT;
	if (field->type == FIELD_BLOB)
		return set_blob(builder, field, data, length);
	if (field->type != FIELD_STR)
		return -EINVAL;
	if (length >= field->size)
		return -E2BIG;
	memset(builder->bytes + field->offset, 0, field->size);
	memcpy(builder->bytes + field->offset, data, length);
	return 0;
}

const struct event *event_built(const struct event_builder *builder)
{
	return (const struct event *)builder->bytes;
}
