/* SPDX-License-Identifier: BSD-2-Clause
 * From an address in a process to one as an ELF file counts; see internal.h. The distance between the two (bias)
 * follows from which part of the file is mapped where. */
#include "symbol/internal.h"

#include <elf.h>
#include <unistd.h>

/* How many mappings on either side are looked at for the code that belongs to some data: a library's parts lie
 * together. */
#define NEIGHBOURS_MAX 16

static uint64_t page_of(uint64_t address)
{
	return address & ~((uint64_t)sysconf(_SC_PAGESIZE) - 1);
}

/* From the segment of code that the mapping shows. */
static bool find_bias(const struct elf *elf, const struct map *map, uint64_t *bias)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		const uint64_t begin = page_of(segment->offset);

		if (segment->type == PT_LOAD && segment->flags & PF_X && map->offset >= begin &&
		    map->offset - begin < segment->offset - begin + segment->file_size) {
			*bias = map->start - map->offset - (segment->address - segment->offset);
			return true;
		}
	}
	return false;
}

static struct module *module_of(const struct image *image, const struct map *map)
{
	return map->object == MAP_NO_OBJECT ? NULL : image->objects[map->object].module;
}

/* Of executable mappings only: the same page of a file may be mapped as code here and as data there. */
static bool code_bias(const struct image *image, struct map *map)
{
	struct module *module = module_of(image, map);

	if (!map->bias_tried && module && map->executable && module_open(module)) {
		map->bias_tried = true;
		map->has_bias = find_bias(&module->elf, map, &map->bias);
	}
	return map->has_bias;
}

/* The bias of the nearest code of the same file, if it makes of the address one that the file has. */
static bool data_bias(const struct image *image, size_t at, uint32_t object, uint64_t address, uint64_t *bias)
{
	for (size_t distance = 1; distance <= NEIGHBOURS_MAX; distance++) {
		for (unsigned side = 0; side < 2; side++) {
			const size_t other = side ? at + distance : at - distance;
			struct map *map = other < image->count ? &image->maps[other] : NULL;

			if (!map || map->object != object || !code_bias(image, map))
				continue;
			*bias = map->bias;
			if (elf_segment_at(&image->objects[object].module->elf, address - *bias))
				return true;
		}
	}
	return false;
}

/* Variables without initial value (bss) lie behind a file's last mapping in anonymous memory, which is called the heap
 * where that follows at once. */
static uint32_t object_before(const struct image *image, size_t at)
{
	for (unsigned passed = 0; passed < NEIGHBOURS_MAX; passed++, at--) {
		const struct map *map = &image->maps[at];

		if (map->kind == MAP_FILE)
			return map->object;
		if ((map->kind != MAP_ANONYMOUS && map->kind != MAP_HEAP) || !at ||
		    image->maps[at - 1].end != map->start)
			break;
	}
	return MAP_NO_OBJECT;
}

bool image_locate_code(struct image *image, uint64_t address, struct location *location)
{
	struct map *map = image_at(image, address);

	*location = (struct location){.map = map};
	if (!map || !map->executable)
		return false;
	if (map->object != MAP_NO_OBJECT)
		location->object = &image->objects[map->object];
	if (code_bias(image, map)) {
		location->module = location->object->module;
		location->address = address - map->bias;
	}
	return true;
}

bool image_locate_data(struct image *image, uint64_t address, struct location *location)
{
	struct map *map = image_at(image, address);
	size_t at = map ? (size_t)(map - image->maps) : 0;
	uint32_t object;
	uint64_t bias = 0;

	*location = (struct location){.map = map};
	if (!map)
		return false;
	object = object_before(image, at);
	if (object == MAP_NO_OBJECT || !image->objects[object].module)
		return true;
	if (map->executable ? code_bias(image, map) : data_bias(image, at, object, address, &bias)) {
		location->object = &image->objects[object];
		location->module = location->object->module;
		location->address = address - (map->executable ? map->bias : bias);
	}
	return true;
}
