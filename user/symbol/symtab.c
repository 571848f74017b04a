/* SPDX-License-Identifier: BSD-2-Clause
 * Sorted symbols; see symtab.h. */
#include "symbol/symtab.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How many symbols that begin before an address, yet end before it too, are passed on the way to one around them all.
 */
#define NESTED_MAX 64
/* Longer names are nobody's, and would make sorting take for ever: each of millions may point to the same long one. */
#define NAME_MAX_BYTES 2048

/* Of either class. */
struct raw_symbol {
	uint32_t name;
	uint8_t info;
	uint16_t section;
	uint64_t value, size;
};

static struct raw_symbol take_symbol(bool wide, const uint8_t *from)
{
	Elf64_Sym long_one;
	Elf32_Sym short_one;

	if (wide) {
		memcpy(&long_one, from, sizeof(long_one));
		return (struct raw_symbol){long_one.st_name, long_one.st_info, long_one.st_shndx, long_one.st_value,
					   long_one.st_size};
	}
	memcpy(&short_one, from, sizeof(short_one));
	return (struct raw_symbol){short_one.st_name, short_one.st_info, short_one.st_shndx, short_one.st_value,
				   short_one.st_size};
}

/* What people call a thing that has several names: `malloc`, not `__libc_malloc`, nor glibc's `__GI_…`; the version
 * that is linked against today ("@@"), not an older one ("@"). */
static uint8_t rank_of(const struct raw_symbol *raw, const char *name)
{
	const char *version = strchr(name, '@');
	unsigned rank = name[0] != '_' ? 96 : name[1] != '_' ? 64 : strncmp(name, "__GI_", 5) != 0 ? 32 : 0;

	if (!version || version[1] == '@')
		rank += 16;
	rank += raw->size ? 8 : 0;
	switch (ELF64_ST_BIND(raw->info)) {
	case STB_GLOBAL:
	case STB_GNU_UNIQUE:
		rank += 4;
		break;
	case STB_WEAK:
		rank += 2;
		break;
	default:
		break;
	}
	return (uint8_t)(rank + (ELF64_ST_TYPE(raw->info) != STT_NOTYPE));
}

static int append(struct symtab_list *list, const struct symtab_symbol *symbol)
{
	if (list->count == list->capacity) {
		const size_t capacity = list->capacity ? list->capacity * 2 : 256;
		struct symtab_symbol *larger = reallocarray(list->symbols, capacity, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		list->symbols = larger;
		list->capacity = capacity;
	}
	list->symbols[list->count++] = *symbol;
	return 0;
}

/* The list that a symbol belongs to, NULL for those that name no code or variable of this file. */
static struct symtab_list *list_for(struct symtab *table, const struct elf *elf, const struct raw_symbol *raw,
				    const char *name)
{
	const struct elf_section *section;

	if (raw->section == SHN_UNDEF || raw->section >= SHN_LORESERVE || raw->section >= elf->section_count || !*name)
		return NULL;
	section = &elf->sections[raw->section];
	if (!(section->flags & SHF_ALLOC) || raw->value < section->address ||
	    raw->value - section->address > section->size || strnlen(name, NAME_MAX_BYTES) == NAME_MAX_BYTES)
		return NULL;
	switch (ELF64_ST_TYPE(raw->info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return &table->code;
	case STT_OBJECT:
	case STT_COMMON:
		return raw->size ? &table->data : NULL;
	case STT_NOTYPE:
		/* Labels of assembler; those with a dollar sign tell arm's disassemblers what follows. */
		return section->flags & SHF_EXECINSTR && name[0] != '$' && name[0] != '.' ? &table->code : NULL;
	default:
		return NULL;
	}
}

/* A symbol that has no size reaches to the end of its section at most; symtab_sort shortens that to the next symbol.
 * Only a full table can say so: with one of exported names alone, what follows may be another function that has none.
 */
static int add_symbol(struct symtab *table, const struct elf *owner, const struct elf *elf, uint32_t type,
		      const struct raw_symbol *raw, const char *name)
{
	struct symtab_list *list = list_for(table, elf, raw, name);
	const struct elf_section *section;
	struct symtab_symbol symbol;
	uint64_t size = raw->size;

	if (!list || (owner->segment_count && !elf_segment_at(owner, raw->value)))
		return 0;
	section = &elf->sections[raw->section];
	if (!size && type == SHT_SYMTAB)
		size = section->address + section->size - raw->value;
	if (!size)
		return 0;
	symbol = (struct symtab_symbol){.address = raw->value,
					.name = name,
					.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
					.rank = rank_of(raw, name),
					.bounded = !raw->size};
	return append(list, &symbol);
}

static const struct elf_section *table_section(const struct elf *elf, uint32_t type)
{
	const unsigned each = elf->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);

	for (unsigned i = 0; i < elf->section_count; i++)
		if (elf->sections[i].type == type && elf->sections[i].entry_size == each &&
		    elf->sections[i].link < elf->section_count &&
		    elf->sections[elf->sections[i].link].type == SHT_STRTAB)
			return &elf->sections[i];
	return NULL;
}

static int add_symbols(struct symtab *table, const struct elf *owner, const struct elf *elf, uint32_t type,
		       const struct elf_part *raw, const struct elf_part *strings)
{
	const size_t each = elf->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	int err = 0;

	for (size_t at = 0; !err && raw->size - at >= each; at += each) {
		const struct raw_symbol symbol = take_symbol(elf->wide, raw->data + at);

		if (symbol.name < strings->size)
			err = add_symbol(table, owner, elf, type, &symbol, (const char *)strings->data + symbol.name);
	}
	return err;
}

int symtab_add(struct symtab *table, const struct elf *owner, const struct elf *elf, uint32_t type)
{
	const struct elf_section *section = table_section(elf, type);
	struct elf_part raw, strings;
	int err;

	if (!section || table->string_count == SYMTAB_STRINGS)
		return -ENOENT;
	err = elf_load_section(elf, &elf->sections[section->link], &strings);
	if (err)
		return err;
	err = elf_load_section(elf, section, &raw);
	if (!err) {
		err = add_symbols(table, owner, elf, type, &raw, &strings);
		elf_part_free(&raw);
	}
	/* Kept also after a failure: what was added before it points there. */
	table->strings[table->string_count++] = strings;
	return err;
}

static int by_address(const void *left, const void *right)
{
	const struct symtab_symbol *a = left, *b = right;
	int order;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	order = strcmp(b->name, a->name);
	return order ? order : (a->size > b->size) - (a->size < b->size);
}

static void sort_list(struct symtab_list *list)
{
	struct symtab_symbol *symbols = list->symbols;
	uint64_t next = UINT64_MAX;

	if (list->count)
		qsort(symbols, list->count, sizeof(*symbols), by_address);
	for (size_t i = list->count; i-- > 0;) {
		if (i + 1 < list->count && symbols[i + 1].address != symbols[i].address)
			next = symbols[i + 1].address;
		if (symbols[i].bounded && symbols[i].size > next - symbols[i].address)
			symbols[i].size = (uint32_t)(next - symbols[i].address);
	}
}

void symtab_sort(struct symtab *table)
{
	sort_list(&table->code);
	sort_list(&table->data);
}

void symtab_free(struct symtab *table)
{
	free(table->code.symbols);
	free(table->data.symbols);
	for (unsigned i = 0; i < table->string_count; i++)
		elf_part_free(&table->strings[i]);
	*table = (struct symtab){.string_count = 0};
}

size_t symtab_bytes(const struct symtab *table)
{
	size_t bytes = (table->code.capacity + table->data.capacity) * sizeof(struct symtab_symbol);

	for (unsigned i = 0; i < table->string_count; i++)
		bytes += table->strings[i].size;
	return bytes;
}

const struct symtab_symbol *symtab_at(const struct symtab_list *list, uint64_t address)
{
	size_t low = 0, high = list->count;

	while (low < high) { /* the first that begins behind the address */
		const size_t middle = low + (high - low) / 2;

		if (list->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (unsigned passed = 0; low > 0 && passed < NESTED_MAX; passed++) {
		const struct symtab_symbol *symbol = &list->symbols[--low];

		if (address - symbol->address < symbol->size)
			return symbol;
	}
	return NULL;
}

const struct symtab_symbol *symtab_named(const struct symtab_list *list, const char *name)
{
	const size_t length = strlen(name);

	for (size_t i = 0; i < list->count; i++) {
		const char *candidate = list->symbols[i].name;

		if (strncmp(candidate, name, length) == 0 && (!candidate[length] || candidate[length] == '@'))
			return &list->symbols[i];
	}
	return NULL;
}
