/* SPDX-License-Identifier: BSD-2-Clause
 * Names made readable, frames and variables in words, which of several symbols is told, registers by number;
 * user/symbol/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"
#include "symbol/expression.h"
#include "symbol/symbol.h"
#include "symbol/symtab.h"

struct pair {
	const char *symbol, *name;
};

static void check_names(char *(*demangle)(const char *), const struct pair *pairs, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char *name = demangle(pairs[i].symbol);

		assert_string_equal(name, pairs[i].name);
		free(name);
	}
}

#define CHECK_NAMES(demangle, pairs) check_names(demangle, pairs, sizeof(pairs) / sizeof(*(pairs)))

static void test_functions(void **state)
{
	static const struct pair pairs[] = {
	    {"main", "main"},
	    {"memcpy@@GLIBC_2.14", "memcpy"},
	    {"memcpy@GLIBC_2.2.5", "memcpy"},
	    {"_ZN4bank7AccountIlE8withdrawEl", "bank::Account<long>::withdraw"},
	    {"_ZNSt6thread11_State_implINS_8_InvokerISt5tupleIJZ4mainEUlvE_EEEEE6_M_runEv",
	     "std::thread::_State_impl<std::thread::_Invoker<std::tuple<main::{lambda()#1}> > >::_M_run"},
	    /* Rust, the older mangling with its hash, and the newer */
	    {"_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"},
	    {"_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"},
	    /* the compiler's copies of a whole function, and its parts */
	    {"work.constprop.0", "work"},
	    {"work.isra.0.constprop.3", "work"},
	    {"work.part.0", "work.part.0"},
	    {"work.cold", "work.cold"},
	    {"_Z4workv.constprop.0", "work"},
	    {"main.1", "main.1"},
	    {"_Znot_mangled", "_Znot_mangled"},
	    {"_", "_"},
	};

	(void)state;
	CHECK_NAMES(demangle_function, pairs);
}

static void test_variables(void **state)
{
	static const struct pair pairs[] = {
	    {"the_lock", "the_lock"},
	    {"count.2", "count"},
	    {"_ZN4bank7savingsE", "bank::savings"},
	    {".5", ".5"},
	    {"version.", "version."},
	    {"_PyRuntime", "_PyRuntime"},
	};

	(void)state;
	CHECK_NAMES(demangle_variable, pairs);
}

/* Cut where a character begins, with a mark. */
static void test_long_names(void **state)
{
	char symbol[1200];
	char *name;

	(void)state;
	symbol[0] = 'x';
	for (unsigned i = 0; i < 599; i++)
		memcpy(symbol + 1 + 2 * i, "ä", 2);
	symbol[1199] = '\0';
	name = demangle_function(symbol);
	assert_true(strlen(name) < DEMANGLE_MAX);
	assert_string_equal(name + strlen(name) - 5, "ä…");
	free(name);
}

static void check_words(const struct symbol_frame *frame, const char *words)
{
	struct buffer text = {.data = NULL};

	symbol_format(frame, &text);
	assert_string_equal(buffer_text(&text), words);
	buffer_free(&text);
}

static void test_frames_in_words(void **state)
{
	struct symbol_frame frame = {.address = 0x7f0000001012,
				     .function = "work",
				     .offset = 0x12,
				     .object = "/usr/lib/libfoo.so",
				     .object_offset = 0x1012,
				     .file = "bank.c",
				     .line = 41};

	(void)state;
	check_words(&frame, "work at bank.c:41");
	frame.line = 0;
	check_words(&frame, "work+0x12 (libfoo.so)");
	frame.offset = 0;
	check_words(&frame, "work (libfoo.so)");
	frame.function = NULL;
	check_words(&frame, "0x1012 in /usr/lib/libfoo.so");
	frame.line = 7;
	check_words(&frame, "bank.c:7");
	frame.line = 0;
	frame.object = NULL;
	check_words(&frame, "0x7f0000001012");
}

static void test_variables_in_words(void **state)
{
	struct symbol_data data = {
	    .place = SYMBOL_PLACE_OBJECT, .name = "bank", .offset = 16, .object = "/bin/x", .object_offset = 0x4010};
	struct buffer text = {.data = NULL};

	(void)state;
	symbol_data_format(&data, &text);
	data.name = NULL;
	buffer_char(&text, '|');
	symbol_data_format(&data, &text);
	data = (struct symbol_data){.place = SYMBOL_PLACE_HEAP};
	buffer_char(&text, '|');
	symbol_data_format(&data, &text);
	assert_string_equal(buffer_text(&text), "bank+16|0x4010 in /bin/x|");
	buffer_free(&text);
}

/* ---- which symbol ------------------------------------------------------------------------------------- */

#define SYMBOLS 10

/* An ELF file made of a table of symbols and one section of code. */
static void make_table(struct symtab *table, const char *const *names, Elf64_Sym *symbols, unsigned count)
{
	char strings[256] = "";
	uint8_t bytes[sizeof(Elf64_Sym) * SYMBOLS + sizeof(strings)];
	size_t length = 1;
	struct elf_section sections[] = {
	    {.name = ""},
	    {.name = ".text",
	     .type = SHT_PROGBITS,
	     .flags = SHF_ALLOC | SHF_EXECINSTR,
	     .address = 0x1000,
	     .size = 0x1000},
	    {.name = ".symtab",
	     .type = SHT_SYMTAB,
	     .link = 3,
	     .size = count * sizeof(*symbols),
	     .entry_size = sizeof(*symbols)},
	    {.name = ".strtab", .type = SHT_STRTAB, .offset = sizeof(Elf64_Sym) * SYMBOLS, .size = sizeof(strings)},
	};
	const struct elf elf = {.bytes = {.descriptor = -1, .memory = bytes, .size = sizeof(bytes)},
				.wide = true,
				.sections = sections,
				.section_count = 4};

	for (unsigned i = 0; i < count; i++) {
		symbols[i].st_name = (Elf64_Word)length;
		symbols[i].st_shndx = 1;
		memcpy(strings + length, names[i], strlen(names[i]) + 1);
		length += strlen(names[i]) + 1;
	}
	memcpy(bytes, symbols, count * sizeof(*symbols));
	memcpy(bytes + sizeof(Elf64_Sym) * SYMBOLS, strings, sizeof(strings));
	assert_int_equal(symtab_add(table, &elf, &elf, SHT_SYMTAB), 0);
	symtab_sort(table);
}

static void check_at(const struct symtab *table, uint64_t address, const char *name)
{
	const struct symtab_symbol *symbol = symtab_at(&table->code, address);

	if (!name)
		assert_null(symbol);
	else
		assert_string_equal(symbol->name, name);
}

static void test_which_symbol(void **state)
{
	const char *const names[] = {"__GI_lock", "__lock", "lock", "lock@OLD", "around", "inner", "label", "outside"};
	const unsigned char function = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			    label = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE);
	Elf64_Sym symbols[] = {
	    {.st_info = function, .st_value = 0x1000, .st_size = 16},
	    {.st_info = function, .st_value = 0x1000, .st_size = 16},
	    {.st_info = ELF64_ST_INFO(STB_WEAK, STT_FUNC), .st_value = 0x1000, .st_size = 16},
	    {.st_info = function, .st_value = 0x1000, .st_size = 16},
	    {.st_info = function, .st_value = 0x1100, .st_size = 0x100},
	    {.st_info = function, .st_value = 0x1120, .st_size = 16},
	    {.st_info = label, .st_value = 0x1300},
	    {.st_info = function, .st_value = 0x9000, .st_size = 16},
	};
	struct symtab table = {.string_count = 0};

	(void)state;
	make_table(&table, names, symbols, 8);
	check_at(&table, 0x0fff, NULL);
	check_at(&table, 0x1000, "lock"); /* of several names the one that people use */
	check_at(&table, 0x100f, "lock");
	check_at(&table, 0x1010, NULL); /* behind its end */
	check_at(&table, 0x1125, "inner");
	check_at(&table, 0x1130, "around"); /* behind the inner one, still in the outer */
	check_at(&table, 0x1200, NULL);
	check_at(&table, 0x1fff, "label"); /* to the end of its section */
	check_at(&table, 0x9004, NULL);    /* says it is in a section that is elsewhere */
	assert_non_null(symtab_named(&table.code, "__lock"));
	assert_null(symtab_named(&table.code, "outside"));
	assert_null(symtab_named(&table.code, "loc"));
	symtab_free(&table);
}

/* ---- registers, expressions ------------------------------------------------------------------------------ */

static void test_registers(void **state)
{
	struct symbol_registers registers;
	uint64_t saved[21];

	(void)state;
#if defined(__x86_64__)
	for (unsigned i = 0; i < 21; i++)
		saved[i] = 100 + i;
	assert_int_equal(symbol_registers_saved(&registers, saved, sizeof(saved)), 0);
	assert_int_equal(registers.machine, EM_X86_64);
	assert_int_equal(registers.ip, 116);
	assert_int_equal(registers.sp, 119);
	assert_int_equal(registers.value[6], 104);  /* rbp */
	assert_int_equal(registers.value[3], 105);  /* rbx */
	assert_int_equal(registers.value[15], 100); /* r15 */
	assert_int_equal(registers.known, 0xffff);
	saved[17] = 0x23;
	assert_int_equal(symbol_registers_saved(&registers, saved, sizeof(saved)), 0);
	assert_int_equal(registers.machine, EM_386);
	assert_int_equal(registers.value[4], 119); /* esp */
	assert_int_equal(registers.known, 0xff);
#endif
	assert_int_equal(symbol_registers_saved(&registers, saved, 8), -EINVAL);
}

static bool no_memory(void *private, uint64_t address, unsigned size, uint64_t *value)
{
	(void)private, (void)size;
	*value = address + 1;
	return address != 0;
}

static void test_expressions(void **state)
{
	const struct symbol_registers registers = {.known = 1u << 7 | 1u << 16, .value = {[7] = 0x1000, [16] = 0x2b}};
	const struct expression_context context = {.registers = &registers, .address_size = 8, .read = no_memory};
	/* What ld writes for the procedure linkage table: rsp + 8 + ((rip & 15) >= 11) * 8. */
	static const uint8_t plt[] = {0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22};
	static const uint8_t for_ever[] = {0x2f, 0xfd, 0xff};
	static const uint8_t unknown_register[] = {0x70, 0};
	static const uint8_t empties_too_much[] = {0x31, 0x22};
	static const uint8_t by_zero[] = {0x31, 0x30, 0x1b};
	static const uint8_t memory[] = {0x77, 0, 0x06}, no_such_memory[] = {0x30, 0x06};
	uint64_t value;

	(void)state;
	assert_true(expression_evaluate(&context, plt, sizeof(plt), false, 0, &value));
	assert_int_equal(value, 0x1010);
	assert_true(expression_evaluate(&context, memory, sizeof(memory), false, 0, &value));
	assert_int_equal(value, 0x1001);
	assert_true(expression_evaluate(&context, NULL, 0, true, 42, &value));
	assert_int_equal(value, 42);
	assert_false(expression_evaluate(&context, NULL, 0, false, 0, &value));
	assert_false(expression_evaluate(&context, for_ever, sizeof(for_ever), false, 0, &value));
	assert_false(expression_evaluate(&context, unknown_register, sizeof(unknown_register), false, 0, &value));
	assert_false(expression_evaluate(&context, empties_too_much, sizeof(empties_too_much), false, 0, &value));
	assert_false(expression_evaluate(&context, by_zero, sizeof(by_zero), false, 0, &value));
	assert_false(expression_evaluate(&context, no_such_memory, sizeof(no_such_memory), false, 0, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_functions),          cmocka_unit_test(test_variables),
	    cmocka_unit_test(test_long_names),         cmocka_unit_test(test_frames_in_words),
	    cmocka_unit_test(test_variables_in_words), cmocka_unit_test(test_which_symbol),
	    cmocka_unit_test(test_registers),          cmocka_unit_test(test_expressions),
	};

	return cmocka_run_group_tests_name("symbol_names", tests, NULL, NULL);
}
