/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks a perfetto export as its readers would take it: it decodes; in order of time slices nest and none is left
 * open; each flow begins once and ends once, in that order; counts are not negative.
 */
#ifndef LIFELINE_TESTS_PFTRACE_H
#define LIFELINE_TESTS_PFTRACE_H

#include <stdlib.h>

#include "base/hash.h"
#include "perfetto.pb-c.h"

#define EVENT_TYPE(name) LIFELINE__TRACK_EVENT__TYPE__TYPE_##name

struct placed { /* a packet and where it stood, as sorting has to be stable */
	const Lifeline__TracePacket *packet;
	size_t position;
};

static int by_time(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;

	if (a->packet->timestamp != b->packet->timestamp)
		return a->packet->timestamp < b->packet->timestamp ? -1 : 1;
	return a->position < b->position ? -1 : 1;
}

static const char *check_slice(struct hash *open, const Lifeline__TrackEvent *event)
{
	intptr_t depth = (intptr_t)hash_get(open, event->track_uuid, 0);

	if (!depth)
		depth = 1;
	if (event->type == EVENT_TYPE(SLICE_BEGIN))
		depth++;
	if (event->type == EVENT_TYPE(SLICE_END))
		depth--;
	if (!depth)
		return "a slice ends that has not begun";
	hash_put(open, event->track_uuid, 0, (void *)depth);
	return NULL;
}

/* 1: it has begun, 2: and ended. */
static const char *check_flows(struct hash *flows, const Lifeline__TrackEvent *event)
{
	for (size_t i = 0; i < event->n_flow_ids; i++) {
		if (hash_get(flows, event->flow_ids[i], 0))
			return "a flow begins twice, or after its end";
		hash_put(flows, event->flow_ids[i], 0, (void *)1);
	}
	for (size_t i = 0; i < event->n_terminating_flow_ids; i++) {
		if ((intptr_t)hash_get(flows, event->terminating_flow_ids[i], 0) != 1)
			return "a flow ends twice, or has not begun";
		hash_put(flows, event->terminating_flow_ids[i], 0, (void *)2);
	}
	return NULL;
}

static const char *check_packets(const struct placed *placed, size_t count)
{
	struct hash open = {0}, flows = {0};
	const char *wrong = NULL;
	size_t cursor = 0;
	void *value;

	for (size_t i = 0; i < count && !wrong; i++) {
		const Lifeline__TrackEvent *event = placed[i].packet->track_event;

		wrong = check_slice(&open, event);
		if (!wrong)
			wrong = check_flows(&flows, event);
		if (event->type == EVENT_TYPE(COUNTER) && event->counter_value < 0)
			wrong = "a count is negative";
	}
	while (!wrong && (value = hash_next(&open, &cursor)))
		wrong = (intptr_t)value > 1 ? "a slice is left open" : NULL;
	cursor = 0;
	while (!wrong && (value = hash_next(&flows, &cursor)))
		wrong = (intptr_t)value < 2 ? "a flow has no end" : NULL;
	hash_free(&open);
	hash_free(&flows);
	return wrong;
}

/* NULL, or what is wrong. */
static const char *pftrace_wrong(const void *bytes, size_t length)
{
	Lifeline__Trace *trace = lifeline__trace__unpack(NULL, length, bytes);
	struct placed *placed;
	const char *wrong;
	size_t count = 0;

	if (!trace)
		return "it cannot be decoded";
	placed = calloc(trace->n_packet + 1, sizeof(*placed));
	for (size_t i = 0; i < trace->n_packet; i++)
		if (trace->packet[i]->track_event)
			placed[count++] = (struct placed){trace->packet[i], i};
	qsort(placed, count, sizeof(*placed), by_time);
	wrong = check_packets(placed, count);
	free(placed);
	lifeline__trace__free_unpacked(trace, NULL);
	return wrong;
}

#endif
