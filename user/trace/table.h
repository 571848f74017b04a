/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event table inside a trace file: written from our own, and read back as a translation from the file's events to
 * ours. Private to this folder.
 */
#ifndef LIFELINE_TRACE_TABLE_H
#define LIFELINE_TRACE_TABLE_H

#include <stddef.h>

#include "base/buffer.h"
#include "event/event.h"

/* Appends today's table in the file's encoding; the buffer latches a failed allocation. */
void table_encode(struct buffer *out);

struct table;

/* Reads an encoded table. 0, -ENOMEM, or -EINVAL with the reason in *why (static text) and its place in *at. */
int table_decode(const unsigned char *bytes, size_t length, struct table **table, const char **why, size_t *at);
/*
 * Turns a framed record of the file (`record->size` bytes can be read) into one of ours. 1: *event is set, and valid
 * until the next call (an unchanged kind is not copied); 0: we have no such event; -EINVAL: it contradicts the table.
 */
int table_translate(struct table *table, const struct event *record, const struct event **event);
/* The group of a kind of the file; GROUP_STREAM if we do not know it. */
enum event_group table_group(const struct table *table, uint16_t kind);
void table_free(struct table *table);

#endif
