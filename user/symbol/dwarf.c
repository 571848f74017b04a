/* SPDX-License-Identifier: BSD-2-Clause
 * Lines and inlined functions with libdw; see dwarf.h. libdw stands up to files that lie (some ten thousand broken ones
 * were given to it), but for what follows, which is seen to before or done without it:
 *  - it opens files that the file names: parts that dwz moved elsewhere (dwarf_getalt) and split units (by
 *    dwarf_attr_integrate and dwarf_diename, on the entry of a unit). A name may be that of a FIFO. So the section that
 *    names the first is hidden, and attributes are followed here.
 *  - dwarf_getscopes calls itself for each level of nesting, of which a file may have a million.
 *  - a table of lines takes some hundred times the memory of its program, and each entry may refer to the same long
 *    list of ranges: both are bounded here. */
#include "symbol/dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* Of one unit: sqlite, which is one unit, has 0.5 MB. */
#define LINES_MAX ((uint64_t)2 << 20)
/* Bytes of memory that a byte of such a program stands for, usually. */
#define LINES_RATIO 16
/* Entries and ranges looked at: a large unit has 100,000 entries. */
#define STEPS_MAX 2000000u
/* All lookups together; then nothing more is told. */
#define ALL_STEPS_MAX ((uint64_t)4 << 30)
/* Namespaces and types around a function. */
#define DEPTH_MAX 64
/* A concrete function refers to its abstract one, that to its declaration. */
#define REFERENCES_MAX 8
#define UNITS_MAX 200000

struct range {
	uint64_t begin, end;
	Dwarf_Off unit;
};

struct dwarf {
	Elf *elf;
	char *copy; /* of a file in memory */
	Dwarf *libdw;
	Elf_Scn *line_section;
	size_t bytes;
	unsigned steps; /* left for this lookup */
	uint64_t all_steps;
	bool has_ranges;
	struct range *ranges; /* of units that the file's own table does not speak of; sorted by begin */
	size_t range_count, range_capacity;
	Dwarf_Off counted; /* unit whose lines were counted last, + 1 */
};

/* ---- opening --------------------------------------------------------------------------------------------- */

/* libdw reads and unpacks all sections that it knows, also those that are not needed here. */
static bool is_needed(const char *name)
{
	static const char *const names[] = {".debug_info",     ".debug_abbrev", ".debug_aranges",    ".debug_line",
					    ".debug_str",      ".debug_addr",   ".debug_ranges",     ".debug_rnglists",
					    ".debug_line_str", ".debug_types",  ".debug_str_offsets"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

struct sizes {
	uint64_t plain, unpacked;
	bool has_info, has_lines;
};

static bool take_section(struct dwarf *dwarf, Elf_Scn *section, GElf_Shdr *header, const char *name,
			 struct sizes *sizes)
{
	GElf_Chdr packed;

	if (header->sh_type == SHT_NOBITS || !is_needed(name)) {
		header->sh_name = 0; /* hidden: at 0 is the empty name */
		return gelf_update_shdr(section, header);
	}
	sizes->has_info |= strcmp(name, ".debug_info") == 0;
	if (strcmp(name, ".debug_line") == 0) {
		sizes->has_lines = true;
		dwarf->line_section = section;
	}
	if (!(header->sh_flags & SHF_COMPRESSED)) {
		sizes->plain += header->sh_size;
		return header->sh_size <= DWARF_LOAD_MAX;
	}
	if (!gelf_getchdr(section, &packed))
		return false;
	sizes->unpacked += packed.ch_size;
	return packed.ch_size <= DWARF_LOAD_MAX;
}

static bool prepare(struct dwarf *dwarf, uint64_t unpack_max)
{
	struct sizes sizes = {.plain = 0};
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_kind(dwarf->elf) != ELF_K_ELF || elf_getshdrstrndx(dwarf->elf, &names))
		return false;
	while ((section = elf_nextscn(dwarf->elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header))
			return false;
		name = elf_strptr(dwarf->elf, names, header.sh_name);
		/* An older way of packing, by name, is not seen any more. */
		if (elf_ndxscn(section) != names && !take_section(dwarf, section, &header, name ? name : "", &sizes))
			return false;
	}
	dwarf->bytes = sizes.plain + sizes.unpacked;
	return sizes.has_info && sizes.has_lines && sizes.plain <= DWARF_LOAD_MAX && sizes.unpacked <= unpack_max;
}

/* Not mapped (ELF_C_READ_MMAP): who maps a file dies when it is cut short. Memory is copied, as hiding writes to it. */
static Elf *begin_elf(struct dwarf *dwarf, const struct elf_bytes *bytes)
{
	elf_version(EV_CURRENT);
	if (bytes->descriptor >= 0)
		return elf_begin(bytes->descriptor, ELF_C_READ, NULL);
	dwarf->copy = bytes->size <= DWARF_LOAD_MAX ? malloc(bytes->size) : NULL;
	if (!dwarf->copy)
		return NULL;
	memcpy(dwarf->copy, bytes->memory, bytes->size);
	return elf_memory(dwarf->copy, bytes->size);
}

struct dwarf *dwarf_open(const struct elf *elf, uint64_t unpack_max)
{
	struct dwarf *dwarf;

	if (!elf_find_section(elf, ".debug_info") || !elf_find_section(elf, ".debug_line"))
		return NULL;
	dwarf = calloc(1, sizeof(*dwarf));
	if (!dwarf)
		return NULL;
	dwarf->elf = begin_elf(dwarf, &elf->bytes);
	if (dwarf->elf && prepare(dwarf, unpack_max))
		dwarf->libdw = dwarf_begin_elf(dwarf->elf, DWARF_C_READ, NULL);
	if (!dwarf->libdw) {
		dwarf_free(dwarf);
		return NULL;
	}
	elf_cntl(dwarf->elf, ELF_C_FDDONE); /* all is read; the descriptor may be closed, its number used anew */
	return dwarf;
}

void dwarf_free(struct dwarf *dwarf)
{
	if (!dwarf)
		return;
	dwarf_end(dwarf->libdw);
	elf_end(dwarf->elf);
	free(dwarf->copy);
	free(dwarf->ranges);
	free(dwarf);
}

size_t dwarf_bytes(const struct dwarf *dwarf)
{
	return sizeof(*dwarf) + dwarf->bytes + dwarf->range_capacity * sizeof(*dwarf->ranges);
}

static bool spend(struct dwarf *dwarf)
{
	if (!dwarf->steps)
		return false;
	dwarf->steps--;
	dwarf->all_steps++;
	return true;
}

/* ---- units ------------------------------------------------------------------------------------------------- */

static bool add_range(struct dwarf *dwarf, uint64_t begin, uint64_t end, Dwarf_Off unit)
{
	if (dwarf->range_count == dwarf->range_capacity) {
		const size_t capacity = dwarf->range_capacity ? dwarf->range_capacity * 2 : 64;
		struct range *larger = reallocarray(dwarf->ranges, capacity, sizeof(*larger));

		if (!larger)
			return false;
		dwarf->ranges = larger;
		dwarf->range_capacity = capacity;
	}
	dwarf->ranges[dwarf->range_count++] = (struct range){begin, end, unit};
	return true;
}

static void add_unit(struct dwarf *dwarf, Dwarf_Die *unit)
{
	const Dwarf_Off offset = dwarf_dieoffset(unit);
	Dwarf_Addr base, begin, end;
	ptrdiff_t at = 0;

	while (spend(dwarf) && (at = dwarf_ranges(unit, at, &base, &begin, &end)) > 0)
		if (begin && begin < end && !add_range(dwarf, begin, end, offset)) /* at 0: dropped by the linker */
			return;
}

static int by_begin(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	return (a->begin > b->begin) - (a->begin < b->begin);
}

static void read_units(struct dwarf *dwarf)
{
	unsigned left = UNITS_MAX;
	Dwarf_Off at = 0, next;
	size_t header;
	Dwarf_Die unit;

	dwarf->has_ranges = true;
	while (left-- && dwarf_nextcu(dwarf->libdw, at, &next, &header, NULL, NULL, NULL) == 0) {
		if (dwarf_offdie(dwarf->libdw, at + header, &unit))
			add_unit(dwarf, &unit);
		if (next <= at)
			break;
		at = next;
	}
	if (dwarf->range_count)
		qsort(dwarf->ranges, dwarf->range_count, sizeof(*dwarf->ranges), by_begin);
}

static const struct range *range_at(const struct dwarf *dwarf, uint64_t address)
{
	size_t low = 0, high = dwarf->range_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (dwarf->ranges[middle].begin <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < dwarf->ranges[low - 1].end ? &dwarf->ranges[low - 1] : NULL;
}

/* gcc writes a table of that (.debug_aranges); clang does not. */
static bool find_unit(struct dwarf *dwarf, uint64_t address, Dwarf_Die *unit)
{
	const struct range *range;

	if (dwarf_addrdie(dwarf->libdw, address, unit))
		return true;
	if (!dwarf->has_ranges)
		read_units(dwarf);
	range = range_at(dwarf, address);
	return range && dwarf_offdie(dwarf->libdw, range->unit, unit);
}

/* ---- lines ------------------------------------------------------------------------------------------------- */

static char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	path = slash && slash[1] ? slash + 1 : path;
	return path ? strdup(path) : NULL;
}

/* How long the unit's program of lines is, as it says itself; 0: it has none, or one that is not read. */
static uint64_t lines_size(struct dwarf *dwarf, Dwarf_Die *unit)
{
	const Elf_Data *data = elf_rawdata(dwarf->line_section, NULL);
	Dwarf_Attribute attribute;
	Dwarf_Word offset;
	uint32_t length;

	if (!data || !data->d_buf || dwarf_formudata(dwarf_attr(unit, DW_AT_stmt_list, &attribute), &offset) ||
	    offset > data->d_size || data->d_size - offset < sizeof(length))
		return 0;
	memcpy(&length, (const char *)data->d_buf + offset, sizeof(length)); /* UINT32_MAX: in the 64-bit form */
	return length == UINT32_MAX ? data->d_size - offset : length;
}

static bool find_line(struct dwarf *dwarf, Dwarf_Die *unit, uint64_t address, struct dwarf_call *call)
{
	const uint64_t size = lines_size(dwarf, unit);
	Dwarf_Line *line;
	int number;

	if (!size || size > LINES_MAX)
		return false;
	if (dwarf->counted != dwarf_dieoffset(unit) + 1) {
		dwarf->counted = dwarf_dieoffset(unit) + 1;
		dwarf->bytes += LINES_RATIO * size;
	}
	line = dwarf_getsrc_die(unit, address);
	if (!line || dwarf_lineno(line, &number) || number <= 0)
		return false;
	call->line = (unsigned)number;
	call->file = base_name(dwarf_linesrc(line, NULL, NULL));
	return true;
}

/* Where an inlined function was called. */
static void find_call_site(Dwarf_Die *unit, Dwarf_Die *inlined, struct dwarf_call *call)
{
	Dwarf_Attribute attribute;
	Dwarf_Files *files;
	Dwarf_Word number;
	size_t count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) == 0 &&
	    dwarf_getsrcfiles(unit, &files, &count) == 0 && number < count)
		call->file = base_name(dwarf_filesrc(files, number, NULL, NULL));
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &number) == 0 && number <= UINT32_MAX)
		call->line = (unsigned)number;
}

/* ---- functions --------------------------------------------------------------------------------------------- */

static const char *own_name(Dwarf_Die *entry)
{
	static const unsigned kinds[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name};
	Dwarf_Attribute attribute;

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (dwarf_attr(entry, kinds[i], &attribute)) {
			const char *name = dwarf_formstring(&attribute);

			if (name)
				return name;
		}
	return NULL;
}

static char *name_of(const Dwarf_Die *entry)
{
	Dwarf_Die at = *entry, next;
	const char *name = own_name(&at);

	for (unsigned i = 0; i < REFERENCES_MAX && !name; i++) {
		Dwarf_Attribute attribute;

		if (!dwarf_attr(&at, DW_AT_abstract_origin, &attribute) &&
		    !dwarf_attr(&at, DW_AT_specification, &attribute))
			break;
		if (!dwarf_formref_die(&attribute, &next))
			break;
		at = next;
		name = own_name(&at);
	}
	return name ? strdup(name) : NULL;
}

/* Which functions an address lies in: one that has code of its own, and those inlined into it. */
struct scopes {
	struct dwarf *dwarf;
	uint64_t address;
	bool in_function, too_many;
	Dwarf_Die function;
	Dwarf_Die inlined[DWARF_CALLS_MAX]; /* outermost first */
	unsigned inlined_count;
};

static bool holds(struct scopes *scopes, Dwarf_Die *entry)
{
	Dwarf_Addr base, begin, end;
	ptrdiff_t at = 0;

	while (spend(scopes->dwarf) && (at = dwarf_ranges(entry, at, &base, &begin, &end)) > 0)
		if (begin <= scopes->address && scopes->address < end)
			return true;
	return false;
}

/* What may have functions below it though it has no code itself. */
static bool is_name_scope(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_class_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type;
}

/* The function below *entry; goes into what holds names, to a bounded depth. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static bool find_function(struct scopes *scopes, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die entry;

	if (depth == DEPTH_MAX || dwarf_child(parent, &entry))
		return false;
	do {
		const int tag = dwarf_tag(&entry);

		if (tag == DW_TAG_subprogram && holds(scopes, &entry)) {
			scopes->in_function = true;
			scopes->function = entry;
			return true;
		}
		if (is_name_scope(tag) && find_function(scopes, &entry, depth + 1))
			return true;
	} while (spend(scopes->dwarf) && dwarf_siblingof(&entry, &entry) == 0);
	return false;
}

static void enter(struct scopes *scopes, const Dwarf_Die *entry, int tag)
{
	if (tag == DW_TAG_subprogram) { /* a function within a function */
		scopes->function = *entry;
		scopes->inlined_count = 0;
	} else if (tag == DW_TAG_inlined_subroutine && scopes->inlined_count + 1 < DWARF_CALLS_MAX) {
		scopes->inlined[scopes->inlined_count++] = *entry;
	} else if (tag == DW_TAG_inlined_subroutine) {
		scopes->too_many = true;
	}
}

/* The entry below *parent that holds the address. */
static bool find_inner(struct scopes *scopes, Dwarf_Die *parent, Dwarf_Die *inner)
{
	if (dwarf_child(parent, inner))
		return false;
	do {
		const int tag = dwarf_tag(inner);

		if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_subprogram ||
		     tag == DW_TAG_try_block || tag == DW_TAG_catch_block) &&
		    holds(scopes, inner))
			return true;
	} while (spend(scopes->dwarf) && dwarf_siblingof(inner, inner) == 0);
	return false;
}

static void find_inlined(struct scopes *scopes)
{
	Dwarf_Die at = scopes->function, inner;

	while (find_inner(scopes, &at, &inner)) {
		enter(scopes, &inner, dwarf_tag(&inner));
		at = inner;
	}
}

/* Innermost first. If one of the inlined has no name, none of them is told. */
static bool name_inlined(struct scopes *scopes, Dwarf_Die *unit, struct dwarf_place *place)
{
	for (unsigned i = 0; i < scopes->inlined_count; i++) {
		Dwarf_Die *inlined = &scopes->inlined[scopes->inlined_count - 1 - i];

		place->calls[i].function = name_of(inlined);
		place->count = i + 1;
		if (!place->calls[i].function)
			return false;
		find_call_site(unit, inlined, &place->calls[i + 1]);
		place->count = i + 2;
	}
	return true;
}

static void find_calls(struct dwarf *dwarf, Dwarf_Die *unit, uint64_t address, struct dwarf_place *place)
{
	struct scopes scopes = {.dwarf = dwarf, .address = address};

	if (!find_function(&scopes, unit, 0))
		return;
	find_inlined(&scopes);
	if (scopes.too_many || !name_inlined(&scopes, unit, place))
		dwarf_place_free(place);
	if (!place->count)
		place->count = 1;
	place->calls[place->count - 1].function = name_of(&scopes.function);
}

/* ---- together ---------------------------------------------------------------------------------------------- */

void dwarf_find(struct dwarf *dwarf, uint64_t address, struct dwarf_place *place)
{
	struct dwarf_call innermost = {.line = 0};
	Dwarf_Die unit;

	*place = (struct dwarf_place){.count = 0};
	dwarf->steps = dwarf->all_steps < ALL_STEPS_MAX ? STEPS_MAX : 0;
	if (!find_unit(dwarf, address, &unit) || !find_line(dwarf, &unit, address, &innermost))
		return;
	find_calls(dwarf, &unit, address, place);
	if (!place->count)
		place->count = 1;
	place->calls[0].file = innermost.file;
	place->calls[0].line = innermost.line;
}

void dwarf_place_free(struct dwarf_place *place)
{
	for (unsigned i = 0; i < place->count; i++) {
		free(place->calls[i].function);
		free(place->calls[i].file);
	}
	*place = (struct dwarf_place){.count = 0};
}
