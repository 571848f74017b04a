/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The JSON Schema (draft 2020-12) of the report that the json sink writes.
 */
#ifndef LIFELINE_SINK_COMMON_SCHEMA_H
#define LIFELINE_SINK_COMMON_SCHEMA_H

/* The whole document as text, ending in a newline. */
const char *report_schema(void);

#endif
