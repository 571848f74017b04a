/* SPDX-License-Identifier: BSD-2-Clause
 * Sections of debugging information, and the way from an address to its calls; see dwarf.h. */
#include "symbol/dwarf_internal.h"

#include <elf.h>
#include <stdlib.h>

/* Sections up to this size are loaded whole, of others only what is asked for. */
#define WHOLE_MAX ((uint64_t)1 << 20)
#define STRING_MAX 2048
/* One lookup takes a few hundred thousand bytes. */
#define SPENT_MAX ((uint64_t)4 << 30)

static const char *const names[DWARF_SECTIONS] = {
    [DWARF_INFO] = ".debug_info",
    [DWARF_ABBREV] = ".debug_abbrev",
    [DWARF_ARANGES] = ".debug_aranges",
    [DWARF_LINE] = ".debug_line",
    [DWARF_STR] = ".debug_str",
    [DWARF_LINE_STR] = ".debug_line_str",
    [DWARF_STR_OFFSETS] = ".debug_str_offsets",
    [DWARF_ADDR] = ".debug_addr",
    [DWARF_RANGES] = ".debug_ranges",
    [DWARF_RNGLISTS] = ".debug_rnglists",
};

struct dwarf *dwarf_open(const struct elf *elf)
{
	struct dwarf *dwarf;

	if (!elf_find_section(elf, names[DWARF_INFO]) || !elf_find_section(elf, names[DWARF_LINE]))
		return NULL;
	dwarf = calloc(1, sizeof(*dwarf));
	if (!dwarf)
		return NULL;
	dwarf->elf = elf;
	for (unsigned i = 0; i < DWARF_SECTIONS; i++) {
		const struct elf_section *section = elf_find_section(elf, names[i]);

		if (section && section->type != SHT_NOBITS)
			dwarf->sections[i] = (struct dwarf_section){.section = section, .size = section->size};
	}
	return dwarf;
}

void dwarf_free(struct dwarf *dwarf)
{
	if (!dwarf)
		return;
	dwarf_unit_close(&dwarf->recent);
	for (unsigned i = 0; i < DWARF_SECTIONS; i++) {
		elf_part_free(&dwarf->sections[i].whole);
		elf_unpack_free(dwarf->sections[i].unpacking);
	}
	free(dwarf->ranges);
	free(dwarf->units);
	free(dwarf);
}

size_t dwarf_bytes(const struct dwarf *dwarf)
{
	return sizeof(*dwarf) + dwarf->bytes + dwarf->range_capacity * sizeof(*dwarf->ranges) +
	       dwarf->unit_capacity * sizeof(*dwarf->units);
}

/* ---- windows -------------------------------------------------------------------------------------------- */

static void load(struct dwarf *dwarf, struct dwarf_section *section)
{
	section->tried = true;
	if (section->section->flags & SHF_COMPRESSED) {
		section->size = elf_unpacked_size(dwarf->elf, section->section);
		if (section->size <= DWARF_UNPACK_MAX)
			section->unpacking = elf_unpack(dwarf->elf, section->section);
		if (!section->unpacking)
			section->size = 0;
		dwarf->bytes += section->size;
	} else if (section->size <= WHOLE_MAX) {
		elf_load_section(dwarf->elf, section->section, &section->whole);
		section->size = section->whole.size;
		dwarf->bytes += section->size;
	}
}

static bool copy(struct dwarf *dwarf, const struct dwarf_section *section, uint64_t offset, struct dwarf_window *window)
{
	struct elf_part part;

	if (elf_load(&dwarf->elf->bytes, section->section->offset + offset, window->size, &part))
		return false;
	window->data = window->owned = part.data;
	return true;
}

bool dwarf_window_open(struct dwarf *dwarf, enum dwarf_section_name name, uint64_t offset, uint64_t size,
		       struct dwarf_window *window)
{
	struct dwarf_section *section = &dwarf->sections[name];

	*window = (struct dwarf_window){.data = NULL};
	if (!section->section)
		return false;
	if (!section->tried)
		load(dwarf, section);
	if (offset >= section->size)
		return false;
	window->size = size < section->size - offset ? size : section->size - offset;
	if (section->unpacking) {
		window->data = elf_unpack_to(section->unpacking, (size_t)offset + window->size);
		window->data += window->data ? offset : 0;
		return window->data;
	}
	if (!section->whole.data)
		return copy(dwarf, section, offset, window);
	window->data = section->whole.data + offset;
	return true;
}

void dwarf_window_close(struct dwarf_window *window)
{
	free(window->owned);
	*window = (struct dwarf_window){.data = NULL};
}

struct reader dwarf_reader(const struct dwarf_window *window)
{
	return (struct reader){.data = window->data, .end = window->size};
}

uint64_t dwarf_length(struct reader *reader, uint8_t *offset_size)
{
	const uint64_t length = reader_fixed(reader, 4);

	*offset_size = length == UINT32_MAX ? 8 : 4;
	return length == UINT32_MAX ? reader_fixed(reader, 8) : length;
}

bool dwarf_spend(struct dwarf *dwarf, uint64_t bytes)
{
	dwarf->spent += bytes;
	return dwarf->spent <= SPENT_MAX;
}

char *dwarf_string_at(struct dwarf *dwarf, enum dwarf_section_name name, uint64_t offset)
{
	struct dwarf_window window;
	struct reader reader;
	const char *text;
	char *copied = NULL;

	if (!dwarf_window_open(dwarf, name, offset, STRING_MAX, &window))
		return NULL;
	reader = dwarf_reader(&window);
	text = reader_string(&reader);
	if (text)
		copied = strdup(text);
	dwarf_window_close(&window);
	return copied;
}

/* ---- the way ---------------------------------------------------------------------------------------------- */

void dwarf_find(struct dwarf *dwarf, uint64_t address, struct dwarf_place *place)
{
	const struct dwarf_unit *unit = dwarf_unit_for(dwarf, address);
	struct dwarf_lines lines;
	uint64_t file;
	unsigned line;

	*place = (struct dwarf_place){.count = 0};
	if (!unit || !dwarf_lines_open(dwarf, unit, &lines))
		return;
	if (dwarf_lines_find(&lines, address, &file, &line)) {
		dwarf_scopes(dwarf, unit, &lines, address, place);
		if (!place->count)
			place->count = 1;
		place->calls[0].file = dwarf_lines_file(dwarf, &lines, file);
		place->calls[0].line = line;
	}
	dwarf_lines_close(&lines);
}

void dwarf_place_free(struct dwarf_place *place)
{
	for (unsigned i = 0; i < place->count; i++) {
		free(place->calls[i].function);
		free(place->calls[i].file);
	}
	*place = (struct dwarf_place){.count = 0};
}
