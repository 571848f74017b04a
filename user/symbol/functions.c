/* SPDX-License-Identifier: BSD-2-Clause
 * Where functions begin in a file, by name; see symbol.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "symbol/elf.h"
#include "symbol/symbol.h"
#include "symbol/symtab.h"

#define ELF_SYMTAB 2 /* SHT_SYMTAB */
#define ELF_DYNSYM 11 /* SHT_DYNSYM */

/* The same name, a version behind '@' not minded. */
static bool is_named(const char *symbol, const char *name)
{
	const size_t length = strlen(name);

	return !strncmp(symbol, name, length) && (!symbol[length] || symbol[length] == '@');
}

static bool told_before(const struct symbol_function *found, unsigned count, uint64_t offset)
{
	for (unsigned i = 0; i < count; i++)
		if (found[i].file_offset == offset)
			return true;
	return false;
}

static unsigned search(const struct symtab *table, const struct elf *elf, const char *const *names,
		       struct symbol_function *found, unsigned max)
{
	unsigned count = 0;

	for (size_t i = 0; i < table->code.count; i++)
		for (unsigned which = 0; names[which] && count < max; which++) {
			uint64_t offset, available;

			if (!is_named(table->code.symbols[i].name, names[which]) ||
			    !elf_offset_of(elf, table->code.symbols[i].address, &offset, &available) ||
			    told_before(found, count, offset))
				continue;
			found[count++] = (struct symbol_function){.which = which, .file_offset = offset};
		}
	return count;
}

int symbol_functions(int descriptor, const char *const *names, struct symbol_function *found, unsigned max)
{
	struct elf_bytes bytes = {.descriptor = descriptor};
	struct symtab table = {0};
	struct stat status;
	struct elf elf;
	int result;

	if (fstat(descriptor, &status))
		return -errno;
	bytes.size = (uint64_t)status.st_size;
	result = elf_open(&elf, &bytes);
	if (result)
		return result;
	result = symtab_add(&table, &elf, &elf, ELF_SYMTAB);
	if (!result || result == -ENOENT)
		result = symtab_add(&table, &elf, &elf, ELF_DYNSYM);
	if (!result || result == -ENOENT)
		result = (int)search(&table, &elf, names, found, max);
	symtab_free(&table);
	elf_close(&elf);
	return result;
}
