/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets of the Perfetto trace format, one after the other (common/perfetto.proto). Texts given here are valid UTF-8
 * already: what strangers chose goes through text_escape first. A packet's time can lie before that of the packet in
 * front of it: readers of the format sort by time.
 */
#ifndef LIFELINE_SINK_COMMON_PACKET_H
#define LIFELINE_SINK_COMMON_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink/common/lines.h"

struct packets {
	struct lines lines;
	bool begun;
	uint64_t flows; /* ids given away */
};

struct packet_note { /* a key and a value beside a mark */
	const char *name;
	const char *text; /* NULL: number */
	int64_t number;
};

#define PACKET_NOTES_MAX 4

struct packet_mark { /* an instant, or the beginning of a slice */
	uint64_t t_ns, track;
	const char *name, *category;
	uint64_t flow_out, flow_in; /* an arrow begins, ends here; 0 none */
	struct packet_note notes[PACKET_NOTES_MAX];
	unsigned note_count;
};

void packet_clocks(struct packets *packets, uint64_t boot_ns, uint64_t realtime_ns);
/* Tracks have a number of ours (not 0). words: NUL-separated UTF-8, or NULL. label: beside the name, or NULL. */
void packet_process(struct packets *packets, uint64_t track, uint32_t pid, uint64_t start_ns, const char *name,
		    const char *words, size_t words_length, const char *label);
void packet_thread(struct packets *packets, uint64_t track, uint32_t pid, uint32_t tid, const char *name);
void packet_track(struct packets *packets, uint64_t track, uint64_t parent, const char *name);
void packet_counter_track(struct packets *packets, uint64_t track, const char *name);

void packet_slice_begin(struct packets *packets, const struct packet_mark *mark);
void packet_slice_end(struct packets *packets, uint64_t t_ns, uint64_t track);
void packet_instant(struct packets *packets, const struct packet_mark *mark);
void packet_count(struct packets *packets, uint64_t t_ns, uint64_t track, int64_t value);
uint64_t packet_flow(struct packets *packets); /* a new one */

void packet_note_text(struct packet_mark *mark, const char *name, const char *text);
void packet_note_number(struct packet_mark *mark, const char *name, int64_t number);

#endif
