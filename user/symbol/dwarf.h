/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines and inlined functions, from DWARF 2 to 5, with libdw. It reads (and unpacks) sections whole, so files with very
 * much of it are left alone: then the names of symbols are all there is.
 *
 * Not looked up, and then unknown: what stands in another file (split units: lines are known, inlined functions are
 * not; names that dwz moved to a common file).
 */
#ifndef LIFELINE_SYMBOL_DWARF_H
#define LIFELINE_SYMBOL_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/elf.h"

/* What is read of one file, unpacked. */
#define DWARF_LOAD_MAX ((uint64_t)128 << 20)
/* Unpacking takes some 5 ns a byte. What a program has in itself was wanted by who built it; what a package for
 * debugging has of a library (glibc: 9 MB, and the first stack of any program would wait for it) is not worth as much.
 */
#define DWARF_UNPACK_MAX ((uint64_t)48 << 20)
#define DWARF_UNPACK_APART_MAX ((uint64_t)4 << 20)

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

/* NULL without debugging information, with too much of it (packed: more than unpack_max when unpacked), or without
 * memory. `elf` and its descriptor are not needed any more afterwards. */
struct dwarf *dwarf_open(const struct elf *elf, uint64_t unpack_max);
void dwarf_free(struct dwarf *dwarf);
/* Memory in use, roughly. */
size_t dwarf_bytes(const struct dwarf *dwarf);
void dwarf_find(struct dwarf *dwarf, uint64_t address, struct dwarf_place *place);
void dwarf_place_free(struct dwarf_place *place);

#endif
