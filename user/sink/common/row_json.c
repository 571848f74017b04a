/* SPDX-License-Identifier: BSD-2-Clause
 * Cells as JSON; see row_json.h. */
#include "sink/common/row_json.h"

#include "sink/common/describe.h"

void row_json_value(struct json *json, const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_UNSIGNED:
		json_unsigned(json, cell->u);
		return;
	case CELL_SIGNED:
		json_signed(json, cell->i);
		return;
	case CELL_BOOL:
		json_bool(json, cell->u);
		return;
	case CELL_TEXT:
	case CELL_BYTES:
		json_bytes(json, cell->bytes, cell->length);
		return;
	case CELL_WORDS:
		json_words(json, cell->bytes, cell->length);
		return;
	case CELL_NULL:
		break;
	}
	json_null(json);
}
