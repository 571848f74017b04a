/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The JSON report (schema lifeline.report/1) for whoever writes one: a file of its own, or part of a page.
 */
#ifndef LIFELINE_SINK_COMMON_REPORT_JSON_H
#define LIFELINE_SINK_COMMON_REPORT_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "sink/sink.h"

/* Writes a piece of the document to `out`, whose errors latch. Pieces never end within a string. */
typedef void report_json_put(FILE *out, const char *text, size_t length);

/* The whole document and a newline. pretty: indented. 0 or -ENOMEM; errors of writing stay in context->out. */
int report_json_write(const struct sink_context *context, bool pretty, report_json_put *put);

#endif
