/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files that check expectations: conditions, who is who, and facts about processes. For nobody else.
 */
#ifndef LIFELINE_CLI_EXPECT_INTERNAL_H
#define LIFELINE_CLI_EXPECT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/expect.h"
#include "model/lock.h"

struct check {
	const struct expect *expect;
	const struct engine *engine;
	const struct roles *roles;
	struct buffer *differences;
	unsigned count;
};

enum operation { EQUAL, AT_LEAST, AT_MOST, CONTAINS };

struct condition { /* into a directive's word */
	const char *key;
	size_t key_length;
	enum operation operation;
	const char *value;
};

/* KEY OPERATION VALUE. false if the word is none. */
bool condition_read(const char *word, struct condition *condition);
bool condition_key_is(const struct condition *condition, const char *key);
bool compare_text(enum operation operation, const char *found, const char *wanted);
bool compare_number(enum operation operation, int64_t found, int64_t wanted);
/* Numbers, or durations in ns. */
bool read_number(const char *text, int64_t *number);

struct subject { /* of a `fact` line: ROLE or ROLE/THREAD; into the directive's first word */
	const char *role;
	size_t role_length;
	const char *thread; /* NULL: the process as a whole */
};

bool subject_read(const struct directive *directive, struct subject *subject); /* false: the line has none */
bool subject_is(const struct subject *subject, const char *role);

/* The process that the demo means: its pid is the kernel's first one or, in a pid namespace, the innermost. */
const struct process *process_of(const struct check *check, uint32_t pid);
/* Does `name` (a role or a pid) stand for the process with this pid? */
bool names_pid(const struct check *check, const char *name, uint32_t pid);

/* Does `name` (a role, a pid or a tid) stand for this thread? A process stands for each of its threads. */
bool names_thread(const struct check *check, const char *name, uint32_t pid, uint32_t tid);

/* Which locks have this name: all for `*`, those that begin with it for one that ends in `*`, nameless ones
 * for `-`. */
bool lock_is_named(const struct lock *lock, const char *name);
/* Does the condition hold of the lock? 1, 0, or -1 if it is no condition on a lock. */
int lock_holds(const struct check *check, const struct lock *lock, const char *word);
/* One line on a lock, so that a difference can be understood. */
void describe_lock(const struct lock *lock, struct buffer *out);

/* The first role announced for the process with this pid, or NULL. */
const char *role_of(const struct check *check, uint32_t pid);

/* How a process ended: "3", "SIGKILL", "unknown". */
void expect_status_text(struct buffer *out, bool known, int status);
/*
 * Does the condition hold of the process or, if `thread` is not NULL, of its threads of that name taken together? 1, 0,
 * or -1 if it is no fact that is known. `found`: what it is, for the eye.
 */
int fact_holds(const struct check *check, const struct process *process, const char *thread, const char *word,
	       struct buffer *found);

#endif
