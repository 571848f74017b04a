/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DWARF expressions, as far as call frame information uses them: linkers describe the procedure linkage table with one,
 * C libraries the trampoline of signal handlers.
 */
#ifndef LIFELINE_SYMBOL_EXPRESSION_H
#define LIFELINE_SYMBOL_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/symbol.h"

struct expression_context {
	const struct symbol_registers *registers;
	unsigned address_size;
	/* Reads memory of the process; false if it cannot. */
	bool (*read)(void *private, uint64_t address, unsigned size, uint64_t *value);
	void *private;
};

/* Evaluates `size` bytes of expression. with_frame: `frame` is on the stack at the beginning. False if it is not
 * understood, or needs a register or memory that is not known. */
bool expression_evaluate(const struct expression_context *context, const uint8_t *code, size_t size, bool with_frame,
			 uint64_t frame, uint64_t *result);

#endif
