/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Call frame information: how, at an address of code, the caller's registers are found. Compilers write it into
 * .eh_frame (or .debug_frame) for nearly all code, with or without frame pointers.
 *
 * Not left to libdw, which lines and inlined functions are: a few bytes in a hostile file make it take up to 2 GB at
 * every address that is looked up, as a register number sizes an array (test_symbol_dwarf.c shows it; files with some
 * random changes to .eh_frame, one in two thousand of them, did the same and took a minute). Its interface does not say
 * which entry it will execute, so this could not be checked before without reading all entries here anyway.
 */
#ifndef LIFELINE_SYMBOL_CFI_H
#define LIFELINE_SYMBOL_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "symbol/elf.h"
#include "symbol/symbol.h"

enum cfi_kind {
	CFI_UNSPECIFIED, /* kept, by convention; for the stack pointer: the frame's address */
	CFI_UNDEFINED,   /* lost; for the return address: there is no caller */
	CFI_SAME,
	CFI_OFFSET,           /* saved at the frame's address + offset */
	CFI_VALUE_OFFSET,     /* is the frame's address + offset */
	CFI_REGISTER,         /* in register number `offset` */
	CFI_EXPRESSION,       /* saved at what the expression gives */
	CFI_VALUE_EXPRESSION, /* is what the expression gives */
};

struct cfi_rule {
	uint8_t kind;
	uint32_t length; /* of an expression, which begins at byte `offset` of the section */
	int64_t offset;
};

/* What holds at one address. */
struct cfi_row {
	bool found;
	const uint8_t *section; /* what offsets of expressions count from; lives as long as the cfi */
	bool signal;            /* a signal handler's trampoline */
	bool frame_by_expression;
	uint8_t return_column;   /* which number stands for the return address */
	uint16_t frame_register; /* the frame's address (CFA): this register + offset, or the expression of that rule */
	struct cfi_rule frame;
	struct cfi_rule rules[SYMBOL_REGISTERS];
};

struct cfi_range {
	uint64_t begin, end;
	uint64_t entry; /* offset in the section */
};

struct cfi {
	struct elf_part section;
	uint64_t address; /* of the section's first byte, as symbols count */
	bool debug_frame; /* .debug_frame, whose records differ a little */
	uint8_t address_size;
	uint16_t machine;
	struct elf_part search; /* .eh_frame_hdr, whose table the linker sorted; empty: `ranges` is made instead */
	uint64_t search_address;
	size_t search_table, search_count;
	struct cfi_range *ranges;
	size_t range_count, range_capacity;
};

/* Reads a file's .eh_frame, or .debug_frame. 0, -ENOENT if it has none, or as elf_load. *cfi may be freed in any case.
 */
int cfi_open_eh_frame(struct cfi *cfi, const struct elf *elf);
int cfi_open_debug_frame(struct cfi *cfi, const struct elf *elf);
void cfi_free(struct cfi *cfi);
size_t cfi_bytes(const struct cfi *cfi);

/* What holds at an address; row->found tells if anything is known. */
void cfi_find(const struct cfi *cfi, uint64_t address, struct cfi_row *row);

#endif
