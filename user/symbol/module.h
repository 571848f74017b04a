/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A file of code that processes map, read once for all of them: its symbols, call frame information, lines. What it
 * holds is read when it is first asked for, and can be dropped and read again.
 */
#ifndef LIFELINE_SYMBOL_MODULE_H
#define LIFELINE_SYMBOL_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "symbol/cfi.h"
#include "symbol/dwarf.h"
#include "symbol/elf.h"
#include "symbol/file.h"
#include "symbol/symtab.h"

/* What is known of one address: the lookups that took long. */
struct place {
	struct cfi_row row;
	bool has_row, has_name;
	uint64_t function_begin;  /* of the outermost call's, by its symbol; 0: unknown */
	struct dwarf_call *calls; /* innermost first; owned, names demangled */
	unsigned call_count;      /* 0: no name is known */
};

/* What all modules of a cache use together. */
struct module_totals {
	size_t bytes;
	unsigned descriptors;
};

struct module {
	struct module *next; /* with the same device and inode */
	struct module_totals *totals;
	struct file_identity identity;
	unsigned references;                              /* from images of processes */
	uint64_t used;                                    /* stamp: the greatest was used last */
	int descriptor;                                   /* -1: memory, or closed to save descriptors */
	uint8_t *memory;                                  /* the vdso's bytes */
	char *path;                                       /* as its first process saw it */
	bool opened;                                      /* elf was tried; it is unusable if it has no machine */
	bool has_table, has_frames, has_debug, has_dwarf; /* that they were tried */
	struct elf elf;
	struct elf debug; /* file of debugging information beside it; no machine if there is none */
	struct symtab table;
	struct dwarf *dwarf;
	struct cfi frames[2];  /* .eh_frame, .debug_frame */
	struct hash places;    /* by address */
	struct hash variables; /* demangled names, by the symbol's address */
	size_t bytes;          /* of memory that module_drop gives back, roughly */
};

/* Takes over the descriptor, also on failure (NULL: no memory). */
struct module *module_new(struct module_totals *totals, const struct file_identity *identity, const char *path,
			  int descriptor);
/* Of a copy of memory, which it takes over if it succeeds. */
struct module *module_new_memory(struct module_totals *totals, uint8_t *memory, size_t size, const char *path);
void module_free(struct module *module);
/* Forgets what was read; it can be read again. */
void module_drop(struct module *module);
/* Closes its file; it is opened again by path if need be, if it still is that file. */
void module_close(struct module *module);
/* Takes over another descriptor of its file. */
void module_give(struct module *module, int descriptor);

/* Looks for its file of debugging information in a root directory that is not ours, as long as there is one. */
void module_find_debug(struct module *module, int root);

/* True if it is an ELF file that could be read. */
bool module_open(struct module *module);
/* The sorted symbols; an empty table if there are none. */
const struct symtab *module_table(struct module *module);
/* The name of a variable as people write it; NULL without memory. Lives until module_drop. */
const char *module_variable(struct module *module, const struct symtab_symbol *symbol);
/* What is known of an address, found now if need be; NULL if there is no memory. */
struct place *module_place(struct module *module, uint64_t address);
void place_find_row(struct module *module, struct place *place, uint64_t address);
void place_find_name(struct module *module, struct place *place, uint64_t address);

#endif
