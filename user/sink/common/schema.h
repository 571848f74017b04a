/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The JSON Schemas (draft 2020-12) of what lifeline writes: "report" (json), "events" (each line of jsonl).
 */
#ifndef LIFELINE_SINK_COMMON_SCHEMA_H
#define LIFELINE_SINK_COMMON_SCHEMA_H

#define SCHEMA_NAMES "report|events"

/* The whole document as text, ending in a newline. name NULL: of the report; NULL if there is none of that name. */
const char *schema_text(const char *name);

#endif
