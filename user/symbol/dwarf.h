/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines and inlined functions, from DWARF 2 to 5 as compilers write it. What is needed is read when it is asked for:
 * the unit that an address lies in, not the gigabyte around it. Sections that are packed have to be unpacked whole, up
 * to DWARF_UNPACK_MAX.
 *
 * Not understood, and then unknown: type units, split files (.dwo: lines are known, inlined functions are not), names
 * that dwz moved to a common file.
 */
#ifndef LIFELINE_SYMBOL_DWARF_H
#define LIFELINE_SYMBOL_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/elf.h"

/* Unpacking takes some 5 ns a byte. */
#define DWARF_UNPACK_MAX ((uint64_t)48 << 20)

struct dwarf;

/* A function around an address: the one that was compiled into code of its own, or one inlined into it. */
struct dwarf_call {
	char *function; /* owned, mangled; NULL: not told (only for the outermost) */
	char *file;     /* owned, without directories; NULL: unknown */
	unsigned line;  /* where it is in this function: the address, or the call that was inlined */
};

#define DWARF_CALLS_MAX 16

struct dwarf_place {
	struct dwarf_call calls[DWARF_CALLS_MAX]; /* innermost first */
	unsigned count;                           /* 0: nothing is known */
};

/* NULL without debugging information, or without memory. `elf` must stay. */
struct dwarf *dwarf_open(const struct elf *elf);
void dwarf_free(struct dwarf *dwarf);
/* Memory in use. */
size_t dwarf_bytes(const struct dwarf *dwarf);
/* `elf` may have got another descriptor. */
void dwarf_find(struct dwarf *dwarf, uint64_t address, struct dwarf_place *place);
void dwarf_place_free(struct dwarf_place *place);

#endif
