/* SPDX-License-Identifier: BSD-2-Clause
 * Modules: which file is behind a mapping, and how many are kept. A file is only used if it is the one that is mapped:
 * the kernel says so itself (/proc/PID/map_files, which wants CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE), or device and
 * inode of what lies at the path are those of the map, or the build-id in the process' memory is the file's. */
#include "symbol/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULES_MAX 2048
#define DESCRIPTORS_MAX 1024
#define DESCRIPTORS_MIN 16
#define BYTES_MAX ((size_t)192 << 20)
#define VDSO_BYTES_MAX ((size_t)256 << 10)
/* Build-id notes lie in the first pages of a program. */
#define HEAD_BYTES_MAX ((size_t)64 << 10)

static const char deleted[] = " (deleted)";

/* ---- keeping bounds ----------------------------------------------------------------------------------- */

void registry_touch(struct symbols *symbols, struct module *module)
{
	module->used = ++symbols->stamp;
}

static bool has_descriptor(const struct module *module)
{
	return module->descriptor >= 0;
}

static bool has_content(const struct module *module)
{
	return module->bytes > 0;
}

static bool is_unreferenced(const struct module *module)
{
	return !module->references;
}

static struct module *least_used(const struct symbols *symbols, bool (*eligible)(const struct module *module))
{
	struct module *found = NULL;
	size_t cursor = 0;

	for (struct module *chain; (chain = hash_next(&symbols->modules, &cursor));)
		for (struct module *module = chain; module; module = module->next)
			if (eligible(module) && (!found || module->used < found->used))
				found = module;
	return found;
}

static unsigned descriptors_allowed(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / 4 > DESCRIPTORS_MAX)
		return DESCRIPTORS_MAX;
	return limit.rlim_cur / 4 < DESCRIPTORS_MIN ? DESCRIPTORS_MIN : (unsigned)(limit.rlim_cur / 4);
}

static void unlink_module(struct symbols *symbols, struct module *module)
{
	const uint64_t device = module->identity.device, inode = module->identity.inode;
	struct module *chain = hash_remove(&symbols->modules, device, inode), **link = &chain;

	while (*link != module)
		link = &(*link)->next;
	*link = module->next;
	if (chain)
		hash_put(&symbols->modules, device, inode, chain); /* in the place that became free: needs no memory */
	symbols->module_count--;
}

static int link_module(struct symbols *symbols, struct module *module)
{
	const uint64_t device = module->identity.device, inode = module->identity.inode;
	int err;

	module->next = hash_get(&symbols->modules, device, inode);
	err = hash_put(&symbols->modules, device, inode, module);
	symbols->module_count += !err;
	return err;
}

void registry_trim(struct symbols *symbols)
{
	struct module *module;

	if (symbols->totals.bytes > BYTES_MAX)
		while (symbols->totals.bytes > BYTES_MAX / 4 * 3 && (module = least_used(symbols, has_content)))
			module_drop(module);
	while (symbols->totals.descriptors > symbols->descriptors_max && (module = least_used(symbols, has_descriptor)))
		module_close(module);
	while (symbols->module_count > MODULES_MAX && (module = least_used(symbols, is_unreferenced))) {
		unlink_module(symbols, module);
		module_free(module);
	}
}

void registry_begin(struct symbols *symbols)
{
	symbols->descriptors_max = descriptors_allowed();
}

void registry_free(struct symbols *symbols)
{
	size_t cursor = 0;

	for (struct module *chain; (chain = hash_next(&symbols->modules, &cursor));)
		for (struct module *next; chain; chain = next) {
			next = chain->next;
			module_free(chain);
		}
	hash_free(&symbols->modules);
}

void registry_release(struct image *image)
{
	for (uint32_t i = 0; i < image->object_count; i++)
		if (image->objects[i].module)
			image->objects[i].module->references--;
}

/* ---- memory of the process ----------------------------------------------------------------------------- */

/* Of a mapping, from its start, at most `limit` bytes; NULL if it cannot be read. */
static uint8_t *read_memory(int directory, const struct map *map, size_t limit, size_t *size)
{
	const int descriptor = openat(directory, "mem", O_RDONLY | O_CLOEXEC);
	const uint64_t length = map->end - map->start;
	uint8_t *memory = NULL;
	ssize_t got = -1;

	*size = length < limit ? (size_t)length : limit;
	if (descriptor >= 0) {
		memory = malloc(*size);
		if (memory)
			got = pread(descriptor, memory, *size, (off_t)map->start);
		close(descriptor);
	}
	if (got == (ssize_t)*size)
		return memory;
	free(memory);
	return NULL;
}

static bool build_id_of(const struct elf_bytes *bytes, char *build_id)
{
	struct elf elf;

	build_id[0] = '\0';
	if (elf_open(&elf, bytes) == 0) {
		strcpy(build_id, elf.build_id);
		elf_close(&elf);
	}
	return build_id[0];
}

/* True if the file's build-id stands in the process' memory where the object begins. */
static bool same_build_id(int directory, const struct image *image, const struct object *object, int descriptor,
			  uint64_t file_size)
{
	const struct map *map = &image->maps[object->first];
	struct elf_bytes file = {.descriptor = descriptor, .size = file_size}, memory = {.descriptor = -1};
	char of_file[2 * ELF_BUILD_ID_MAX + 1], of_memory[2 * ELF_BUILD_ID_MAX + 1];
	size_t size;
	uint8_t *head = map->offset == 0 ? read_memory(directory, map, HEAD_BYTES_MAX, &size) : NULL;
	bool same;

	if (!head)
		return false;
	memory.memory = head;
	memory.size = size;
	same = build_id_of(&file, of_file) && build_id_of(&memory, of_memory) && strcmp(of_file, of_memory) == 0;
	free(head);
	return same;
}

/* ---- which file ------------------------------------------------------------------------------------------ */

/* Takes over the descriptor; -1 if it is not the mapped file's. */
static int checked(int descriptor, int directory, const struct image *image, const struct object *object)
{
	struct file_identity identity;

	if (descriptor < 0)
		return -1;
	if (file_identify(descriptor, &identity) &&
	    ((identity.device == object->device && identity.inode == object->inode) ||
	     same_build_id(directory, image, object, descriptor, identity.size)))
		return descriptor;
	close(descriptor);
	return -1;
}

static int open_by_path(int directory, const char *path)
{
	const int root = openat(directory, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int descriptor;

	if (root < 0)
		return -1;
	descriptor = file_open_in_root(root, path);
	close(root);
	return descriptor;
}

/* Where the kernel's mark begins that a path has no name any more, 0 without one. A name can also end that way. */
static size_t mark_at(const char *path)
{
	const size_t length = strlen(path), mark = sizeof(deleted) - 1;

	return length > mark && strcmp(path + length - mark, deleted) == 0 ? length - mark : 0;
}

/* Where a file was that has been replaced there may be the same again: packages get installed anew. */
static int open_replaced(int directory, const struct image *image, struct object *object)
{
	const size_t mark = mark_at(object->path);
	int descriptor;

	if (!mark)
		return -1;
	object->path[mark] = '\0';
	descriptor = checked(open_by_path(directory, object->path), directory, image, object);
	if (descriptor < 0)
		object->path[mark] = deleted[0];
	return descriptor;
}

static int open_mapped(int directory, const struct image *image, struct object *object)
{
	const struct map *map = &image->maps[object->first];
	char name[64];
	int descriptor;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
	descriptor = file_open(directory, name);
	if (descriptor >= 0)
		return descriptor;
	descriptor = checked(file_open(directory, "exe"), directory, image, object);
	if (descriptor < 0)
		descriptor = checked(open_by_path(directory, object->path), directory, image, object);
	return descriptor < 0 ? open_replaced(directory, image, object) : descriptor;
}

/* A module whose file is held open is known to be the mapped one by device and inode alone: as long as it is open
 * nobody else gets that inode. (btrfs shows in maps a device that its subvolumes share; there stat's never equals it.)
 */
static struct module *held(const struct symbols *symbols, const struct object *object)
{
	struct module *module = hash_get(&symbols->modules, object->device, object->inode);
	struct file_identity now;

	for (; module; module = module->next)
		if (module->descriptor >= 0 && file_identify(module->descriptor, &now) &&
		    file_identity_equal(&now, &module->identity))
			return module;
	return NULL;
}

static struct module *identified(const struct symbols *symbols, const struct file_identity *identity)
{
	struct module *module = hash_get(&symbols->modules, identity->device, identity->inode);

	while (module && !file_identity_equal(&module->identity, identity))
		module = module->next;
	return module;
}

/* For a process that has another root directory than ours its debugging files are there, and only as long as it is. */
static void find_foreign_debug(int directory, struct module *module)
{
	const int root = openat(directory, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat its, ours;

	if (root < 0)
		return;
	if (fstat(root, &its) == 0 && stat("/", &ours) == 0 && (its.st_dev != ours.st_dev || its.st_ino != ours.st_ino))
		module_find_debug(module, root);
	close(root);
}

/* Takes over the descriptor. */
static struct module *module_of_file(struct symbols *symbols, int directory, int descriptor, const char *path)
{
	struct file_identity identity;
	struct module *module;

	if (!file_identify(descriptor, &identity)) {
		close(descriptor);
		return NULL;
	}
	module = identified(symbols, &identity);
	if (module) {
		module_give(module, descriptor);
		return module;
	}
	module = module_new(&symbols->totals, &identity, path, descriptor);
	if (module && link_module(symbols, module)) {
		module_free(module);
		return NULL;
	}
	if (module)
		find_foreign_debug(directory, module);
	return module;
}

/* The kernel's own code in each process. All of a machine's 64-bit programs have the same bytes, 32-bit ones others. */
static struct module *module_of_vdso(struct symbols *symbols, int directory, const struct map *map)
{
	size_t size;
	uint8_t *memory = read_memory(directory, map, VDSO_BYTES_MAX, &size);
	struct module *module = memory ? hash_get(&symbols->modules, 0, 0) : NULL;

	while (module && (module->identity.size != size || memcmp(module->memory, memory, size) != 0))
		module = module->next;
	if (module || !memory) {
		free(memory);
		return module;
	}
	module = module_new_memory(&symbols->totals, memory, size, "[vdso]");
	if (!module) {
		free(memory);
		return NULL;
	}
	if (link_module(symbols, module)) {
		module_free(module);
		return NULL;
	}
	return module;
}

static void strip_deleted(struct object *object)
{
	const size_t mark = mark_at(object->path);

	if (mark && object->module->descriptor >= 0 && file_is_unlinked(object->module->descriptor))
		object->path[mark] = '\0';
}

static void open_object(struct symbols *symbols, int directory, const struct image *image, struct object *object)
{
	const struct map *map = &image->maps[object->first];
	int descriptor;

	if (map->kind == MAP_VDSO) {
		object->module = module_of_vdso(symbols, directory, map);
	} else {
		object->module = held(symbols, object);
		descriptor = object->module ? -1 : open_mapped(directory, image, object);
		if (descriptor >= 0)
			object->module = module_of_file(symbols, directory, descriptor, object->path);
	}
	if (!object->module)
		return;
	object->module->references++;
	registry_touch(symbols, object->module);
	strip_deleted(object);
}

void registry_open_modules(struct symbols *symbols, int directory, struct image *image)
{
	for (uint32_t i = 0; i < image->object_count; i++)
		if (image->objects[i].executable)
			open_object(symbols, directory, image, &image->objects[i]);
}
