/* SPDX-License-Identifier: BSD-2-Clause
 * What is read of programs: sections, symbols, frames, debugging information. The first 8 bytes of the input choose the
 * addresses that are asked about; the rest is the file. */
#include "fuzz.h"

#include <elf.h>

#include "symbol/cfi.h"
#include "symbol/debugfile.h"
#include "symbol/demangle.h"
#include "symbol/dwarf.h"
#include "symbol/elf.h"
#include "symbol/symtab.h"

#define ADDRESSES 16

static uint64_t elf_state;

static uint64_t elf_below(uint64_t limit)
{
	elf_state ^= elf_state << 13;
	elf_state ^= elf_state >> 7;
	elf_state ^= elf_state << 17;
	return limit ? elf_state % limit : 0;
}

static uint64_t elf_address(const struct elf *elf)
{
	const struct elf_section *section;

	if (!elf->section_count)
		return elf_below(1 << 20);
	section = &elf->sections[elf_below(elf->section_count)];
	return section->address + elf_below(section->size + 16);
}

static void elf_names(const struct elf *elf)
{
	struct symtab table = {.string_count = 0};

	symtab_add(&table, elf, elf, SHT_SYMTAB);
	symtab_add(&table, elf, elf, SHT_DYNSYM);
	symtab_sort(&table);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		const struct symtab_symbol *symbol = symtab_at(&table.code, elf_address(elf));

		if (symbol)
			free(demangle_function(symbol->name));
		symbol = symtab_at(&table.data, elf_address(elf));
		if (symbol)
			free(demangle_variable(symbol->name));
	}
	symtab_named(&table.code, "main");
	symtab_free(&table);
}

static void elf_frames(const struct elf *elf)
{
	int (*const open_them[])(struct cfi *, const struct elf *) = {cfi_open_eh_frame, cfi_open_debug_frame};

	for (unsigned i = 0; i < 2; i++) {
		struct cfi_row row;
		struct cfi cfi;

		open_them[i](&cfi, elf);
		for (unsigned each = 0; cfi.section.data && each < ADDRESSES; each++)
			cfi_find(&cfi, elf_address(elf), &row);
		cfi_free(&cfi);
	}
}

static void elf_places(const struct elf *elf)
{
	struct dwarf *dwarf = dwarf_open(elf, DWARF_UNPACK_MAX);

	for (unsigned i = 0; dwarf && i < ADDRESSES; i++) {
		struct dwarf_place place;

		dwarf_find(dwarf, elf_address(elf), &place);
		dwarf_place_free(&place);
	}
	dwarf_free(dwarf);
}

static void elf_debug(const struct elf *elf)
{
	struct elf_part part;
	struct elf packed;

	if (debugfile_unpack(elf, &part))
		return;
	if (elf_open(&packed, &(struct elf_bytes){-1, part.data, part.size}) == 0) {
		elf_names(&packed);
		elf_close(&packed);
	}
	elf_part_free(&part);
}

static void fuzz_elf(const uint8_t *data, size_t size)
{
	struct elf_bytes bytes = {.descriptor = -1};
	uint8_t *exact;
	struct elf elf;

	if (size < sizeof(elf_state))
		return;
	memcpy(&elf_state, data, sizeof(elf_state));
	elf_state |= 1;
	bytes.size = size - sizeof(elf_state);
	exact = malloc(bytes.size ? bytes.size : 1); /* so that a byte too far is seen */
	if (!exact)
		return;
	memcpy(exact, data + sizeof(elf_state), bytes.size);
	bytes.memory = exact;
	if (elf_open(&elf, &bytes) == 0) {
		elf_names(&elf);
		elf_frames(&elf);
		elf_places(&elf);
		elf_debug(&elf);
		elf_close(&elf);
	}
	free(exact);
}

FUZZ_TARGET(elf)
