/* SPDX-License-Identifier: BSD-2-Clause
 * A unit's table of lines (DWARF 5, section 6.2): a program for a small machine whose rows say from which address on
 * the code is of which line; see dwarf_internal.h. */
#include "symbol/dwarf_internal.h"

#include <stdlib.h>

#define PROGRAM_MAX ((uint64_t)32 << 20)
#define FILES_MAX 65536

enum {
	DW_LNS_copy = 1,
	DW_LNS_advance_pc = 2,
	DW_LNS_advance_line = 3,
	DW_LNS_set_file = 4,
	DW_LNS_set_column = 5,
	DW_LNS_negate_stmt = 6,
	DW_LNS_set_basic_block = 7,
	DW_LNS_const_add_pc = 8,
	DW_LNS_fixed_advance_pc = 9,

	DW_LNE_end_sequence = 1,
	DW_LNE_set_address = 2,

	DW_LNCT_path = 1,
};

/* ---- header ---------------------------------------------------------------------------------------------- */

/* Before version 5: strings up to an empty one, directories first. */
static void find_old_files(struct dwarf_lines *lines, struct reader header)
{
	const char *directory;

	do
		directory = reader_string(&header);
	while (directory && *directory);
	lines->files = header;
}

/* Version 5: the entries' form comes first, for directories and for files. */
static bool skip_entries(const struct dwarf_lines *lines, struct reader *reader, size_t formats, size_t format_count,
			 uint64_t count)
{
	if (count > FILES_MAX)
		return false;
	for (uint64_t i = 0; i < count && !reader->failed; i++) {
		struct reader format = *reader;

		format.at = formats;
		for (size_t each = 0; each < format_count; each++) {
			reader_uleb(&format);
			dwarf_value_read(reader, reader_uleb(&format), 0, lines->version, lines->address_size,
					 lines->offset_size);
		}
	}
	return !reader->failed;
}

static size_t read_formats(struct reader *reader, size_t *formats)
{
	const size_t count = (size_t)reader_fixed(reader, 1);

	*formats = reader->at;
	for (size_t i = 0; i < count; i++) {
		reader_uleb(reader);
		reader_uleb(reader);
	}
	return count;
}

static bool find_new_files(struct dwarf_lines *lines, struct reader header)
{
	size_t formats, format_count = read_formats(&header, &formats);
	uint64_t count = reader_uleb(&header);

	if (!skip_entries(lines, &header, formats, format_count, count))
		return false;
	lines->format_count = read_formats(&header, &lines->formats);
	count = reader_uleb(&header);
	lines->file_count = count < FILES_MAX ? (size_t)count : FILES_MAX;
	lines->files = header;
	return !header.failed;
}

static bool read_header(struct dwarf_lines *lines, struct reader *reader)
{
	uint64_t header_length;

	lines->version = (uint16_t)reader_fixed(reader, 2);
	if (lines->version < 2 || lines->version > 5)
		return false;
	if (lines->version >= 5) {
		lines->address_size = (uint8_t)reader_fixed(reader, 1);
		reader_fixed(reader, 1);
	}
	header_length = reader_fixed(reader, lines->offset_size);
	if (reader->failed || header_length > reader_left(reader))
		return false;
	lines->program = *reader;
	lines->program.at += (size_t)header_length;
	lines->minimum_length = (uint8_t)reader_fixed(reader, 1);
	lines->maximum_operations = lines->version >= 4 ? (uint8_t)reader_fixed(reader, 1) : 1;
	reader_fixed(reader, 1);
	lines->line_base = (int8_t)reader_fixed(reader, 1);
	lines->line_range = (uint8_t)reader_fixed(reader, 1);
	lines->opcode_base = (uint8_t)reader_fixed(reader, 1);
	lines->operand_counts = lines->opcode_base ? reader_skip(reader, lines->opcode_base - 1u) : NULL;
	return !reader->failed && lines->operand_counts && lines->line_range && lines->maximum_operations &&
	       (lines->address_size == 4 || lines->address_size == 8);
}

bool dwarf_lines_open(struct dwarf *dwarf, const struct dwarf_unit *unit, struct dwarf_lines *lines)
{
	struct reader reader;
	uint64_t length;
	bool ok;

	*lines = (struct dwarf_lines){.address_size = unit->address_size};
	if (!unit->has_lines || !dwarf_window_open(dwarf, DWARF_LINE, unit->lines, 12, &lines->window))
		return false;
	reader = dwarf_reader(&lines->window);
	length = dwarf_length(&reader, &lines->offset_size);
	dwarf_window_close(&lines->window);
	if (reader.failed || length > PROGRAM_MAX ||
	    !dwarf_window_open(dwarf, DWARF_LINE, unit->lines + reader.at, length, &lines->window))
		return false;
	reader = dwarf_reader(&lines->window);
	ok = dwarf_spend(dwarf, lines->window.size) && read_header(lines, &reader);
	if (ok && lines->version >= 5)
		ok = find_new_files(lines, reader);
	else if (ok)
		find_old_files(lines, reader);
	if (!ok)
		dwarf_lines_close(lines);
	return ok;
}

void dwarf_lines_close(struct dwarf_lines *lines)
{
	dwarf_window_close(&lines->window);
}

/* ---- files ------------------------------------------------------------------------------------------------ */

static char *base_name(char *path)
{
	char *slash = path ? strrchr(path, '/') : NULL;

	if (slash && slash[1])
		memmove(path, slash + 1, strlen(slash + 1) + 1);
	return path;
}

/* Counted from 1. */
static char *old_file(const struct dwarf_lines *lines, uint64_t number)
{
	struct reader reader = lines->files;
	const char *name = NULL;

	if (!number || number > FILES_MAX)
		return NULL;
	for (; number; number--) {
		name = reader_string(&reader);
		reader_uleb(&reader);
		reader_uleb(&reader);
		reader_uleb(&reader);
		if (!name || !*name)
			return NULL;
	}
	return strdup(name);
}

/* Counted from 0. */
static char *new_file(struct dwarf *dwarf, const struct dwarf_lines *lines, uint64_t number)
{
	const struct dwarf_unit sizes = {.version = lines->version, .offset_size = lines->offset_size};
	struct reader reader = lines->files, format = lines->files;
	char *name = NULL;

	if (number >= lines->file_count || !lines->format_count ||
	    !skip_entries(lines, &reader, lines->formats, lines->format_count, number))
		return NULL;
	format.at = lines->formats;
	for (size_t each = 0; each < lines->format_count && !name; each++) {
		const uint64_t content = reader_uleb(&format);
		const struct dwarf_value value = dwarf_value_read(&reader, reader_uleb(&format), 0, lines->version,
								  lines->address_size, lines->offset_size);

		if (content == DW_LNCT_path && !reader.failed)
			name = dwarf_value_string(dwarf, &sizes, &value);
	}
	return name;
}

char *dwarf_lines_file(struct dwarf *dwarf, const struct dwarf_lines *lines, uint64_t number)
{
	return base_name(lines->version >= 5 ? new_file(dwarf, lines, number) : old_file(lines, number));
}

/* ---- program ------------------------------------------------------------------------------------------------ */

struct row {
	uint64_t address, file;
	uint64_t line;
};

struct machine {
	const struct dwarf_lines *lines;
	struct reader code;
	struct row row, before;
	uint64_t operation_index;
	uint64_t wanted;
	bool has_before; /* a row of this sequence */
	bool found;
};

static void start_sequence(struct machine *machine)
{
	machine->row = (struct row){.file = 1, .line = 1};
	machine->operation_index = 0;
	machine->has_before = false;
}

/* A row holds until the next one of its sequence. Code that the linker dropped stands at address 0. */
static void emit(struct machine *machine)
{
	if (machine->has_before && machine->before.address && machine->before.address <= machine->wanted &&
	    machine->wanted < machine->row.address)
		machine->found = true;
	else
		machine->before = machine->row;
	machine->has_before = true;
}

static void advance(struct machine *machine, uint64_t operations)
{
	const struct dwarf_lines *lines = machine->lines;

	if (lines->maximum_operations == 1) {
		machine->row.address += operations * lines->minimum_length;
		return;
	}
	operations += machine->operation_index;
	machine->row.address += operations / lines->maximum_operations * lines->minimum_length;
	machine->operation_index = operations % lines->maximum_operations;
}

static void extended(struct machine *machine)
{
	const uint64_t length = reader_uleb(&machine->code);
	struct reader body = machine->code;

	if (!reader_skip(&machine->code, length) || !length)
		return;
	body.end = machine->code.at;
	switch (reader_fixed(&body, 1)) {
	case DW_LNE_end_sequence:
		emit(machine);
		start_sequence(machine);
		break;
	case DW_LNE_set_address:
		if (reader_left(&body) <= 8)
			machine->row.address = reader_fixed(&body, (unsigned)reader_left(&body));
		machine->operation_index = 0;
		break;
	default:
		break;
	}
}

static void standard(struct machine *machine, uint8_t opcode)
{
	struct reader *code = &machine->code;

	switch (opcode) {
	case DW_LNS_copy:
		emit(machine);
		break;
	case DW_LNS_advance_pc:
		advance(machine, reader_uleb(code));
		break;
	case DW_LNS_advance_line:
		machine->row.line += (uint64_t)reader_sleb(code);
		break;
	case DW_LNS_set_file:
		machine->row.file = reader_uleb(code);
		break;
	case DW_LNS_const_add_pc:
		advance(machine, (255u - machine->lines->opcode_base) / machine->lines->line_range);
		break;
	case DW_LNS_fixed_advance_pc:
		machine->row.address += reader_fixed(code, 2);
		machine->operation_index = 0;
		break;
	default: /* also unknown ones: the header says how many operands there are */
		for (uint8_t i = machine->lines->operand_counts[opcode - 1]; i > 0; i--)
			reader_uleb(code);
	}
}

static void special(struct machine *machine, uint8_t opcode)
{
	const unsigned adjusted = opcode - machine->lines->opcode_base;

	advance(machine, adjusted / machine->lines->line_range);
	machine->row.line += (uint64_t)(machine->lines->line_base + (int)(adjusted % machine->lines->line_range));
	emit(machine);
}

bool dwarf_lines_find(const struct dwarf_lines *lines, uint64_t address, uint64_t *file, unsigned *line)
{
	struct machine machine = {.lines = lines, .code = lines->program, .wanted = address};

	start_sequence(&machine);
	while (reader_left(&machine.code) && !machine.code.failed && !machine.found) {
		const uint8_t opcode = (uint8_t)reader_fixed(&machine.code, 1);

		if (opcode >= lines->opcode_base)
			special(&machine, opcode);
		else if (opcode)
			standard(&machine, opcode);
		else
			extended(&machine);
	}
	*file = machine.before.file;
	*line = machine.before.line <= UINT32_MAX ? (unsigned)machine.before.line : 0;
	return machine.found && *line;
}
