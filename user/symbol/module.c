/* SPDX-License-Identifier: BSD-2-Clause
 * One file of code; see module.h. */
#include "symbol/module.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol/debugfile.h"
#include "symbol/demangle.h"

struct module *module_new(struct module_totals *totals, const struct file_identity *identity, const char *path,
			  int descriptor)
{
	struct module *module = calloc(1, sizeof(*module));
	char *copy = strdup(path);

	if (!module || !copy) {
		if (descriptor >= 0)
			close(descriptor);
		free(module);
		free(copy);
		return NULL;
	}
	module->totals = totals;
	module->identity = *identity;
	module->path = copy;
	module->descriptor = -1;
	if (descriptor >= 0)
		module_give(module, descriptor);
	return module;
}

struct module *module_new_memory(struct module_totals *totals, uint8_t *memory, size_t size, const char *path)
{
	const struct file_identity identity = {.size = size};
	struct module *module = module_new(totals, &identity, path, -1);

	if (module)
		module->memory = memory;
	return module;
}

static void use_bytes(struct module *module, size_t bytes)
{
	module->bytes += bytes;
	module->totals->bytes += bytes;
}

void module_give(struct module *module, int descriptor)
{
	if (module->descriptor >= 0) {
		close(descriptor);
		return;
	}
	module->descriptor = descriptor;
	module->totals->descriptors++;
}

static void drop_debug(struct module *module)
{
	const size_t bytes = module->dwarf ? dwarf_bytes(module->dwarf) : 0;

	module->bytes -= bytes;
	module->totals->bytes -= bytes;
	dwarf_free(module->dwarf);
	module->dwarf = NULL;
	if (module->debug.machine != EM_NONE) {
		close(module->debug.bytes.descriptor);
		module->totals->descriptors--;
		elf_close(&module->debug);
	}
	module->has_debug = module->has_dwarf = false;
}

void module_close(struct module *module)
{
	drop_debug(module);
	if (module->descriptor < 0)
		return;
	close(module->descriptor);
	module->descriptor = -1;
	module->totals->descriptors--;
}

static void drop_places(struct module *module)
{
	size_t cursor = 0;

	for (struct place *place; (place = hash_next(&module->places, &cursor));) {
		for (unsigned i = 0; i < place->call_count; i++) {
			free(place->calls[i].function);
			free(place->calls[i].file);
		}
		free(place->calls);
		free(place);
	}
	hash_free(&module->places);
}

static void drop_variables(struct module *module)
{
	size_t cursor = 0;

	for (char *name; (name = hash_next(&module->variables, &cursor));)
		free(name);
	hash_free(&module->variables);
}

void module_drop(struct module *module)
{
	drop_places(module);
	drop_variables(module);
	drop_debug(module);
	symtab_free(&module->table);
	cfi_free(&module->frames[0]);
	cfi_free(&module->frames[1]);
	elf_close(&module->elf);
	module->opened = module->has_table = module->has_frames = false;
	module->totals->bytes -= module->bytes;
	module->bytes = 0;
}

void module_free(struct module *module)
{
	if (!module)
		return;
	module_drop(module);
	module_close(module);
	free(module->memory);
	free(module->path);
	free(module);
}

/* After its descriptor was closed to save descriptors: the same file again, or none. */
static void reopen(struct module *module)
{
	const int descriptor = file_open(AT_FDCWD, module->path);
	struct file_identity identity;

	if (descriptor < 0)
		return;
	if (file_identify(descriptor, &identity) && file_identity_equal(&identity, &module->identity))
		module_give(module, descriptor);
	else
		close(descriptor);
}

bool module_open(struct module *module)
{
	struct elf_bytes bytes;

	if (!module->memory && module->descriptor < 0)
		reopen(module);
	bytes = (struct elf_bytes){module->descriptor, module->memory, module->identity.size};
	if (!module->opened && (module->memory || module->descriptor >= 0)) {
		module->opened = true;
		if (elf_open(&module->elf, &bytes) == 0)
			use_bytes(module, module->elf.section_count * sizeof(struct elf_section));
	}
	module->elf.bytes.descriptor = module->descriptor;
	return module->elf.machine != EM_NONE;
}

/* ---- debugging information ------------------------------------------------------------------------------- */

void module_find_debug(struct module *module, int root)
{
	struct elf_bytes bytes = {.descriptor = -1};
	struct file_identity identity;

	if (module->has_debug || module->memory || !module_open(module))
		return;
	bytes.descriptor = debugfile_open(root, &module->elf, module->path);
	module->has_debug = root < 0 || bytes.descriptor >= 0;
	if (bytes.descriptor < 0)
		return;
	bytes.size = file_identify(bytes.descriptor, &identity) ? identity.size : 0;
	if (elf_open(&module->debug, &bytes) || module->debug.machine == EM_NONE)
		close(bytes.descriptor);
	else
		module->totals->descriptors++;
}

/* Where lines and inlined functions are told: in the file itself, or in the one beside it. */
static struct dwarf *module_dwarf(struct module *module)
{
	if (module->has_dwarf)
		return module->dwarf;
	module->has_dwarf = true;
	module->dwarf = dwarf_open(&module->elf, DWARF_UNPACK_MAX);
	if (!module->dwarf) {
		module_find_debug(module, -1);
		if (module->debug.machine != EM_NONE)
			module->dwarf = dwarf_open(&module->debug, DWARF_UNPACK_APART_MAX);
	}
	if (module->dwarf)
		use_bytes(module, dwarf_bytes(module->dwarf));
	return module->dwarf;
}

/* ---- symbols --------------------------------------------------------------------------------------------- */

static void add_packed_symbols(struct module *module)
{
	struct elf_part part;
	struct elf packed;

	if (debugfile_unpack(&module->elf, &part))
		return;
	if (elf_open(&packed, &(struct elf_bytes){.descriptor = -1, .memory = part.data, .size = part.size}) == 0) {
		symtab_add(&module->table, &module->elf, &packed, SHT_SYMTAB);
		elf_close(&packed);
	}
	elf_part_free(&part);
}

/* A stripped file exports some names; the others may be told beside it. */
static void read_table(struct module *module)
{
	module->has_table = true;
	if (symtab_add(&module->table, &module->elf, &module->elf, SHT_SYMTAB)) {
		symtab_add(&module->table, &module->elf, &module->elf, SHT_DYNSYM);
		module_find_debug(module, -1);
		if (module->debug.machine == EM_NONE ||
		    symtab_add(&module->table, &module->elf, &module->debug, SHT_SYMTAB))
			add_packed_symbols(module);
	}
	symtab_sort(&module->table);
	use_bytes(module, symtab_bytes(&module->table));
}

const struct symtab *module_table(struct module *module)
{
	if (!module->has_table && module_open(module))
		read_table(module);
	return &module->table;
}

const char *module_variable(struct module *module, const struct symtab_symbol *symbol)
{
	char *name = hash_get(&module->variables, symbol->address, 0);

	if (name)
		return name;
	name = demangle_variable(symbol->name);
	if (name && hash_put(&module->variables, symbol->address, 0, name)) {
		free(name);
		return NULL;
	}
	use_bytes(module, name ? strlen(name) + 1 : 0);
	return name;
}

struct place *module_place(struct module *module, uint64_t address)
{
	struct place *place = hash_get(&module->places, address, 0);

	if (place)
		return place;
	place = calloc(1, sizeof(*place));
	if (place && hash_put(&module->places, address, 0, place)) {
		free(place);
		return NULL;
	}
	use_bytes(module, sizeof(*place));
	return place;
}

void place_find_row(struct module *module, struct place *place, uint64_t address)
{
	if (place->has_row || !module_open(module))
		return;
	if (!module->has_frames) {
		module->has_frames = true;
		cfi_open_eh_frame(&module->frames[0], &module->elf);
		if (cfi_open_debug_frame(&module->frames[1], &module->elf)) {
			module_find_debug(module, -1);
			if (module->debug.machine != EM_NONE)
				cfi_open_debug_frame(&module->frames[1], &module->debug);
		}
		use_bytes(module, cfi_bytes(&module->frames[0]) + cfi_bytes(&module->frames[1]));
	}
	place->has_row = true;
	for (unsigned i = 0; i < 2 && !place->row.found; i++)
		if (module->frames[i].section.data)
			cfi_find(&module->frames[i], address, &place->row);
}

/* Takes over what DWARF tells, names made readable, and puts the symbol's name in the outermost place. */
static void take_calls(struct place *place, struct dwarf_place *told, char *function)
{
	if (!told->count)
		told->count = 1;
	for (unsigned i = 0; i < told->count; i++) {
		struct dwarf_call *call = &told->calls[i];
		char *mangled = call->function;

		if (i + 1 == told->count && function)
			call->function = function;
		else
			call->function = mangled ? demangle_function(mangled) : NULL;
		free(mangled);
	}
	memcpy(place->calls, told->calls, told->count * sizeof(*place->calls));
	place->call_count = told->count;
}

void place_find_name(struct module *module, struct place *place, uint64_t address)
{
	struct dwarf_place told = {.count = 0};
	const struct symtab_symbol *symbol;
	struct dwarf *dwarf;
	size_t before;

	if (place->has_name || !module_open(module))
		return;
	place->has_name = true;
	symbol = symtab_at(&module_table(module)->code, address);
	dwarf = module_dwarf(module);
	if (dwarf) {
		before = dwarf_bytes(dwarf);
		dwarf_find(dwarf, address, &told);
		use_bytes(module, dwarf_bytes(dwarf) - before);
	}
	if (!symbol && !told.count)
		return;
	place->calls = calloc(told.count ? told.count : 1, sizeof(*place->calls));
	if (!place->calls) {
		dwarf_place_free(&told);
		return;
	}
	place->function_begin = symbol ? symbol->address : 0;
	take_calls(place, &told, symbol ? demangle_function(symbol->name) : NULL);
	use_bytes(module, place->call_count * (sizeof(*place->calls) + DEMANGLE_MAX / 4));
}
