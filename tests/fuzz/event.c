/* SPDX-License-Identifier: BSD-2-Clause
 * The check of events, and what relies on it: whatever bytes a record has, either it is refused with a reason, or each
 * of its fields can be read. */
#include "fuzz.h"

#include "event/event.h"

static uint64_t read_blob(const struct event *event, const struct event_field *field)
{
	uint32_t length;
	const char *bytes = event_blob_at(event, field->offset, &length);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum += (unsigned char)bytes[i];
	return sum;
}

static uint64_t read_fields(const struct event *event)
{
	const struct event_info *info = event_info(event->kind);
	uint64_t sum = 0;

	if (!info)
		abort();
	for (unsigned i = 0; i < info->field_count; i++) {
		const struct event_field *field = &info->fields[i];

		if (field->type == FIELD_BLOB)
			sum += read_blob(event, field);
		else if (field->type == FIELD_STR)
			sum += strlen((const char *)event + field->offset);
		else if (field->type != FIELD_PAD)
			sum += (uint64_t)event_integer(event, field);
	}
	return sum;
}

static void fuzz_event(const uint8_t *data, size_t size)
{
	/* memory of just that size, aligned as records are */
	void *exact = aligned_alloc(8, (size + 8) & ~(size_t)7);
	static volatile uint64_t sum; /* so that the reading is not left out */
	const char *why = NULL;

	if (!exact)
		return;
	memcpy(exact, data, size);
	if (event_check(exact, size, &why) == 0)
		sum = sum + read_fields(exact);
	else if (!why)
		abort();
	free(exact);
}

FUZZ_TARGET(event)
