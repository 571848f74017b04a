/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One line of the event log (SPEC: lifeline.events/1) before it is written: what jsonl and csv have in common. A row
 * lives only while it is handed over, and so do the texts that its cells point to.
 */
#ifndef LIFELINE_SINK_COMMON_ROW_H
#define LIFELINE_SINK_COMMON_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/model.h"

/* All keys there are, in the order of csv's columns. Appended to, never reordered: loaders go by position. */
#define ROW_COLUMNS(C)                                                                                                 \
	C(t_ns) C(type) C(pid) C(tid) C(comm) C(id)                                                                    \
	C(child) C(child_id) C(flags) C(exe) C(argv) C(code) C(signal) C(core) C(live) C(parent) C(reaped) C(by_tid)   \
	C(to) C(to_id) C(to_tid) C(rule) C(zombie)                                                                     \
	C(call) C(target) C(options) C(result) C(sent_by) C(fatal) C(sid) C(pgid) C(on)                                \
	C(path) C(mask) C(fd) C(lock) C(kind) C(name) C(holder) C(waited_ns) C(outcome)                                \
	C(next) C(next_pid) C(next_comm) C(state) C(reason) C(cpu) C(woken_by) C(woken_ns)                             \
	C(of) C(voluntary) C(involuntary) C(cpu_ns) C(runqueue_ns)                                                     \
	C(blocked_futex_ns) C(blocked_sleep_ns) C(blocked_wait_ns) C(blocked_poll_ns) C(blocked_read_ns)               \
	C(blocked_write_ns) C(blocked_network_ns) C(blocked_disk_ns) C(blocked_other_ns)                               \
	C(waits) C(timeouts) C(wait_ns) C(max_wait_ns) C(acquisitions) C(hold_ns) C(max_hold_ns)                       \
	C(class) C(count) C(since_ns) C(ns_pid) C(child_ns_pid)

enum row_column {
#define COLUMN(name) COLUMN_##name,
	ROW_COLUMNS(COLUMN)
#undef COLUMN
	ROW_COLUMN_COUNT
};

enum cell_kind {
	CELL_NULL,     /* not known */
	CELL_UNSIGNED, /* u */
	CELL_SIGNED,   /* i */
	CELL_BOOL,     /* u */
	CELL_TEXT,     /* ours: plain ASCII without quotes */
	CELL_BYTES,    /* a stranger's: anything */
	CELL_WORDS,    /* a stranger's, NUL-separated */
};

struct cell {
	enum row_column column;
	enum cell_kind kind;
	union {
		uint64_t u;
		int64_t i;
		struct {
			const char *bytes;
			size_t length;
		};
	};
};

#define ROW_CELLS_MAX 24

struct row {
	const char *type;
	unsigned count;
	struct cell cells[ROW_CELLS_MAX]; /* in the order that they are written; t_ns and type first */
};

const char *row_column_name(enum row_column column);

/* Turns events into rows. Keeps nothing of them. */
struct row_maker {
	const struct model *model;
	/* Called for each row; a negative result ends the event and is passed on. */
	int (*emit)(void *context, const struct row *row);
	void *context;
	struct buffer text; /* of the row being made */
	int result;
	bool cut_told;
};

void rows_open(struct row_maker *maker, const struct model *model, int (*emit)(void *, const struct row *),
	       void *context);
/* 0, or what `emit` said, or -ENOMEM. */
int rows_event(struct row_maker *maker, const struct event *event);
/* At the end: a stream that broke off gets a last line that says so. */
int rows_end(struct row_maker *maker);
void rows_close(struct row_maker *maker);

/*
 * What becomes of an event kind in the log: "" if it gives lines, else why it gives none; NULL if nobody has decided,
 * which a test does not let pass (docs/export.md has the table).
 */
const char *rows_decision(uint16_t kind);

#endif
