/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The symbols that ELF files define, sorted, so that an address finds its name in a few steps (libdwfl looks through
 * all of them each time: 300 us a stack). Functions and variables apart.
 */
#ifndef LIFELINE_SYMBOL_SYMTAB_H
#define LIFELINE_SYMBOL_SYMTAB_H

#include <stddef.h>
#include <stdint.h>

#include "symbol/elf.h"

struct symtab_symbol {
	uint64_t address;
	const char *name; /* as in the file: not demangled, perhaps with "@VERSION" behind */
	uint32_t size;    /* at least 1 */
	uint8_t rank;     /* of several at one address the highest is told */
	bool bounded;     /* the size is made up: until the next symbol */
};

struct symtab_list {
	struct symtab_symbol *symbols;
	size_t count, capacity;
};

#define SYMTAB_STRINGS 4

struct symtab {
	struct symtab_list code, data;
	struct elf_part strings[SYMTAB_STRINGS]; /* where names point to */
	unsigned string_count;
};

/* Adds what a file's symbol table of this section type (SHT_SYMTAB, SHT_DYNSYM) defines. `owner` is the file that is
 * mapped, whose segments say where symbols may be; it differs from `elf` for a file of debugging information. 0,
 * -ENOENT without such a table, or as elf_load. */
int symtab_add(struct symtab *table, const struct elf *owner, const struct elf *elf, uint32_t type);
/* To be called once, after the last symtab_add and before the first search. */
void symtab_sort(struct symtab *table);
void symtab_free(struct symtab *table);
size_t symtab_bytes(const struct symtab *table);

/* The symbol whose bytes hold the address; NULL if there is none. */
const struct symtab_symbol *symtab_at(const struct symtab_list *list, uint64_t address);
/* By name, a version behind '@' not minded. */
const struct symtab_symbol *symtab_named(const struct symtab_list *list, const char *name);

#endif
