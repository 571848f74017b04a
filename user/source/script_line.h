/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files that read a text scenario; private to them. script.c reads lines, script_event.c makes an event of
 * one, with values from script_value.c, what is usual from script_usual.c, and who is who from script_cast.c.
 */
#ifndef LIFELINE_SOURCE_SCRIPT_LINE_H
#define LIFELINE_SOURCE_SCRIPT_LINE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/hash.h"
#include "event/event.h"

#define SCRIPT_WORDS_MAX 80
#define SECOND 1000000000LL
#define INITIAL_PIDNS 4026531836u /* the inode of the first pid namespace, on every Linux */
#define INITIAL_MNTNS 4026531841u /* and mostly that of the first mount namespace */

struct script_line {
	const char *path;
	unsigned number;
	char *words[SCRIPT_WORDS_MAX]; /* as written: quotes and escapes still in */
	unsigned count;
};

/* ---- script_cast.c: who lives in the scenario */

struct person { /* what later lines about this process take over from earlier ones */
	uint32_t pid, parent, parent_tid, pgid, sid, uid, pidns, pidns_level, nspid;
	uint64_t start_ns, cgroup, wait_calls;
	int32_t status;
	uint32_t looks; /* at its threads, since its last look_done */
	char comm[COMM_SIZE];
};

struct named_thread {
	char comm[COMM_SIZE];
	bool in_wait;
	uint32_t lock; /* waits for it; 0 none */
	uint64_t lock_wait_ns; /* since then */
};

struct script_cast {
	struct hash births;  /* pid -> latest struct birth */
	struct hash people;  /* (pid, start) -> struct person */
	struct hash threads; /* (tid, start of the process) -> struct named_thread */
	uint32_t mode;	     /* of the `begin` line */
};

struct script_cast *script_cast_new(void);
void script_cast_free(struct script_cast *cast);
/* Says that the pid has a bearer with that start. 0 or -ENOMEM. */
int script_add_birth(struct script_cast *cast, uint32_t pid, uint64_t start_ns);
/* Who bears the pid at that time. */
uint64_t script_start_of(const struct script_cast *cast, uint32_t pid, uint64_t t_ns);
/* Made when first asked for. NULL: out of memory. */
struct person *script_person(struct script_cast *cast, uint32_t pid, uint64_t start_ns);
struct named_thread *script_thread(struct script_cast *cast, uint32_t tid, uint64_t start_ns);

/* ---- script_value.c: values as they are written */

/* Resolves quotes and escapes. 0, -EINVAL (unclosed, unknown escape) or -ENOMEM. */
int script_unquote(const char *raw, struct buffer *out);
bool script_parse_pid(const char *text, size_t length, uint32_t *pid);
const struct event_field *script_field(const struct event_info *info, const char *name);
/* Sets a field of any type from its written value. 0, -EINVAL, -ERANGE, -E2BIG or -ENOMEM. */
int script_set_value(struct event_builder *builder, const struct event_field *field, const char *raw);

/* ---- script_event.c: a line into an event */

struct script_head { /* the first three words, and what is settled about the actor */
	const struct event_info *info;
	uint64_t t_ns, start_ns;
	uint32_t pid, tid;
	const char *comm; /* given here, or NULL */
};

struct script_making { /* an event in the making */
	struct script_cast *cast;
	const struct script_line *line;
	struct script_head head;
	struct person *actor;	     /* NULL: nobody */
	struct named_thread *thread; /* NULL: nobody */
	struct event_builder *builder;
};

/* First pass: notes which pid is born when, so that lines may stand in any order. 0 or negative errno, *error set. */
int script_note_births(struct script_cast *cast, const struct script_line *line, struct error *error);
/* Second pass: makes the event. */
int script_make_event(struct script_cast *cast, const struct script_line *line, struct event_builder *builder,
		      struct error *error);
/* The raw value of `name=` among the line's words, or NULL. */
const char *script_given(const struct script_line *line, const char *name);
/* Sets an integer field that the event has, to a value that fits it. */
void script_preset(struct script_making *making, const char *field, int64_t value);

/* ---- script_usual.c: what a line does not say */

void script_set_usual(struct script_making *making);

#endif
