/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records of .eh_frame and .debug_frame, shared by the file that finds them and the one that executes them.
 */
#ifndef LIFELINE_SYMBOL_CFI_INTERNAL_H
#define LIFELINE_SYMBOL_CFI_INTERNAL_H

#include "symbol/cfi.h"
#include "symbol/reader.h"

/* What entries (FDE) have in common: a CIE. */
struct cfi_common {
	uint64_t code_alignment;
	int64_t data_alignment;
	uint64_t return_column;
	uint8_t address_encoding, address_size;
	bool augmented, signal;
	size_t instructions, end; /* in the section */
};

struct cfi_entry {
	struct cfi_common common;
	uint64_t begin, end; /* addresses */
	size_t instructions, instructions_end;
};

#define CFI_ENCODING_OMIT 0xff
#define CFI_ENCODING_ABSOLUTE 0x00
#define CFI_ENCODING_TABLE 0x3b /* 4 bytes, signed, relative to the table: what linkers write */

/* A pointer in one of the encodings of .eh_frame. `section` is the address of reader->data, `data` that of the search
 * table. */
uint64_t cfi_pointer(struct reader *reader, uint8_t encoding, uint8_t address_size, uint64_t section, uint64_t data);
/* The record at `at`; false if there is no entry, or none that can be read. *next is where the next record begins, 0 at
 * the end. */
bool cfi_read_entry(const struct cfi *cfi, uint64_t at, struct cfi_entry *entry, uint64_t *next);
/* Executes an entry's instructions up to an address. */
bool cfi_execute(const struct cfi *cfi, const struct cfi_entry *entry, uint64_t address, struct cfi_row *row);

#endif
