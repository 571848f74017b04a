/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading ELF files that nobody vouches for. Both classes, in this machine's byte order. Nothing is mapped: what is
 * needed is read into memory, never more than the file holds (or, compressed, than its bytes can unfold to), and never
 * more than ELF_LOAD_MAX at a time.
 */
#ifndef LIFELINE_SYMBOL_ELF_H
#define LIFELINE_SYMBOL_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_LOAD_MAX (256u << 20)
#define ELF_BUILD_ID_MAX 64 /* bytes; 20 are usual */

/* Where an ELF file's bytes come from: a descriptor, or memory (the vdso). */
struct elf_bytes {
	int descriptor; /* -1: memory */
	const uint8_t *memory;
	uint64_t size;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, address, file_size, memory_size;
};

struct elf_section {
	const char *name; /* "" if it has none */
	uint32_t type, link;
	uint64_t flags, address, offset, size, entry_size;
};

struct elf {
	struct elf_bytes bytes;
	bool wide; /* 64-bit */
	uint16_t type, machine;
	struct elf_segment *segments;
	unsigned segment_count;
	struct elf_section *sections;
	unsigned section_count; /* 0 also if the table is broken or stripped: segments may do */
	char *names;
	char build_id[2 * ELF_BUILD_ID_MAX + 1]; /* hex, or empty */
};

/* Part of a file in memory, owned; data has one zero byte behind its end. */
struct elf_part {
	uint8_t *data;
	size_t size;
};

/* 0; -ENOEXEC if it is no ELF file of this byte order; -ENOMEM; or what reading gave. On failure *elf holds nothing.
 * The descriptor stays the caller's and must outlive *elf. */
int elf_open(struct elf *elf, const struct elf_bytes *bytes);
void elf_close(struct elf *elf);

/* Exactly `size` bytes at `offset`; -EIO if the file does not hold them. */
int elf_read(const struct elf_bytes *bytes, uint64_t offset, void *to, size_t size);
/* Part of the file; 0, -EIO, -EFBIG, -ENOMEM. */
int elf_load(const struct elf_bytes *bytes, uint64_t offset, uint64_t size, struct elf_part *part);
/* A section's contents, unpacked; also -ENOENT without such a section, or one that holds no bytes here. */
int elf_load_section(const struct elf *elf, const struct elf_section *section, struct elf_part *part);
void elf_part_free(struct elf_part *part);

const struct elf_section *elf_find_section(const struct elf *elf, const char *name);
/* The segment (PT_LOAD) that holds an address; NULL if none does. */
const struct elf_segment *elf_segment_at(const struct elf *elf, uint64_t address);
/* Where the byte of an address is in the file, and how many follow it in its segment; false if the file has none. */
bool elf_offset_of(const struct elf *elf, uint64_t address, uint64_t *offset, uint64_t *available);

#endif
