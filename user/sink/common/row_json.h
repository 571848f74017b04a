/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cells of rows as JSON values, the same in each export that is JSON.
 */
#ifndef LIFELINE_SINK_COMMON_ROW_JSON_H
#define LIFELINE_SINK_COMMON_ROW_JSON_H

#include "base/json.h"
#include "sink/common/row.h"

/* Writes the value of a cell, without its key; a cell without one is null. */
void row_json_value(struct json *json, const struct cell *cell);

#endif
