/* SPDX-License-Identifier: BSD-2-Clause
 * Finds debugging information beside a program; see debugfile.h. */
#include "symbol/debugfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "symbol/file.h"

#define DEBUG_DIRECTORY "/usr/lib/debug"
#define CHECKED_MAX ((uint64_t)1 << 30)
#define UNPACKED_MAX ((size_t)64 << 20)
#define LZMA_MEMORY_MAX ((uint64_t)64 << 20)

/* ---- which file -------------------------------------------------------------------------------------------- */

struct link {
	char name[NAME_MAX + 1];
	uint32_t checksum;
};

/* .gnu_debuglink: a name, filled up with zero bytes to four, and a checksum. */
static bool read_link(const struct elf *elf, struct link *link)
{
	const struct elf_section *section = elf_find_section(elf, ".gnu_debuglink");
	struct elf_part part;
	size_t length, at;
	bool ok;

	if (!section || section->size > sizeof(link->name) + 8 || elf_load_section(elf, section, &part))
		return false;
	length = strlen((char *)part.data); /* a zero byte stands behind every part */
	at = (length + 4) & ~(size_t)3;
	ok = length > 0 && length < sizeof(link->name) && !memchr(part.data, '/', length) &&
	     at + sizeof(link->checksum) <= part.size;
	if (ok) {
		memcpy(link->name, part.data, length + 1);
		memcpy(&link->checksum, part.data + at, sizeof(link->checksum));
	}
	elf_part_free(&part);
	return ok;
}

static bool checksum_is(const struct elf_bytes *bytes, uint32_t wanted)
{
	uint8_t piece[16384];
	uLong sum = crc32(0, NULL, 0);

	if (bytes->size > CHECKED_MAX)
		return false;
	for (uint64_t at = 0; at < bytes->size;) {
		const size_t size = bytes->size - at < sizeof(piece) ? (size_t)(bytes->size - at) : sizeof(piece);

		if (elf_read(bytes, at, piece, size))
			return false;
		sum = crc32(sum, piece, (uInt)size);
		at += size;
	}
	return sum == wanted;
}

static bool belongs(int descriptor, const struct elf *elf, const struct link *link)
{
	struct file_identity identity;
	struct elf_bytes bytes = {.descriptor = descriptor};
	struct elf other;
	bool same;

	if (!file_identify(descriptor, &identity))
		return false;
	bytes.size = identity.size;
	if (elf_open(&other, &bytes))
		return false;
	same = other.machine == elf->machine && other.wide == elf->wide;
	if (same && elf->build_id[0])
		same = strcmp(other.build_id, elf->build_id) == 0;
	else if (same)
		same = link && checksum_is(&bytes, link->checksum);
	elf_close(&other);
	return same;
}

static int try_path(int root, const char *path, const struct elf *elf, const struct link *link)
{
	const int descriptor = root < 0 ? file_open(AT_FDCWD, path) : file_open_in_root(root, path);

	if (descriptor < 0)
		return -1;
	if (belongs(descriptor, elf, link))
		return descriptor;
	close(descriptor);
	return -1;
}

static int try_link(int root, const struct elf *elf, const char *path)
{
	static const char *const forms[] = {"%.*s/%s", "%.*s/.debug/%s", DEBUG_DIRECTORY "%.*s/%s"};
	const char *slash = strrchr(path, '/');
	char candidate[PATH_MAX];
	struct link link;
	int descriptor = -1;

	if (path[0] != '/' || !read_link(elf, &link))
		return -1;
	for (unsigned i = 0; descriptor < 0 && i < sizeof(forms) / sizeof(*forms); i++) {
		const int length =
		    snprintf(candidate, sizeof(candidate), forms[i], (int)(slash - path), path, link.name);

		if (length > 0 && (size_t)length < sizeof(candidate) && strcmp(candidate, path) != 0)
			descriptor = try_path(root, candidate, elf, &link);
	}
	return descriptor;
}

int debugfile_open(int root, const struct elf *elf, const char *path)
{
	char candidate[2 * ELF_BUILD_ID_MAX + 64];
	int descriptor = -1;

	if (strlen(elf->build_id) > 2) {
		snprintf(candidate, sizeof(candidate), DEBUG_DIRECTORY "/.build-id/%.2s/%s.debug", elf->build_id,
			 elf->build_id + 2);
		descriptor = try_path(root, candidate, elf, NULL);
	}
	return descriptor >= 0 ? descriptor : try_link(root, elf, path);
}

/* ---- packed symbols ------------------------------------------------------------------------------------------- */

static bool grow(struct elf_part *part, size_t *capacity)
{
	const size_t larger = *capacity ? *capacity * 2 : 64u << 10;
	uint8_t *data = larger <= UNPACKED_MAX ? realloc(part->data, larger + 1) : NULL;

	if (!data)
		return false;
	part->data = data;
	*capacity = larger;
	return true;
}

static int unpack(const struct elf_part *packed, struct elf_part *part)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret result = lzma_stream_decoder(&stream, LZMA_MEMORY_MAX, 0);
	size_t capacity = 0;

	stream.next_in = packed->data;
	stream.avail_in = packed->size;
	while (result == LZMA_OK) {
		if (part->size == capacity && !grow(part, &capacity))
			break;
		stream.next_out = part->data + part->size;
		stream.avail_out = capacity - part->size;
		result = lzma_code(&stream, LZMA_FINISH);
		part->size = capacity - stream.avail_out;
	}
	lzma_end(&stream);
	if (result != LZMA_STREAM_END) {
		elf_part_free(part);
		return -EIO;
	}
	part->data[part->size] = 0;
	return 0;
}

int debugfile_unpack(const struct elf *elf, struct elf_part *part)
{
	struct elf_part packed;
	int err;

	*part = (struct elf_part){NULL, 0};
	err = elf_load_section(elf, elf_find_section(elf, ".gnu_debugdata"), &packed);
	if (err)
		return err;
	err = unpack(&packed, part);
	elf_part_free(&packed);
	return err;
}
