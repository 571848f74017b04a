/* SPDX-License-Identifier: BSD-2-Clause
 * Names of variables; see symbol.h. */
#include "symbol/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"

static enum symbol_place place_of(const struct map *map)
{
	switch (map->kind) {
	case MAP_FILE:
		return SYMBOL_PLACE_FILE;
	case MAP_HEAP:
		return SYMBOL_PLACE_HEAP;
	case MAP_STACK:
		return SYMBOL_PLACE_STACK;
	default:
		return SYMBOL_PLACE_ANONYMOUS;
	}
}

static void describe_variable(struct symbols *symbols, const struct location *location, struct symbol_data *data)
{
	struct module *module = location->module;
	const struct symtab_symbol *symbol;

	registry_touch(symbols, module);
	data->place = SYMBOL_PLACE_OBJECT;
	data->object = location->object->path;
	data->object_offset = location->address;
	data->build_id = module->elf.build_id[0] ? module->elf.build_id : NULL;
	symbol = symtab_at(&module_table(module)->data, location->address);
	if (!symbol)
		return;
	data->name = module_variable(module, symbol);
	data->offset = location->address - symbol->address;
	data->size = symbol->size;
}

static void describe(struct symbols *symbols, const struct image *image, const struct location *location,
		     uint64_t address, struct symbol_data *data)
{
	const struct map *map = location->map;

	if (location->module) {
		describe_variable(symbols, location, data);
		return;
	}
	data->place = place_of(map);
	if (data->place == SYMBOL_PLACE_FILE) {
		data->object = image->objects[map->object].path;
		data->object_offset = address - map->start + map->offset;
	}
}

bool symbols_data(struct symbols *symbols, pid_t pid, uint64_t start_ns, uint64_t address, struct symbol_data *data)
{
	struct process *process;
	struct location location;

	symbols_begin(symbols);
	*data = (struct symbol_data){.place = SYMBOL_PLACE_UNKNOWN};
	process = symbols_process(symbols, pid, start_ns);
	if (!process)
		return false;
	if (!image_locate_data(process->image, address, &location) &&
	    (!symbols_refresh(symbols, process) || !image_locate_data(process->image, address, &location)))
		return false;
	describe(symbols, process->image, &location, address, data);
	return true;
}

void symbol_data_format(const struct symbol_data *data, struct buffer *out)
{
	if (data->name) {
		buffer_text_append(out, data->name);
		if (data->offset)
			buffer_format(out, "+%" PRIu64, data->offset);
	} else if (data->object) {
		buffer_format(out, "0x%" PRIx64 " in %s", data->object_offset, data->object);
	}
}

/* ---- by name ------------------------------------------------------------------------------------------- */

static bool define(const struct image *image, uint32_t index, const struct map *map, const char *name,
		   struct symbol_definition *definition)
{
	const struct object *object = &image->objects[index];
	const struct symtab *table = module_table(object->module);
	const struct symtab_symbol *symbol = symtab_named(&table->data, name);
	uint64_t available;

	if (!symbol)
		symbol = symtab_named(&table->code, name);
	if (!symbol)
		return false;
	*definition = (struct symbol_definition){
	    .address = symbol->address + map->bias, .size = symbol->bounded ? 0 : symbol->size, .object = object->path};
	elf_offset_of(&object->module->elf, symbol->address, &definition->file_offset, &available);
	return true;
}

bool symbols_find(struct symbols *symbols, pid_t pid, uint64_t start_ns, const char *within, const char *name,
		  struct symbol_definition *definition)
{
	struct process *process;
	struct image *image;
	struct location location;

	symbols_begin(symbols);
	process = symbols_process(symbols, pid, start_ns);
	image = process ? process->image : NULL;
	for (size_t i = 0; image && i < image->count; i++) {
		const struct map *map = &image->maps[i];

		if (map->executable && image_locate_code(image, map->start, &location) && location.module &&
		    (!within || strstr(location.object->path, within)) &&
		    define(image, map->object, map, name, definition))
			return true;
	}
	return false;
}
