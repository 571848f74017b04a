/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Trace files: a header with version and an "incomplete" mark, the file's own event table, then zlib-compressed blocks
 * with checksums, each of whole records (docs/trace-format.md). What is complete in a cut-off file can be read.
 */
#ifndef LIFELINE_TRACE_TRACE_H
#define LIFELINE_TRACE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "event/event.h"

struct trace_writer;

/*
 * Creates `path` 0600. What is there already is replaced only if it is a trace of lifeline (or empty), a regular file
 * of the caller, without a second link, and not being recorded to; a symlink or anything else is refused untouched.
 * SIGXFSZ is ignored from here on, unless somebody handles it.
 */
int trace_create(const char *path, struct trace_writer **writer, struct error *error);
/* Whether trace_create would be allowed now, found without making or changing anything: to be asked before CMD is
 * started. */
int trace_may_create(const char *path, struct error *error);
/* Adds a checked event. An output error latches: later calls do nothing, and trace_finish tells it. */
int trace_write(struct trace_writer *writer, const struct event *event);
/* Writes out what is buffered so that a kill -9 loses at most what came since (called about once a second). */
int trace_flush(struct trace_writer *writer);
/* Ends the file and clears the incomplete mark if all was well; always frees. 0 or the first error. */
int trace_finish(struct trace_writer *writer, struct error *error);

struct trace_reader;

int trace_open(const char *path, struct trace_reader **reader, struct error *error);
/*
 * The next record, valid until the next call, translated to today's events by the file's own table (fields the file
 * does not have are 0, events unknown today are skipped and counted). 1: *event is set; 0: the end; negative: the file
 * is broken here, the error names the offset. A cut-off file simply ends, with trace_is_cut true. Records are
 * well-formed (event_check) when they come out; a bad one is skipped and counted.
 */
int trace_read(struct trace_reader *reader, const struct event **event, struct error *error);
bool trace_is_cut(const struct trace_reader *reader);
uint64_t trace_skipped(const struct trace_reader *reader);
/* Of those, the ill-formed ones of a group (of none that can be known: GROUP_STREAM): events that are missing. */
uint64_t trace_bad(const struct trace_reader *reader, enum event_group group);
void trace_close(struct trace_reader *reader);

#endif
