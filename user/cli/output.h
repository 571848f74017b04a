/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where reports go: stdout, stderr or a file that appears whole or not at all; and how they may look there. Also the
 * one place that prints errors.
 */
#ifndef LIFELINE_CLI_OUTPUT_H
#define LIFELINE_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"

#define EXIT_TROUBLE 125
#define EXIT_FAIL_ON 99

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER }; /* the order of "auto|always|never" */

struct output {     /* not to be moved while open */
	FILE *file; /* writes to descriptor, and keeps the reason of the first failure, which stdio would forget */
	int descriptor;
	const char *what; /* not owned */
	bool owned;      /* descriptor is closed by output_close */
	int failure;     /* negative errno of the first write that failed */
	char *path;      /* owned; NULL: a standard stream */
	char *temporary; /* owned; renamed to path when all is written */
	bool color, unicode;
	int columns; /* 40 to 200; 100 when not a terminal */
};

/*
 * Says early, before anything is started, whether `path` could be written later: refuses symbolic links, directories
 * and whatever else could not be replaced. Writes nothing. NULL and "-" are always fine. `what` is for the sentence.
 */
int output_check(const char *path, const char *what, struct error *error);
/* path NULL: `standard`; "-": stdout; /dev/fd/N: that descriptor; else a file, 0600, which is PATH.incomplete.XXXXXX
 * until it is whole. `what` is for the sentence if it fails ("the report"). From here on SIGPIPE is ignored. */
int output_open(struct output *output, const char *path, const char *what, FILE *standard, enum color_mode color,
		struct error *error);
/* Writes out and closes; a file gets its name only if all was written and not `discard`. 0, or what went wrong. */
int output_close(struct output *output, bool discard, struct error *error);
/* How wide a terminal is, 40 to 200; 100 if it is none. COLUMNS counts, if it is set. */
int output_columns(int descriptor);
/* The same for prose, whose lines are hard to read when they are longer than 100. */
int output_prose_columns(int descriptor);
/* Prints a text to stdout; the exit status: 0, or 125 with the reason told. Frees the buffer. */
int output_print(struct buffer *text);

/* One line on stderr: what was attempted, why it failed, what to try. Returns EXIT_TROUBLE. */
int complain(const struct error *error);

#endif
