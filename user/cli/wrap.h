/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fills prose into lines of a width, for help, explanations and tables.
 */
#ifndef LIFELINE_CLI_WRAP_H
#define LIFELINE_CLI_WRAP_H

#include "base/buffer.h"

/*
 * Appends `text` in lines of at most `width` columns, each behind `indent` blanks; the first line continues one that
 * has `used` columns already (0: it is indented like the others). A newline in the text ends a line; ends with a
 * newline.
 */
void wrap_text(struct buffer *out, const char *text, int indent, int width, int used);
void wrap_blanks(struct buffer *out, int count);

#endif
