/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the readers of DWARF share; see dwarf.h. Numbers and names in capitals are the standard's.
 */
#ifndef LIFELINE_SYMBOL_DWARF_INTERNAL_H
#define LIFELINE_SYMBOL_DWARF_INTERNAL_H

#include "symbol/dwarf.h"
#include "symbol/reader.h"

enum dwarf_section_name {
	DWARF_INFO,
	DWARF_ABBREV,
	DWARF_ARANGES,
	DWARF_LINE,
	DWARF_STR,
	DWARF_LINE_STR,
	DWARF_STR_OFFSETS,
	DWARF_ADDR,
	DWARF_RANGES,
	DWARF_RNGLISTS,
	DWARF_SECTIONS
};

struct dwarf_section {
	const struct elf_section *section; /* NULL: there is none */
	uint64_t size;                     /* unpacked */
	struct elf_part whole;             /* if it was loaded */
	struct elf_unpacking *unpacking;   /* if it is packed */
	bool tried;
};

/* Some bytes of a section: of the loaded one, or a copy. */
struct dwarf_window {
	const uint8_t *data;
	size_t size;
	uint8_t *owned;
};

/* An entry of .debug_abbrev: how a debugging information entry (DIE) is laid out. */
struct dwarf_abbreviation {
	uint64_t code;
	uint64_t tag;
	bool children;
	size_t attributes; /* where they are in the unit's window of .debug_abbrev */
};

struct dwarf_unit {
	uint64_t offset, size; /* in .debug_info; size includes the header */
	uint16_t version;
	uint8_t address_size, offset_size;
	struct dwarf_window info, abbreviations;
	struct dwarf_abbreviation *table;
	size_t table_count;
	size_t first; /* DIE, in info */
	/* Of the first DIE: */
	bool has_lines;
	uint64_t lines; /* offset in .debug_line */
	uint64_t base;  /* what ranges count from */
	uint64_t string_base, address_base, range_base;
};

struct dwarf_range {
	uint64_t begin, end;
	uint64_t unit; /* offset in .debug_info */
};

struct dwarf {
	const struct elf *elf;
	struct dwarf_section sections[DWARF_SECTIONS];
	struct dwarf_range *ranges; /* sorted */
	size_t range_count, range_capacity;
	uint64_t *units; /* where each begins, in order */
	size_t unit_count, unit_capacity;
	uint64_t units_end; /* where the next one that is not in `units` yet begins */
	bool has_ranges, has_units, has_all_ranges;
	struct dwarf_unit recent; /* used last; version 0: none */
	size_t bytes;
	uint64_t spent; /* bytes gone through */
};

/* What an attribute holds. */
enum dwarf_class {
	DWARF_NONE,
	DWARF_CONSTANT, /* also an offset into another section */
	DWARF_ADDRESS,
	DWARF_ADDRESS_INDEX,  /* into .debug_addr */
	DWARF_STRING,         /* text */
	DWARF_STRING_OFFSET,  /* in `section` */
	DWARF_STRING_INDEX,   /* into .debug_str_offsets */
	DWARF_RANGE_INDEX,    /* into .debug_rnglists */
	DWARF_REFERENCE,      /* offset in this unit */
	DWARF_REFERENCE_INFO, /* offset in .debug_info */
};

struct dwarf_value {
	enum dwarf_class class;
	enum dwarf_section_name section;
	uint64_t number;
	const char *text;
};

/* What is wanted of a DIE; of attributes it does not have the class is DWARF_NONE. */
struct dwarf_entry {
	uint64_t tag; /* 0: the end of a list of children */
	bool children;
	size_t next; /* in the unit: what follows its attributes */
	struct dwarf_value name, linkage_name, low, high, ranges, origin, specification, sibling, call_file, call_line;
	struct dwarf_value lines, string_base, address_base, range_base;
};

enum {
	DW_TAG_compile_unit = 0x11,
	DW_TAG_inlined_subroutine = 0x1d,
	DW_TAG_subprogram = 0x2e,
	DW_TAG_lexical_block = 0x0b,
	DW_TAG_partial_unit = 0x3c,
	DW_TAG_skeleton_unit = 0x4a,
};

/* dwarf.c. At most `size` bytes from `offset` on, fewer at the section's end; false if there are none. */
bool dwarf_window_open(struct dwarf *dwarf, enum dwarf_section_name name, uint64_t offset, uint64_t size,
		       struct dwarf_window *window);
void dwarf_window_close(struct dwarf_window *window);
struct reader dwarf_reader(const struct dwarf_window *window);
/* A unit's length at its beginning: how long what follows is, and whether offsets in it have 4 or 8 bytes. */
uint64_t dwarf_length(struct reader *reader, uint8_t *offset_size);
/* A copy of a string in a section, owned; NULL if there is none. */
char *dwarf_string_at(struct dwarf *dwarf, enum dwarf_section_name name, uint64_t offset);

/* Counts bytes that are gone through; false once it is too many, of which real files stay far away: hostile ones could
 * have everything read again and again. */
bool dwarf_spend(struct dwarf *dwarf, uint64_t bytes);

/* dwarf_form.c */
struct dwarf_value dwarf_value_read(struct reader *reader, uint64_t form, int64_t implicit, uint8_t version,
				    uint8_t address_size, uint8_t offset_size);
char *dwarf_value_string(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_value *value);
bool dwarf_value_address(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_value *value,
			 uint64_t *address);

/* dwarf_unit.c. The unit at an offset of .debug_info, all of it or enough for its first DIE. */
bool dwarf_unit_open(struct dwarf *dwarf, uint64_t offset, bool whole, struct dwarf_unit *unit);
void dwarf_unit_close(struct dwarf_unit *unit);
/* The DIE at a place in the unit; false if it cannot be read. */
bool dwarf_entry_read(const struct dwarf_unit *unit, size_t at, struct dwarf_entry *entry);

/* dwarf_ranges.c. Calls `take` for each range of code of a DIE until it returns false. */
typedef bool (*dwarf_take_range)(void *private, uint64_t begin, uint64_t end);
void dwarf_ranges_of(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_entry *entry,
		     dwarf_take_range take, void *private);
bool dwarf_holds(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_entry *entry, uint64_t address);

/* dwarf_index.c. The whole unit that an address lies in, NULL if there is none; kept until the next call. */
const struct dwarf_unit *dwarf_unit_for(struct dwarf *dwarf, uint64_t address);
/* Where the unit that holds an offset of .debug_info begins. */
bool dwarf_unit_around(struct dwarf *dwarf, uint64_t offset, uint64_t *begin);

/* dwarf_line.c. A unit's table of lines: opened once for the files' names and the address. */
struct dwarf_lines {
	struct dwarf_window window;
	struct reader program;
	uint16_t version;
	uint8_t address_size, offset_size;
	uint8_t minimum_length, maximum_operations, line_range, opcode_base;
	int8_t line_base;
	const uint8_t *operand_counts; /* of standard opcodes from 1 on */
	struct reader files;           /* version 5: entries; before: strings with numbers behind */
	size_t formats, format_count, file_count;
};

bool dwarf_lines_open(struct dwarf *dwarf, const struct dwarf_unit *unit, struct dwarf_lines *lines);
void dwarf_lines_close(struct dwarf_lines *lines);
/* The name of a file by the table's own numbers, without directories; owned, NULL if there is none. */
char *dwarf_lines_file(struct dwarf *dwarf, const struct dwarf_lines *lines, uint64_t number);
bool dwarf_lines_find(const struct dwarf_lines *lines, uint64_t address, uint64_t *file, unsigned *line);

/* dwarf_scope.c. Fills in the functions around an address; place->count stays 0 if none is found. */
void dwarf_scopes(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_lines *lines, uint64_t address,
		  struct dwarf_place *place);

#endif
