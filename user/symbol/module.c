/* SPDX-License-Identifier: BSD-2-Clause
 * One file of code; see module.h. */
#include "symbol/module.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

void module_close(struct module *module)
{
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
		free(place->function);
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

const struct symtab *module_table(struct module *module)
{
	if (!module->has_table && module_open(module)) {
		module->has_table = true;
		if (symtab_add(&module->table, &module->elf, &module->elf, SHT_SYMTAB))
			symtab_add(&module->table, &module->elf, &module->elf, SHT_DYNSYM);
		symtab_sort(&module->table);
		use_bytes(module, symtab_bytes(&module->table));
	}
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
		cfi_open_debug_frame(&module->frames[1], &module->elf);
		use_bytes(module, cfi_bytes(&module->frames[0]) + cfi_bytes(&module->frames[1]));
	}
	place->has_row = true;
	for (unsigned i = 0; i < 2 && !place->row.found; i++)
		if (module->frames[i].section.data)
			cfi_find(&module->frames[i], address, &place->row);
}

void place_find_name(struct module *module, struct place *place, uint64_t address)
{
	const struct symtab_symbol *symbol;

	if (place->has_name || !module_open(module))
		return;
	place->has_name = true;
	symbol = symtab_at(&module_table(module)->code, address);
	if (symbol) {
		place->function = demangle_function(symbol->name);
		place->function_begin = symbol->address;
	}
}
