/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process' map of memory, as /proc/PID/maps tells it. Shared by the processes that fork made of one.
 */
#ifndef LIFELINE_SYMBOL_MAPS_H
#define LIFELINE_SYMBOL_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module;

#define MAP_NO_OBJECT UINT32_MAX

enum map_kind { MAP_FILE, MAP_ANONYMOUS, MAP_HEAP, MAP_STACK, MAP_VDSO };

struct map {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	uint64_t bias;   /* what is added to a symbol's address to get the process'; see has_bias */
	uint32_t object; /* index, or MAP_NO_OBJECT */
	uint8_t kind;
	bool executable, writable;
	bool has_bias, bias_tried;
};

/* A file that is mapped, once or in several parts. */
struct object {
	uint64_t device, inode; /* as the map tells them: not always what stat says (overlayfs, btrfs) */
	char *path;             /* owned; as the process sees it */
	struct module *module;  /* NULL: no code of it is mapped, or the file could not be had */
	uint32_t first;         /* map that it was first seen in */
	bool executable;
};

struct image {
	struct image *next_retired;
	unsigned references;
	struct map *maps; /* by address */
	size_t count, capacity;
	struct object *objects;
	uint32_t object_count, object_capacity;
};

/* Reads the open maps file to its end. NULL with errno set if it cannot be read or there is no memory. Lines that are
 * not understood are left out. */
struct image *image_read(int descriptor);
/* Frees what belongs to it; modules are let go by whoever set them, before. */
void image_free(struct image *image);
/* The map that holds an address; NULL if none does. */
struct map *image_at(const struct image *image, uint64_t address);

#endif
