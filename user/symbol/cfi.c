/* SPDX-License-Identifier: BSD-2-Clause
 * Finds the entry of .eh_frame or .debug_frame for an address; see cfi.h. The linker's sorted table serves if there is
 * one, else all records are gone through once. */
#include "symbol/cfi_internal.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#define APPLICATION(encoding) ((encoding)&0x70)
#define APPLICATION_RELATIVE 0x10
#define APPLICATION_DATA 0x30
#define ENCODING_INDIRECT 0x80

#define NO_RECORD UINT64_MAX
#define AUGMENTATION_MAX 16

uint64_t cfi_pointer(struct reader *reader, uint8_t encoding, uint8_t address_size, uint64_t section, uint64_t data)
{
	const uint64_t here = section + reader->at;
	uint64_t value;

	if (encoding == CFI_ENCODING_OMIT)
		return 0;
	switch (encoding & 0x0f) {
	case 0x00:
		value = reader_fixed(reader, address_size);
		break;
	case 0x01:
		value = reader_uleb(reader);
		break;
	case 0x02:
		value = reader_fixed(reader, 2);
		break;
	case 0x03:
		value = reader_fixed(reader, 4);
		break;
	case 0x04:
		value = reader_fixed(reader, 8);
		break;
	case 0x09:
		value = (uint64_t)reader_sleb(reader);
		break;
	case 0x0a:
		value = (uint64_t)reader_signed(reader, 2);
		break;
	case 0x0b:
		value = (uint64_t)reader_signed(reader, 4);
		break;
	case 0x0c:
		value = (uint64_t)reader_signed(reader, 8);
		break;
	default:
		reader->failed = true;
		return 0;
	}
	switch (APPLICATION(encoding)) {
	case 0:
		break;
	case APPLICATION_RELATIVE:
		value += here;
		break;
	case APPLICATION_DATA:
		value += data;
		break;
	default:
		reader->failed = true;
		return 0;
	}
	return address_size == 4 ? (uint32_t)value : value;
}

/* ---- records ---------------------------------------------------------------------------------------- */

struct record {
	struct reader body; /* behind the id; its end is the record's */
	uint64_t common;    /* where its CIE is; NO_RECORD if it is one itself */
	uint64_t next;
};

/* False at the end of the section, or if the record reaches beyond it. */
static bool read_record(const struct cfi *cfi, uint64_t at, struct record *record)
{
	struct reader reader = {.data = cfi->section.data, .end = cfi->section.size};
	unsigned id_size = 4;
	uint64_t length, id, id_at;

	if (at >= cfi->section.size)
		return false;
	reader.at = (size_t)at;
	length = reader_fixed(&reader, 4);
	if (length == UINT32_MAX) {
		length = reader_fixed(&reader, 8);
		id_size = cfi->debug_frame ? 8 : 4;
	}
	if (reader.failed || length < id_size || length > reader_left(&reader))
		return false;
	reader.end = reader.at + (size_t)length;
	id_at = reader.at;
	id = reader_fixed(&reader, id_size);
	*record = (struct record){.body = reader, .next = reader.end};
	if (cfi->debug_frame)
		record->common = id == (id_size == 8 ? UINT64_MAX : UINT32_MAX) ? NO_RECORD : id;
	else
		record->common = id == 0 ? NO_RECORD : id <= id_at ? id_at - id : cfi->section.size;
	return true;
}

/* The letters behind 'z', each with its datum. An unknown letter ends it: what follows is skipped by its length. */
static void read_augmentation(const struct cfi *cfi, struct cfi_common *common, const char *letters, struct reader data)
{
	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			common->address_encoding = (uint8_t)reader_fixed(&data, 1);
			break;
		case 'P': {
			const uint8_t encoding = (uint8_t)reader_fixed(&data, 1);

			cfi_pointer(&data, encoding & 0x0f, common->address_size, cfi->address, 0);
			break;
		}
		case 'L':
			reader_fixed(&data, 1);
			break;
		case 'S':
			common->signal = true;
			break;
		case 'B': /* arm64: return addresses are signed with key B */
			break;
		default:
			return;
		}
	}
}

/* Some few letters. Nothing is looked for far behind: each of millions of entries may point to the same long one. */
static const char *read_letters(struct reader *body)
{
	struct reader near = *body;
	const char *letters;

	if (reader_left(&near) > AUGMENTATION_MAX)
		near.end = near.at + AUGMENTATION_MAX;
	letters = reader_string(&near);
	body->at = near.at;
	return letters;
}

static bool read_common(const struct cfi *cfi, uint64_t at, struct cfi_common *common)
{
	struct record record;
	struct reader *body = &record.body;
	const char *letters;
	uint8_t version;

	if (!read_record(cfi, at, &record) || record.common != NO_RECORD)
		return false;
	version = (uint8_t)reader_fixed(body, 1);
	letters = read_letters(body);
	if (!letters || (version != 1 && version != 3 && version != 4))
		return false;
	*common = (struct cfi_common){.address_encoding = CFI_ENCODING_ABSOLUTE, .address_size = cfi->address_size};
	if (version == 4) {
		common->address_size = (uint8_t)reader_fixed(body, 1);
		if (reader_fixed(body, 1) || (common->address_size != 4 && common->address_size != 8))
			return false; /* segments: no machine of ours */
	}
	common->code_alignment = reader_uleb(body);
	common->data_alignment = reader_sleb(body);
	common->return_column = version == 1 ? reader_fixed(body, 1) : reader_uleb(body);
	if (*letters == 'z') {
		const uint64_t length = reader_uleb(body);
		struct reader data = *body;

		if (!reader_skip(body, length))
			return false;
		data.end = body->at;
		read_augmentation(cfi, common, letters + 1, data);
		common->augmented = true;
	} else if (*letters) {
		return false; /* what "eh" of 1999 wanted is not known here */
	}
	common->instructions = body->at;
	common->end = body->end;
	return !body->failed && common->return_column < SYMBOL_REGISTERS;
}

bool cfi_read_entry(const struct cfi *cfi, uint64_t at, struct cfi_entry *entry, uint64_t *next)
{
	struct record record;
	struct reader *body = &record.body;
	uint8_t encoding;

	*next = 0;
	if (!read_record(cfi, at, &record))
		return false;
	*next = record.next;
	if (record.common == NO_RECORD || !read_common(cfi, record.common, &entry->common))
		return false;
	encoding = entry->common.address_encoding;
	if (encoding & ENCODING_INDIRECT)
		return false;
	entry->begin = cfi_pointer(body, encoding, entry->common.address_size, cfi->address, 0);
	entry->end = entry->begin + cfi_pointer(body, encoding & 0x0f, entry->common.address_size, 0, 0);
	if (entry->common.augmented)
		reader_skip(body, reader_uleb(body));
	entry->instructions = body->at;
	entry->instructions_end = body->end;
	return !body->failed && entry->begin < entry->end;
}

/* ---- finding the entry ---------------------------------------------------------------------------------- */

static int add_range(struct cfi *cfi, const struct cfi_entry *entry, uint64_t at)
{
	if (cfi->range_count == cfi->range_capacity) {
		const size_t capacity = cfi->range_capacity ? cfi->range_capacity * 2 : 64;
		struct cfi_range *larger = reallocarray(cfi->ranges, capacity, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		cfi->ranges = larger;
		cfi->range_capacity = capacity;
	}
	cfi->ranges[cfi->range_count++] = (struct cfi_range){entry->begin, entry->end, at};
	return 0;
}

static int by_begin(const void *left, const void *right)
{
	const struct cfi_range *a = left, *b = right;

	return a->begin == b->begin ? 0 : a->begin < b->begin ? -1 : 1;
}

/* Zero lengths end .eh_frame. */
static int gather_ranges(struct cfi *cfi)
{
	struct cfi_entry entry;
	uint64_t next;
	int err = 0;

	for (uint64_t at = 0; !err; at = next) {
		if (cfi_read_entry(cfi, at, &entry, &next) && entry.begin)
			err = add_range(cfi, &entry, at);
		if (!next)
			break;
	}
	if (cfi->range_count)
		qsort(cfi->ranges, cfi->range_count, sizeof(*cfi->ranges), by_begin);
	return err;
}

static const struct cfi_range *range_at(const struct cfi *cfi, uint64_t address)
{
	size_t low = 0, high = cfi->range_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (cfi->ranges[middle].begin <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < cfi->ranges[low - 1].end ? &cfi->ranges[low - 1] : NULL;
}

/* In the linker's table: pairs (first address, entry), relative to the table's own address. */
static bool search_at(const struct cfi *cfi, uint64_t address, uint64_t *entry)
{
	struct reader table = {.data = cfi->search.data, .end = cfi->search.size};
	size_t low = 0, high = cfi->search_count;
	uint64_t found;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		table.at = cfi->search_table + middle * 8;
		if (cfi_pointer(&table, CFI_ENCODING_TABLE, cfi->address_size, cfi->search_address,
				cfi->search_address) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	table.at = cfi->search_table + (low - 1) * 8 + 4;
	found = cfi_pointer(&table, CFI_ENCODING_TABLE, cfi->address_size, cfi->search_address, cfi->search_address);
	*entry = found - cfi->address;
	return !table.failed && found >= cfi->address;
}

static bool find_entry(const struct cfi *cfi, uint64_t address, struct cfi_entry *entry)
{
	uint64_t at, next;

	if (cfi->search_count) {
		if (!search_at(cfi, address, &at))
			return false;
	} else {
		const struct cfi_range *range = range_at(cfi, address);

		if (!range)
			return false;
		at = range->entry;
	}
	return cfi_read_entry(cfi, at, entry, &next) && address >= entry->begin && address < entry->end;
}

void cfi_find(const struct cfi *cfi, uint64_t address, struct cfi_row *row)
{
	struct cfi_entry entry;

	*row = (struct cfi_row){.found = false};
	row->found = find_entry(cfi, address, &entry) && cfi_execute(cfi, &entry, address, row);
	row->section = cfi->section.data;
}

/* ---- opening -------------------------------------------------------------------------------------------- */

static void begin(struct cfi *cfi, const struct elf *elf, bool debug_frame)
{
	*cfi = (struct cfi){.debug_frame = debug_frame, .address_size = elf->wide ? 8 : 4, .machine = elf->machine};
}

static const struct elf_segment *search_segment(const struct elf *elf)
{
	for (unsigned i = 0; i < elf->segment_count; i++)
		if (elf->segments[i].type == PT_GNU_EH_FRAME)
			return &elf->segments[i];
	return NULL;
}

/* Takes the table if it is of the one usual form. *frame: the address of .eh_frame, 0 if it does not say. */
static void take_search(struct cfi *cfi, const struct elf *elf, uint64_t *frame)
{
	const struct elf_segment *segment = search_segment(elf);
	struct reader reader;
	uint8_t frame_encoding, count_encoding, table_encoding;
	uint64_t count;

	*frame = 0;
	if (!segment || elf_load(&elf->bytes, segment->offset, segment->file_size, &cfi->search))
		return;
	cfi->search_address = segment->address;
	reader = (struct reader){.data = cfi->search.data, .end = cfi->search.size};
	if (reader_fixed(&reader, 1) != 1)
		return;
	frame_encoding = (uint8_t)reader_fixed(&reader, 1);
	count_encoding = (uint8_t)reader_fixed(&reader, 1);
	table_encoding = (uint8_t)reader_fixed(&reader, 1);
	*frame = cfi_pointer(&reader, frame_encoding, cfi->address_size, segment->address, segment->address);
	count = cfi_pointer(&reader, count_encoding, cfi->address_size, segment->address, segment->address);
	if (reader.failed || table_encoding != CFI_ENCODING_TABLE || count_encoding == CFI_ENCODING_OMIT)
		return;
	cfi->search_table = reader.at;
	cfi->search_count = count < reader_left(&reader) / 8 ? (size_t)count : reader_left(&reader) / 8;
}

/* Without section headers the segment says where .eh_frame may at most reach; a record of length 0 ends it. */
static int load_eh_frame(struct cfi *cfi, const struct elf *elf, uint64_t frame)
{
	const struct elf_section *section = elf_find_section(elf, ".eh_frame");
	uint64_t offset, available;

	if (section) {
		cfi->address = section->address;
		return elf_load_section(elf, section, &cfi->section);
	}
	if (!frame || !elf_offset_of(elf, frame, &offset, &available))
		return -ENOENT;
	cfi->address = frame;
	return elf_load(&elf->bytes, offset, available, &cfi->section);
}

int cfi_open_eh_frame(struct cfi *cfi, const struct elf *elf)
{
	uint64_t frame;
	int err;

	begin(cfi, elf, false);
	take_search(cfi, elf, &frame);
	err = load_eh_frame(cfi, elf, frame);
	if (err)
		cfi_free(cfi);
	else if (!cfi->search_count)
		err = gather_ranges(cfi);
	return err;
}

int cfi_open_debug_frame(struct cfi *cfi, const struct elf *elf)
{
	const struct elf_section *section = elf_find_section(elf, ".debug_frame");
	int err;

	begin(cfi, elf, true);
	err = elf_load_section(elf, section, &cfi->section);
	return err ? err : gather_ranges(cfi);
}

void cfi_free(struct cfi *cfi)
{
	elf_part_free(&cfi->section);
	elf_part_free(&cfi->search);
	free(cfi->ranges);
	*cfi = (struct cfi){.section = {NULL, 0}};
}

size_t cfi_bytes(const struct cfi *cfi)
{
	return cfi->section.size + cfi->search.size + cfi->range_capacity * sizeof(*cfi->ranges);
}
