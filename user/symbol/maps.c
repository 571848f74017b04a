/* SPDX-License-Identifier: BSD-2-Clause
 * Reads /proc/PID/maps; see maps.h. A line: "START-END rwxp OFFSET MAJOR:MINOR INODE   PATH", PATH to the end of the
 * line (the kernel writes a newline in it as \012). */
#include "symbol/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hash.h"

#define PIECE (64u << 10)
/* vm.max_map_count is 65530 unless raised; what comes beyond this many bytes is not known. */
#define MAPS_BYTES_MAX (32u << 20)

struct line {
	uint64_t start, end, offset, device, inode;
	char permissions[4];
	const char *path; /* not terminated */
	size_t path_length;
};

static int read_all(int descriptor, struct buffer *text)
{
	char *piece = malloc(PIECE);
	ssize_t got = -1;

	while (piece && text->length < MAPS_BYTES_MAX && !text->failed) {
		got = read(descriptor, piece, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		buffer_append(text, piece, (size_t)got);
	}
	if (!piece || text->failed)
		errno = ENOMEM;
	free(piece);
	return piece && got >= 0 && !text->failed ? 0 : -errno;
}

static bool take_number(const char **at, const char *end, unsigned base, char behind, uint64_t *value)
{
	const char *begin = *at;

	*value = 0;
	for (; *at < end; (*at)++) {
		const char c = **at;
		const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							      : base;
		if (digit >= base)
			break;
		*value = *value * base + digit;
	}
	if (*at == begin || (behind && (*at == end || *(*at)++ != behind)))
		return false;
	return true;
}

static bool take_line(const char *at, const char *end, struct line *line)
{
	uint64_t major, minor;

	if (!take_number(&at, end, 16, '-', &line->start) || !take_number(&at, end, 16, ' ', &line->end) ||
	    end - at < 5)
		return false;
	memcpy(line->permissions, at, sizeof(line->permissions));
	at += 5;
	if (!take_number(&at, end, 16, ' ', &line->offset) || !take_number(&at, end, 16, ':', &major) ||
	    !take_number(&at, end, 16, ' ', &minor) || !take_number(&at, end, 10, '\0', &line->inode))
		return false;
	while (at < end && *at == ' ')
		at++;
	line->device = makedev(major, minor);
	line->path = at;
	line->path_length = (size_t)(end - at);
	return line->start < line->end;
}

static bool path_is(const struct line *line, const char *text)
{
	return line->path_length == strlen(text) && memcmp(line->path, text, line->path_length) == 0;
}

static enum map_kind kind_of(const struct line *line)
{
	if (line->inode)
		return MAP_FILE;
	if (path_is(line, "[heap]"))
		return MAP_HEAP;
	if (path_is(line, "[stack]"))
		return MAP_STACK;
	return path_is(line, "[vdso]") ? MAP_VDSO : MAP_ANONYMOUS;
}

static int add_object(struct image *image, struct hash *known, const struct line *line, uint32_t *index)
{
	struct object *object;

	if (image->object_count == image->object_capacity) {
		const uint32_t capacity = image->object_capacity ? image->object_capacity * 2 : 16;
		struct object *larger = reallocarray(image->objects, capacity, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		image->objects = larger;
		image->object_capacity = capacity;
	}
	*index = image->object_count;
	object = &image->objects[*index];
	*object = (struct object){.device = line->device,
				  .inode = line->inode,
				  .path = strndup(line->path, line->path_length),
				  .first = (uint32_t)image->count};
	if (!object->path)
		return -ENOMEM;
	image->object_count++;
	return hash_put(known, line->device, line->inode, (void *)(uintptr_t)(*index + 1));
}

static int find_object(struct image *image, struct hash *known, const struct line *line, uint32_t *index)
{
	const uintptr_t found = (uintptr_t)hash_get(known, line->device, line->inode);

	*index = (uint32_t)found - 1;
	return found ? 0 : add_object(image, known, line, index);
}

static int add_map(struct image *image, struct hash *known, const struct line *line)
{
	struct map map = {.start = line->start,
			  .end = line->end,
			  .offset = line->offset,
			  .object = MAP_NO_OBJECT,
			  .kind = (uint8_t)kind_of(line),
			  .executable = line->permissions[2] == 'x',
			  .writable = line->permissions[1] == 'w'};

	if (map.kind == MAP_FILE || map.kind == MAP_VDSO) {
		if (find_object(image, known, line, &map.object))
			return -ENOMEM;
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): find_object gave the number of one */
		image->objects[map.object].executable |= map.executable;
	}
	if (image->count == image->capacity) {
		const size_t capacity = image->capacity ? image->capacity * 2 : 64;
		struct map *larger = reallocarray(image->maps, capacity, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		image->maps = larger;
		image->capacity = capacity;
	}
	image->maps[image->count++] = map;
	return 0;
}

static int take_lines(struct image *image, const struct buffer *text)
{
	const char *end = text->data + text->length;
	struct hash known = {.count = 0};
	struct line line;
	int err = 0;

	for (const char *at = text->data, *next; at < end && !err; at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		if (!next)
			break;
		/* In order of address, as searching wants it. */
		if (take_line(at, next, &line) && (!image->count || line.start >= image->maps[image->count - 1].end))
			err = add_map(image, &known, &line);
	}
	hash_free(&known);
	return err;
}

struct image *image_read(int descriptor)
{
	struct image *image = calloc(1, sizeof(*image));
	struct buffer text = {.data = NULL};
	int err = image ? read_all(descriptor, &text) : -ENOMEM;

	if (!err && text.length)
		err = take_lines(image, &text);
	buffer_free(&text);
	if (err) {
		image_free(image);
		errno = -err;
		return NULL;
	}
	image->references = 1;
	return image;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	for (uint32_t i = 0; i < image->object_count; i++)
		free(image->objects[i].path);
	free(image->objects);
	free(image->maps);
	free(image);
}

struct map *image_at(const struct image *image, uint64_t address)
{
	size_t low = 0, high = image->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (image->maps[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < image->count && image->maps[low].start <= address ? &image->maps[low] : NULL;
}
