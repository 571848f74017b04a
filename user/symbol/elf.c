/* SPDX-License-Identifier: BSD-2-Clause
 * Headers of ELF files, and bytes of their sections; see elf.h. Numbers of headers are believed only as far as the
 * file's size reaches, so memory use is bounded by it. */
#include "symbol/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Deflate cannot make more of a byte than this; a section that claims more is broken. */
#define DEFLATE_MAX_RATIO 1032
/* Of a file's notes, no more are looked through than this: a table of a million notes is no program's. */
#define NOTES_MAX 32
#define NOTE_BYTES_MAX (64u << 10)

int elf_read(const struct elf_bytes *bytes, uint64_t offset, void *to, size_t size)
{
	uint8_t *next = to;

	if (offset > bytes->size || size > bytes->size - offset)
		return -EIO;
	if (bytes->descriptor < 0) {
		memcpy(to, bytes->memory + offset, size);
		return 0;
	}
	while (size) {
		ssize_t got = pread(bytes->descriptor, next, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EIO; /* cut short since its size was asked */
		next += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

int elf_load(const struct elf_bytes *bytes, uint64_t offset, uint64_t size, struct elf_part *part)
{
	int err;

	*part = (struct elf_part){NULL, 0};
	if (offset > bytes->size || size > bytes->size - offset)
		return -EIO;
	if (size > ELF_LOAD_MAX)
		return -EFBIG;
	part->data = malloc(size + 1);
	if (!part->data)
		return -ENOMEM;
	part->size = size;
	part->data[size] = 0;
	err = elf_read(bytes, offset, part->data, size);
	if (err)
		elf_part_free(part);
	return err;
}

void elf_part_free(struct elf_part *part)
{
	free(part->data);
	*part = (struct elf_part){NULL, 0};
}

/* ---- headers of both classes, as one ------------------------------------------------------------ */

struct header {
	uint64_t segments, sections;
	unsigned segment_count, section_count, segment_size, section_size, names;
};

static bool is_native(const unsigned char *ident)
{
	const unsigned char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

	return memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_DATA] == order &&
	       (ident[EI_CLASS] == ELFCLASS64 || ident[EI_CLASS] == ELFCLASS32);
}

#define TAKE_HEADER(from)                                                                                              \
	(struct header)                                                                                                \
	{                                                                                                              \
		.segments = (from).e_phoff, .sections = (from).e_shoff, .segment_count = (from).e_phnum,               \
		.section_count = (from).e_shnum, .segment_size = (from).e_phentsize,                                   \
		.section_size = (from).e_shentsize, .names = (from).e_shstrndx                                         \
	}

static int read_header(struct elf *elf, struct header *header)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} raw;
	int err = elf_read(&elf->bytes, 0, raw.ident, sizeof(raw.ident));

	if (err || !is_native(raw.ident))
		return err == -EIO || !err ? -ENOEXEC : err;
	elf->wide = raw.ident[EI_CLASS] == ELFCLASS64;
	err = elf_read(&elf->bytes, 0, &raw, elf->wide ? sizeof(raw.wide) : sizeof(raw.narrow));
	if (err)
		return -ENOEXEC;
	elf->type = elf->wide ? raw.wide.e_type : raw.narrow.e_type;
	elf->machine = elf->wide ? raw.wide.e_machine : raw.narrow.e_machine;
	if (elf->wide)
		*header = TAKE_HEADER(raw.wide);
	else
		*header = TAKE_HEADER(raw.narrow);
	return 0;
}

#define TAKE_SEGMENT(from)                                                                                             \
	(struct elf_segment)                                                                                           \
	{                                                                                                              \
		.type = (from).p_type, .flags = (from).p_flags, .offset = (from).p_offset, .address = (from).p_vaddr,  \
		.file_size = (from).p_filesz, .memory_size = (from).p_memsz                                            \
	}

static struct elf_segment take_segment(bool wide, const uint8_t *raw)
{
	Elf64_Phdr long_one;
	Elf32_Phdr short_one;

	if (wide) {
		memcpy(&long_one, raw, sizeof(long_one));
		return TAKE_SEGMENT(long_one);
	}
	memcpy(&short_one, raw, sizeof(short_one));
	return TAKE_SEGMENT(short_one);
}

#define TAKE_SECTION(from)                                                                                             \
	(struct elf_section)                                                                                           \
	{                                                                                                              \
		.name = NULL, .type = (from).sh_type, .link = (from).sh_link, .flags = (from).sh_flags,                \
		.address = (from).sh_addr, .offset = (from).sh_offset, .size = (from).sh_size,                         \
		.entry_size = (from).sh_entsize                                                                        \
	}

/* *name is the offset of its name. */
static struct elf_section take_section(bool wide, const uint8_t *raw, uint32_t *name, uint32_t *info)
{
	Elf64_Shdr long_one;
	Elf32_Shdr short_one;

	if (wide) {
		memcpy(&long_one, raw, sizeof(long_one));
		*name = long_one.sh_name, *info = long_one.sh_info;
		return TAKE_SECTION(long_one);
	}
	memcpy(&short_one, raw, sizeof(short_one));
	*name = short_one.sh_name, *info = short_one.sh_info;
	return TAKE_SECTION(short_one);
}

static int read_segments(struct elf *elf, const struct header *header)
{
	const unsigned each = elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	unsigned count = header->segment_count;
	struct elf_part raw;
	int err;

	/* PN_XNUM: more segments than 16 bits count. No program that runs has them. */
	if (!count || count == PN_XNUM || header->segment_size != each)
		return 0;
	err = elf_load(&elf->bytes, header->segments, (uint64_t)count * each, &raw);
	if (err)
		return err == -ENOMEM ? err : 0;
	elf->segments = calloc(count, sizeof(*elf->segments));
	if (elf->segments) {
		for (unsigned i = 0; i < count; i++)
			elf->segments[i] = take_segment(elf->wide, raw.data + (size_t)i * each);
		elf->segment_count = count;
	}
	elf_part_free(&raw);
	return elf->segments ? 0 : -ENOMEM;
}

/* Section 0 holds what does not fit into the header's 16 bits. */
static int count_sections(const struct elf *elf, const struct header *header, uint64_t *count, uint32_t *names)
{
	const unsigned each = elf->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	uint8_t raw[sizeof(Elf64_Shdr)];
	uint32_t name, info;
	struct elf_section first;
	int err;

	*count = header->section_count;
	*names = header->names;
	if (!header->sections || header->section_size != each)
		return -ENOENT;
	err = elf_read(&elf->bytes, header->sections, raw, each);
	if (err)
		return err;
	first = take_section(elf->wide, raw, &name, &info);
	if (*count == 0)
		*count = first.size;
	if (*names == SHN_XINDEX)
		*names = first.link;
	return *count && *count <= elf->bytes.size / each ? 0 : -ENOENT;
}

/* Names point into elf->names, whose last byte is zero. */
static void name_sections(struct elf *elf, const uint32_t *offsets, uint32_t index)
{
	struct elf_part part = {NULL, 0};

	if (index < elf->section_count && elf->sections[index].type == SHT_STRTAB)
		elf_load(&elf->bytes, elf->sections[index].offset, elf->sections[index].size, &part);
	elf->names = (char *)part.data;
	for (unsigned i = 0; i < elf->section_count; i++)
		elf->sections[i].name = offsets[i] < part.size ? elf->names + offsets[i] : "";
}

static int read_sections(struct elf *elf, const struct header *header)
{
	const unsigned each = elf->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	struct elf_part raw = {NULL, 0};
	uint32_t names, info, *offsets = NULL;
	uint64_t count;
	int err = count_sections(elf, header, &count, &names);

	if (err)
		return 0;
	err = elf_load(&elf->bytes, header->sections, count * each, &raw);
	if (err)
		return err == -ENOMEM ? err : 0;
	elf->sections = calloc(count, sizeof(*elf->sections));
	offsets = calloc(count, sizeof(*offsets));
	err = elf->sections && offsets ? 0 : -ENOMEM;
	if (!err) {
		elf->section_count = (unsigned)count;
		for (unsigned i = 0; i < count; i++)
			elf->sections[i] = take_section(elf->wide, raw.data + (size_t)i * each, &offsets[i], &info);
		name_sections(elf, offsets, names);
	}
	free(offsets);
	elf_part_free(&raw);
	return err;
}

/* ---- build-id -------------------------------------------------------------------------------------- */

static uint64_t aligned(uint64_t size)
{
	return (size + 3) & ~(uint64_t)3;
}

static bool take_build_id(struct elf *elf, const uint8_t *notes, size_t size)
{
	Elf64_Nhdr note; /* the same in both classes */

	for (size_t at = 0; size - at >= sizeof(note);) {
		const size_t body = at + sizeof(note);
		uint64_t end;

		memcpy(&note, notes + at, sizeof(note));
		end = body + aligned(note.n_namesz) + note.n_descsz;
		if (end > size)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + body, "GNU", 4) == 0 &&
		    note.n_descsz > 0 && note.n_descsz <= ELF_BUILD_ID_MAX) {
			for (unsigned i = 0; i < note.n_descsz; i++)
				snprintf(elf->build_id + 2 * i, 3, "%02x", notes[body + 4 + i]);
			return true;
		}
		at = aligned(end) > size ? size : aligned(end);
	}
	return false;
}

static bool read_build_id(struct elf *elf, uint64_t offset, uint64_t size)
{
	struct elf_part notes;
	bool found;

	if (elf_load(&elf->bytes, offset, size < NOTE_BYTES_MAX ? size : NOTE_BYTES_MAX, &notes))
		return false;
	found = take_build_id(elf, notes.data, notes.size);
	elf_part_free(&notes);
	return found;
}

/* In the segments, as they are what a process maps; in sections for a file of debugging information, whose segments
 * speak of bytes that it does not hold. */
static void find_build_id(struct elf *elf)
{
	unsigned left = NOTES_MAX;

	for (unsigned i = 0; i < elf->section_count && left; i++)
		if (elf->sections[i].type == SHT_NOTE && left-- &&
		    read_build_id(elf, elf->sections[i].offset, elf->sections[i].size))
			return;
	for (unsigned i = 0; i < elf->segment_count && left; i++)
		if (elf->segments[i].type == PT_NOTE && left-- &&
		    read_build_id(elf, elf->segments[i].offset, elf->segments[i].file_size))
			return;
}

int elf_open(struct elf *elf, const struct elf_bytes *bytes)
{
	struct header header;
	int err;

	*elf = (struct elf){.bytes = *bytes};
	err = read_header(elf, &header);
	if (!err)
		err = read_segments(elf, &header);
	if (!err)
		err = read_sections(elf, &header);
	if (!err)
		find_build_id(elf);
	else
		elf_close(elf);
	return err;
}

void elf_close(struct elf *elf)
{
	free(elf->segments);
	free(elf->sections);
	free(elf->names);
	*elf = (struct elf){.bytes = {.descriptor = -1}};
}

/* ---- sections and addresses --------------------------------------------------------------------------- */

const struct elf_section *elf_find_section(const struct elf *elf, const char *name)
{
	for (unsigned i = 0; i < elf->section_count; i++)
		if (strcmp(elf->sections[i].name, name) == 0)
			return &elf->sections[i];
	return NULL;
}

/* Both classes' header of a packed section, as one. */
static bool take_packed(const struct elf *elf, const uint8_t *data, size_t size, Elf64_Chdr *header, size_t *head)
{
	Elf32_Chdr narrow;

	*head = elf->wide ? sizeof(*header) : sizeof(narrow);
	if (size < *head)
		return false;
	if (elf->wide) {
		memcpy(header, data, *head);
		return true;
	}
	memcpy(&narrow, data, *head);
	*header = (Elf64_Chdr){.ch_type = narrow.ch_type, .ch_size = narrow.ch_size};
	return true;
}

static int unpack(const struct elf_part *packed, const Elf64_Chdr *header, size_t head, struct elf_part *part)
{
	uLongf size = header->ch_size;

	if (header->ch_type != ELFCOMPRESS_ZLIB || size > ELF_LOAD_MAX || size / DEFLATE_MAX_RATIO > packed->size)
		return -EIO;
	part->data = malloc(size + 1);
	if (!part->data)
		return -ENOMEM;
	if (uncompress(part->data, &size, packed->data + head, packed->size - head) != Z_OK ||
	    size != header->ch_size) {
		elf_part_free(part);
		return -EIO;
	}
	part->size = size;
	part->data[size] = 0;
	return 0;
}

static int load_packed(const struct elf *elf, const struct elf_section *section, struct elf_part *part)
{
	struct elf_part packed;
	Elf64_Chdr header;
	size_t head;
	int err = elf_load(&elf->bytes, section->offset, section->size, &packed);

	if (err)
		return err;
	err = -EIO;
	if (take_packed(elf, packed.data, packed.size, &header, &head))
		err = unpack(&packed, &header, head, part);
	elf_part_free(&packed);
	return err;
}

int elf_load_section(const struct elf *elf, const struct elf_section *section, struct elf_part *part)
{
	*part = (struct elf_part){NULL, 0};
	if (!section || section->type == SHT_NOBITS || section->type == SHT_NULL)
		return -ENOENT;
	if (section->flags & SHF_COMPRESSED)
		return load_packed(elf, section, part);
	return elf_load(&elf->bytes, section->offset, section->size, part);
}

const struct elf_segment *elf_segment_at(const struct elf *elf, uint64_t address)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == PT_LOAD && address >= segment->address &&
		    address - segment->address < segment->memory_size)
			return segment;
	}
	return NULL;
}

bool elf_offset_of(const struct elf *elf, uint64_t address, uint64_t *offset, uint64_t *available)
{
	const struct elf_segment *segment = elf_segment_at(elf, address);
	const uint64_t into = segment ? address - segment->address : 0;

	if (!segment || into >= segment->file_size || segment->offset > elf->bytes.size ||
	    into >= elf->bytes.size - segment->offset)
		return false;
	*offset = segment->offset + into;
	*available = segment->file_size - into;
	if (*available > elf->bytes.size - *offset)
		*available = elf->bytes.size - *offset;
	return true;
}
