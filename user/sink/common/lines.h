/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines on their way to a file: put together in one buffer, handed over in large pieces. Exports write millions.
 */
#ifndef LIFELINE_SINK_COMMON_LINES_H
#define LIFELINE_SINK_COMMON_LINES_H

#include <stdio.h>

#include "base/buffer.h"

struct lines {
	struct buffer buffer; /* append to it */
	FILE *out;	      /* not owned */
};

/* Ends the line at hand. 0, -ENOMEM, or -EIO once `out` has failed (its owner knows why). */
int lines_end(struct lines *lines, const char *ending);
/* The same without a line: for what is no text. Hands over what has gathered, if it is much. */
int lines_pass(struct lines *lines);
/* Hands over what is left. */
int lines_flush(struct lines *lines);
void lines_free(struct lines *lines);

#endif
