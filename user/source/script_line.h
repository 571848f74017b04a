/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between script.c, which reads a scenario's lines, and script_event.c, which makes an event of one. Private to them.
 */
#ifndef LIFELINE_SOURCE_SCRIPT_LINE_H
#define LIFELINE_SOURCE_SCRIPT_LINE_H

#include "base/buffer.h"
#include "base/error.h"
#include "event/event.h"

#define SCRIPT_WORDS_MAX 80

struct script_line {
	const char *path;
	unsigned number;
	char *words[SCRIPT_WORDS_MAX]; /* as written: quotes and escapes still in */
	unsigned count;
};

struct script_cast; /* who lives in the scenario: pids, starts, names */

struct script_cast *script_cast_new(void);
void script_cast_free(struct script_cast *cast);

/* First pass: notes which pid is born when, so that lines may stand in any order. 0 or negative errno with *error set.
 */
int script_note_births(struct script_cast *cast, const struct script_line *line, struct error *error);
/* Second pass: makes the event. */
int script_make_event(struct script_cast *cast, const struct script_line *line, struct event_builder *builder,
		      struct error *error);

/* Resolves quotes and escapes of a value. 0, -EINVAL (unclosed, unknown escape) or -ENOMEM. */
int script_unquote(const char *raw, struct buffer *out);

#endif
