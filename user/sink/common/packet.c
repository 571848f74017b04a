/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets of the Perfetto trace format; see packet.h. Packing is protobuf-c's: its messages are plain structs that
 * point to what is ours, so a packet costs no allocation. (nanopb would want a callback for each string and list.)
 */
#include "sink/common/packet.h"

#include <string.h>

#include "perfetto.pb-c.h"

#define SEQUENCE 1
#define STATE_CLEARED 1 /* SEQ_INCREMENTAL_STATE_CLEARED: without it in the first packet, readers drop all events */
#define CLOCK_OF_WALL 1
#define CLOCK_OF_BOOT 6
#define UNIT_COUNT 2
#define WORDS_MAX 128
#define LENGTH_MAX 10 /* of a varint */

static size_t put_varint(unsigned char *out, uint64_t value)
{
	size_t length = 0;

	for (; value >= 0x80; value >>= 7)
		out[length++] = (unsigned char)(value | 0x80);
	out[length++] = (unsigned char)value;
	return length;
}

/* A trace is one message, of which each packet is an element of field 1: key, length, packet. */
static void put(struct packets *packets, Lifeline__TracePacket *packet)
{
	struct buffer *out = &packets->lines.buffer;
	unsigned char head[1 + LENGTH_MAX] = {1 << 3 | 2};
	unsigned char *place;
	size_t size;

	packet->has_trusted_packet_sequence_id = true;
	packet->trusted_packet_sequence_id = SEQUENCE;
	packet->has_sequence_flags = !packets->begun;
	packet->sequence_flags = STATE_CLEARED;
	packets->begun = true;
	size = lifeline__trace_packet__get_packed_size(packet);
	buffer_append(out, head, 1 + put_varint(head + 1, size));
	place = buffer_extend(out, size);
	if (place)
		lifeline__trace_packet__pack(packet, place);
	lines_pass(&packets->lines); /* what fails stays failed, and is asked for at the end of each event */
}

void packet_clocks(struct packets *packets, uint64_t boot_ns, uint64_t realtime_ns)
{
	Lifeline__TracePacket packet = LIFELINE__TRACE_PACKET__INIT;
	Lifeline__ClockSnapshot snapshot = LIFELINE__CLOCK_SNAPSHOT__INIT;
	Lifeline__ClockSnapshot__Clock boot = LIFELINE__CLOCK_SNAPSHOT__CLOCK__INIT,
				       wall = LIFELINE__CLOCK_SNAPSHOT__CLOCK__INIT;
	Lifeline__ClockSnapshot__Clock *clocks[] = {&boot, &wall};

	boot.has_clock_id = wall.has_clock_id = boot.has_timestamp = wall.has_timestamp = true;
	boot.clock_id = CLOCK_OF_BOOT;
	boot.timestamp = boot_ns;
	wall.clock_id = CLOCK_OF_WALL;
	wall.timestamp = realtime_ns;
	snapshot.n_clocks = realtime_ns ? 2 : 1;
	snapshot.clocks = clocks;
	snapshot.has_primary_trace_clock = true;
	snapshot.primary_trace_clock = CLOCK_OF_BOOT;
	packet.clock_snapshot = &snapshot;
	put(packets, &packet);
}

/* ---- tracks ------------------------------------------------------------------------------------------ */

static void describe(struct packets *packets, uint64_t track, Lifeline__TrackDescriptor *descriptor)
{
	Lifeline__TracePacket packet = LIFELINE__TRACE_PACKET__INIT;

	descriptor->has_uuid = true;
	descriptor->uuid = track;
	packet.track_descriptor = descriptor;
	put(packets, &packet);
}

/* The messages' strings are not const, but packing reads only. */
static char *text_of(const char *text)
{
	union {
		const char *given;
		char *wanted;
	} same = {text};

	return same.wanted;
}

static size_t split(const char *words, size_t length, char *out[WORDS_MAX])
{
	size_t count = 0;

	for (size_t at = 0; words && at < length && count < WORDS_MAX; at += strlen(words + at) + 1)
		out[count++] = text_of(words + at);
	return count;
}

void packet_process(struct packets *packets, uint64_t track, uint32_t pid, uint64_t start_ns, const char *name,
		    const char *words, size_t words_length, const char *label)
{
	Lifeline__TrackDescriptor descriptor = LIFELINE__TRACK_DESCRIPTOR__INIT;
	Lifeline__ProcessDescriptor process = LIFELINE__PROCESS_DESCRIPTOR__INIT;
	char *cmdline[WORDS_MAX], *labels[] = {text_of(label)};

	process.has_pid = true;
	process.pid = (int32_t)pid;
	process.process_name = text_of(name);
	process.has_start_timestamp_ns = true;
	process.start_timestamp_ns = (int64_t)start_ns;
	process.n_cmdline = split(words, words_length, cmdline);
	process.cmdline = cmdline;
	process.n_process_labels = label ? 1 : 0;
	process.process_labels = labels;
	descriptor.process = &process;
	describe(packets, track, &descriptor);
}

void packet_thread(struct packets *packets, uint64_t track, uint32_t pid, uint32_t tid, const char *name)
{
	Lifeline__TrackDescriptor descriptor = LIFELINE__TRACK_DESCRIPTOR__INIT;
	Lifeline__ThreadDescriptor thread = LIFELINE__THREAD_DESCRIPTOR__INIT;

	thread.has_pid = thread.has_tid = true;
	thread.pid = (int32_t)pid;
	thread.tid = (int32_t)tid;
	thread.thread_name = text_of(name);
	descriptor.thread = &thread;
	describe(packets, track, &descriptor);
}

void packet_track(struct packets *packets, uint64_t track, uint64_t parent, const char *name)
{
	Lifeline__TrackDescriptor descriptor = LIFELINE__TRACK_DESCRIPTOR__INIT;

	descriptor.has_parent_uuid = parent != 0;
	descriptor.parent_uuid = parent;
	descriptor.name = text_of(name);
	describe(packets, track, &descriptor);
}

void packet_counter_track(struct packets *packets, uint64_t track, const char *name)
{
	Lifeline__TrackDescriptor descriptor = LIFELINE__TRACK_DESCRIPTOR__INIT;
	Lifeline__CounterDescriptor counter = LIFELINE__COUNTER_DESCRIPTOR__INIT;

	counter.has_unit = true;
	counter.unit = UNIT_COUNT;
	descriptor.counter = &counter;
	descriptor.name = text_of(name);
	describe(packets, track, &descriptor);
}

/* ---- events ------------------------------------------------------------------------------------------- */

static void put_event(struct packets *packets, uint64_t t_ns, uint64_t track, Lifeline__TrackEvent__Type type,
		      Lifeline__TrackEvent *event)
{
	Lifeline__TracePacket packet = LIFELINE__TRACE_PACKET__INIT;

	event->has_type = event->has_track_uuid = true;
	event->type = type;
	event->track_uuid = track;
	packet.has_timestamp = true;
	packet.timestamp = t_ns;
	packet.track_event = event;
	put(packets, &packet);
}

static void fill_note(Lifeline__DebugAnnotation *annotation, const struct packet_note *note)
{
	lifeline__debug_annotation__init(annotation);
	annotation->name = text_of(note->name);
	annotation->string_value = text_of(note->text);
	annotation->has_int_value = !note->text;
	annotation->int_value = note->number;
}

static void put_mark(struct packets *packets, const struct packet_mark *mark, Lifeline__TrackEvent__Type type)
{
	Lifeline__TrackEvent event = LIFELINE__TRACK_EVENT__INIT;
	Lifeline__DebugAnnotation notes[PACKET_NOTES_MAX], *pointers[PACKET_NOTES_MAX];
	uint64_t out = mark->flow_out, in = mark->flow_in;
	char *category = text_of(mark->category);

	for (unsigned i = 0; i < mark->note_count; i++) {
		fill_note(&notes[i], &mark->notes[i]);
		pointers[i] = &notes[i];
	}
	event.n_debug_annotations = mark->note_count;
	event.debug_annotations = pointers;
	event.name = text_of(mark->name);
	event.n_categories = category ? 1 : 0;
	event.categories = &category;
	event.n_flow_ids = out ? 1 : 0;
	event.flow_ids = &out;
	event.n_terminating_flow_ids = in ? 1 : 0;
	event.terminating_flow_ids = &in;
	put_event(packets, mark->t_ns, mark->track, type, &event);
}

void packet_slice_begin(struct packets *packets, const struct packet_mark *mark)
{
	put_mark(packets, mark, LIFELINE__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN);
}

void packet_slice_end(struct packets *packets, uint64_t t_ns, uint64_t track)
{
	Lifeline__TrackEvent event = LIFELINE__TRACK_EVENT__INIT;

	put_event(packets, t_ns, track, LIFELINE__TRACK_EVENT__TYPE__TYPE_SLICE_END, &event);
}

void packet_instant(struct packets *packets, const struct packet_mark *mark)
{
	put_mark(packets, mark, LIFELINE__TRACK_EVENT__TYPE__TYPE_INSTANT);
}

void packet_count(struct packets *packets, uint64_t t_ns, uint64_t track, int64_t value)
{
	Lifeline__TrackEvent event = LIFELINE__TRACK_EVENT__INIT;

	event.has_counter_value = true;
	event.counter_value = value;
	put_event(packets, t_ns, track, LIFELINE__TRACK_EVENT__TYPE__TYPE_COUNTER, &event);
}

uint64_t packet_flow(struct packets *packets)
{
	return ++packets->flows;
}

static struct packet_note *add_note(struct packet_mark *mark, const char *name)
{
	struct packet_note *note = &mark->notes[mark->note_count];

	if (mark->note_count + 1 < PACKET_NOTES_MAX)
		mark->note_count++;
	*note = (struct packet_note){.name = name};
	return note;
}

void packet_note_text(struct packet_mark *mark, const char *name, const char *text)
{
	add_note(mark, name)->text = text ? text : "unknown";
}

void packet_note_number(struct packet_mark *mark, const char *name, int64_t number)
{
	add_note(mark, name)->number = number;
}
