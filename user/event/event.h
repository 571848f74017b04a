/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of events as data (made from bpf/abi/event.def), and the one check every record passes, from whatever
 * source, before anything reads it. Allocates nothing, prints nothing.
 */
#ifndef LIFELINE_EVENT_EVENT_H
#define LIFELINE_EVENT_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi/event.h"

enum field_type { FIELD_U64, FIELD_S64, FIELD_U32, FIELD_S32, FIELD_STR, FIELD_BLOB, FIELD_PAD };

struct event_field {
	const char *name;
	enum field_type type;
	uint16_t offset; /* from the start of the record; for a blob: of its u32 length */
	uint16_t size;	 /* bytes in the fixed part */
};

struct event_info {
	uint16_t kind;
	uint16_t size; /* fixed part with header */
	enum event_group group;
	const char *name;
	const struct event_field *fields;
	unsigned field_count;
};

/* NULL if there is no such event. */
const struct event_info *event_info(uint16_t kind);
const struct event_info *event_info_by_name(const char *name);
/* The verdict that an unseen fact (enum unseen, one bit) is for; NULL if there is no such bit. */
const char *event_unseen_verdict(uint32_t bit);
const char *event_group_name(enum event_group group); /* "life", …; NULL out of range */

/*
 * Says whether `record`, of which `available` bytes can be read, is a well-formed event: known kind, sizes that add up,
 * strings terminated. 0 or -EINVAL, with the reason (static text) in *why if why is given.
 */
int event_check(const void *record, size_t available, const char **why);

/* A blob of a checked event: its first byte (not terminated), its length. field_offset: that of y_len in event_x. */
const char *event_blob_at(const struct event *event, size_t field_offset, uint32_t *length);
#define EVENT_BLOB(record, name, blob, length)                                                                         \
	event_blob_at((const struct event *)(record), offsetof(struct event_##name, blob##_len), (length))

/* The value of an integer field of a checked event, sign-extended to 64 bits. */
int64_t event_integer(const struct event *event, const struct event_field *field);

/*
 * Builds an event by field names, for sources that read text or foreign files. The record lives in `bytes`, aligned.
 * Blobs may be set in any order. event_build_* return 0, -ENOENT (no such field), -EINVAL (wrong type), -ERANGE,
 * -E2BIG.
 */
struct event_builder {
	const struct event_info *info;
	_Alignas(8) unsigned char bytes[EVENT_SIZE_MAX];
};
void event_build(struct event_builder *builder, const struct event_info *info);
int event_build_integer(struct event_builder *builder, const char *field, int64_t value);
int event_build_bytes(struct event_builder *builder, const char *field, const void *data, size_t length);
const struct event *event_built(const struct event_builder *builder);

static inline int event_is_process_end(const struct event *event)
{
	return event->kind == EVENT_end && ((const struct event_end *)event)->state != END_THREAD;
}

#endif
