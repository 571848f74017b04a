/* SPDX-License-Identifier: BSD-2-Clause
 * Units of .debug_info and their entries (DIE); see dwarf_internal.h. */
#include "symbol/dwarf_internal.h"

#include <stdlib.h>

#define UNIT_MAX ((uint64_t)32 << 20)
#define FIRST_BYTES 4096
#define ABBREVIATION_BYTES_MAX ((uint64_t)512 << 10)
#define ABBREVIATIONS_MAX 65536

enum {
	DW_UT_compile = 0x01,
	DW_UT_partial = 0x03,
	DW_UT_skeleton = 0x04,

	DW_AT_sibling = 0x01,
	DW_AT_name = 0x03,
	DW_AT_stmt_list = 0x10,
	DW_AT_low_pc = 0x11,
	DW_AT_high_pc = 0x12,
	DW_AT_abstract_origin = 0x31,
	DW_AT_specification = 0x47,
	DW_AT_ranges = 0x55,
	DW_AT_call_file = 0x58,
	DW_AT_call_line = 0x59,
	DW_AT_linkage_name = 0x6e,
	DW_AT_str_offsets_base = 0x72,
	DW_AT_addr_base = 0x73,
	DW_AT_rnglists_base = 0x74,
	DW_AT_MIPS_linkage_name = 0x2007,
	DW_AT_GNU_addr_base = 0x2133,

	DW_FORM_implicit_const = 0x21,
};

/* ---- .debug_abbrev ------------------------------------------------------------------------------------- */

static void skip_attributes(struct reader *reader)
{
	uint64_t attribute, form;

	do {
		attribute = reader_uleb(reader);
		form = reader_uleb(reader);
		if (form == DW_FORM_implicit_const)
			reader_sleb(reader);
	} while ((attribute || form) && !reader->failed);
}

static int by_code(const void *left, const void *right)
{
	const struct dwarf_abbreviation *a = left, *b = right;

	return (a->code > b->code) - (a->code < b->code);
}

/* Codes count up from 1 in practice; then the table is sorted already. */
static bool read_abbreviations(struct dwarf_unit *unit, size_t *parsed)
{
	struct reader reader = dwarf_reader(&unit->abbreviations);
	size_t capacity = 0;
	bool sorted = true;

	while (unit->table_count < ABBREVIATIONS_MAX) {
		struct dwarf_abbreviation next = {.code = reader_uleb(&reader)};

		if (!next.code || reader.failed)
			break;
		next.tag = reader_uleb(&reader);
		next.children = reader_fixed(&reader, 1);
		next.attributes = reader.at;
		skip_attributes(&reader);
		if (reader.failed)
			break;
		if (unit->table_count == capacity) {
			struct dwarf_abbreviation *larger;

			capacity = capacity ? capacity * 2 : 128;
			larger = reallocarray(unit->table, capacity, sizeof(*larger));
			if (!larger)
				return false;
			unit->table = larger;
		}
		sorted = sorted && (!unit->table_count || unit->table[unit->table_count - 1].code < next.code);
		unit->table[unit->table_count++] = next;
	}
	if (!sorted)
		qsort(unit->table, unit->table_count, sizeof(*unit->table), by_code);
	*parsed = reader.at;
	return unit->table_count > 0;
}

static const struct dwarf_abbreviation *find_abbreviation(const struct dwarf_unit *unit, uint64_t code)
{
	const struct dwarf_abbreviation key = {.code = code};

	if (code <= unit->table_count && unit->table[code - 1].code == code)
		return &unit->table[code - 1];
	return bsearch(&key, unit->table, unit->table_count, sizeof(key), by_code);
}

/* ---- entries ---------------------------------------------------------------------------------------------- */

static struct dwarf_value *wanted(struct dwarf_entry *entry, uint64_t attribute)
{
	switch (attribute) {
	case DW_AT_name:
		return &entry->name;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		return &entry->linkage_name;
	case DW_AT_low_pc:
		return &entry->low;
	case DW_AT_high_pc:
		return &entry->high;
	case DW_AT_ranges:
		return &entry->ranges;
	case DW_AT_abstract_origin:
		return &entry->origin;
	case DW_AT_specification:
		return &entry->specification;
	case DW_AT_sibling:
		return &entry->sibling;
	case DW_AT_call_file:
		return &entry->call_file;
	case DW_AT_call_line:
		return &entry->call_line;
	case DW_AT_stmt_list:
		return &entry->lines;
	case DW_AT_str_offsets_base:
		return &entry->string_base;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		return &entry->address_base;
	case DW_AT_rnglists_base:
		return &entry->range_base;
	default:
		return NULL;
	}
}

bool dwarf_entry_read(const struct dwarf_unit *unit, size_t at, struct dwarf_entry *entry)
{
	struct reader info = dwarf_reader(&unit->info), layout = dwarf_reader(&unit->abbreviations);
	const struct dwarf_abbreviation *abbreviation;
	uint64_t code;

	*entry = (struct dwarf_entry){.tag = 0};
	if (at >= info.end)
		return false;
	info.at = at;
	code = reader_uleb(&info);
	entry->next = info.at;
	if (!code)
		return !info.failed;
	abbreviation = find_abbreviation(unit, code);
	if (!abbreviation)
		return false;
	entry->tag = abbreviation->tag;
	entry->children = abbreviation->children;
	layout.at = abbreviation->attributes;
	while (!info.failed && !layout.failed) {
		const uint64_t attribute = reader_uleb(&layout), form = reader_uleb(&layout);
		const int64_t implicit = form == DW_FORM_implicit_const ? reader_sleb(&layout) : 0;
		struct dwarf_value value, *place = wanted(entry, attribute);

		if (!attribute && !form)
			break;
		value = dwarf_value_read(&info, form, implicit, unit->version, unit->address_size, unit->offset_size);
		if (place)
			*place = value;
	}
	entry->next = info.at;
	return !info.failed && !layout.failed && entry->tag;
}

/* ---- units -------------------------------------------------------------------------------------------------- */

static bool read_header(struct dwarf_unit *unit, struct reader *reader, uint64_t *abbreviations)
{
	uint64_t type = DW_UT_compile;

	unit->size = dwarf_length(reader, &unit->offset_size);
	unit->size += reader->at;
	unit->version = (uint16_t)reader_fixed(reader, 2);
	if (unit->version < 2 || unit->version > 5)
		return false;
	if (unit->version >= 5) {
		type = reader_fixed(reader, 1);
		unit->address_size = (uint8_t)reader_fixed(reader, 1);
		*abbreviations = reader_fixed(reader, unit->offset_size);
		if (type == DW_UT_skeleton)
			reader_fixed(reader, 8);
	} else {
		*abbreviations = reader_fixed(reader, unit->offset_size);
		unit->address_size = (uint8_t)reader_fixed(reader, 1);
	}
	unit->first = reader->at;
	return !reader->failed && unit->size <= UNIT_MAX && unit->size > unit->first &&
	       (unit->address_size == 4 || unit->address_size == 8) &&
	       (type == DW_UT_compile || type == DW_UT_partial || type == DW_UT_skeleton);
}

/* Without these the tables of DWARF 5 begin behind their headers. */
static uint64_t base_of(const struct dwarf_value *value, const struct dwarf_unit *unit)
{
	return value->class == DWARF_CONSTANT ? value->number : unit->version >= 5 ? unit->offset_size * 2u : 0;
}

static bool read_first(struct dwarf *dwarf, struct dwarf_unit *unit)
{
	struct dwarf_entry entry;

	if (!dwarf_entry_read(unit, unit->first, &entry) ||
	    (entry.tag != DW_TAG_compile_unit && entry.tag != DW_TAG_partial_unit && entry.tag != DW_TAG_skeleton_unit))
		return false;
	unit->string_base = base_of(&entry.string_base, unit);
	unit->address_base = base_of(&entry.address_base, unit);
	unit->range_base = base_of(&entry.range_base, unit);
	unit->has_lines = entry.lines.class == DWARF_CONSTANT;
	unit->lines = entry.lines.number;
	if (!dwarf_value_address(dwarf, unit, &entry.low, &unit->base))
		unit->base = 0;
	return true;
}

bool dwarf_unit_open(struct dwarf *dwarf, uint64_t offset, bool whole, struct dwarf_unit *unit)
{
	uint64_t abbreviations = 0;
	struct reader reader;
	size_t parsed;
	bool ok;

	*unit = (struct dwarf_unit){.offset = offset};
	ok = dwarf_window_open(dwarf, DWARF_INFO, offset, FIRST_BYTES, &unit->info);
	reader = dwarf_reader(&unit->info);
	ok = ok && read_header(unit, &reader, &abbreviations);
	if (ok && whole) {
		dwarf_window_close(&unit->info);
		ok = dwarf_window_open(dwarf, DWARF_INFO, offset, unit->size, &unit->info);
	}
	ok = ok && dwarf_spend(dwarf, unit->info.size);
	ok = ok &&
	     dwarf_window_open(dwarf, DWARF_ABBREV, abbreviations, ABBREVIATION_BYTES_MAX, &unit->abbreviations) &&
	     read_abbreviations(unit, &parsed) && dwarf_spend(dwarf, parsed) && read_first(dwarf, unit);
	if (!ok)
		dwarf_unit_close(unit);
	return ok;
}

void dwarf_unit_close(struct dwarf_unit *unit)
{
	dwarf_window_close(&unit->info);
	dwarf_window_close(&unit->abbreviations);
	free(unit->table);
	*unit = (struct dwarf_unit){.version = 0};
}
