/* SPDX-License-Identifier: BSD-2-Clause
 * Call frame information as user/symbol/ reads it, against what libdw makes of the same files: this program, the C
 * library, and programs in several versions of DWARF. Lines come from libdw there too, so for them this checks that the
 * right unit is asked; the walk to inlined functions is our own, and compared with dwarf_getscopes. Lines that are
 * known from the source: test_symbol_unwind.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "symbol_target.h"

#if __has_include(<elfutils/libdw.h>) && defined(__x86_64__)
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "symbol/cfi.h"
#include "symbol/dwarf.h"
#include "symbol/file.h"

struct subject {
	int fd;
	struct elf ours;
	Elf *theirs;
	uint64_t begin, end; /* of its code */
};

static void open_subject(struct subject *subject, const char *path)
{
	struct elf_bytes bytes = {.descriptor = open(path, O_RDONLY | O_CLOEXEC)};
	const struct elf_section *text;
	struct file_identity identity;

	assert_true(bytes.descriptor >= 0 && file_identify(bytes.descriptor, &identity));
	bytes.size = identity.size;
	subject->fd = bytes.descriptor;
	assert_int_equal(elf_open(&subject->ours, &bytes), 0);
	elf_version(EV_CURRENT);
	subject->theirs = elf_begin(subject->fd, ELF_C_READ, NULL);
	assert_non_null(subject->theirs);
	text = elf_find_section(&subject->ours, ".text");
	assert_non_null(text);
	subject->begin = text->address;
	subject->end = text->address + text->size;
}

static void close_subject(struct subject *subject)
{
	elf_end(subject->theirs);
	elf_close(&subject->ours);
	close(subject->fd);
}

/* ---- call frame information ------------------------------------------------------------------------- */

static int64_t operand(const Dwarf_Op *ops, size_t count)
{
	return count < 2 ? 0 : (int64_t)ops[1].number;
}

static void compare_frame(const struct cfi_row *row, Dwarf_Frame *frame, uint64_t address)
{
	Dwarf_Op *ops;
	size_t count;

	assert_int_equal(dwarf_frame_cfa(frame, &ops, &count), 0);
	if (row->frame_by_expression) /* libdw gives the operations of the expression */
		return;
	if (count != 1 || ops[0].atom != DW_OP_bregx || ops[0].number != row->frame_register ||
	    (int64_t)ops[0].number2 != row->frame.offset)
		fail_msg("at 0x%" PRIx64 ": frame r%u%+" PRId64 ", libdw: %zu operations, %#x %" PRIu64 " %" PRId64,
			 address, row->frame_register, row->frame.offset, count, ops[0].atom, ops[0].number,
			 (int64_t)ops[0].number2);
}

static void compare_register(const struct cfi_row *row, Dwarf_Frame *frame, unsigned number, uint64_t address)
{
	const struct cfi_rule *rule = &row->rules[number];
	Dwarf_Op memory[3], *ops;
	size_t count;

	assert_int_equal(dwarf_frame_register(frame, (int)number, memory, &ops, &count), 0);
	if (count == 0 && ops == NULL) {
		assert_true(rule->kind == CFI_UNSPECIFIED || rule->kind == CFI_SAME);
	} else if (count == 0) {
		assert_true(rule->kind == CFI_UNDEFINED || rule->kind == CFI_UNSPECIFIED);
	} else if (ops[0].atom == DW_OP_call_frame_cfa && ops[count - 1].atom != DW_OP_stack_value &&
		   rule->kind == CFI_OFFSET) {
		if (operand(ops, count) != rule->offset)
			fail_msg("at 0x%" PRIx64 ": r%u at %+" PRId64 ", libdw: %+" PRId64, address, number,
				 rule->offset, operand(ops, count));
	} else {
		assert_true(rule->kind == CFI_EXPRESSION || rule->kind == CFI_VALUE_EXPRESSION ||
			    rule->kind == CFI_REGISTER || rule->kind == CFI_VALUE_OFFSET);
	}
}

/* Registers that a caller gets back, and the return address. */
static const unsigned followed[] = {3, 6, 12, 13, 14, 15, 16};

static void check_frames(const char *path)
{
	struct subject subject;
	struct cfi cfi;
	Dwarf_CFI *their_cfi;
	unsigned known = 0, all = 0;

	open_subject(&subject, path);
	their_cfi = dwarf_getcfi_elf(subject.theirs);
	assert_non_null(their_cfi);
	assert_int_equal(cfi_open_eh_frame(&cfi, &subject.ours), 0);
	for (uint64_t address = subject.begin; address < subject.end; address += 13) {
		Dwarf_Frame *frame = NULL;
		const bool theirs = dwarf_cfi_addrframe(their_cfi, address, &frame) == 0;
		struct cfi_row row;

		cfi_find(&cfi, address, &row);
		if (row.found != theirs)
			fail_msg("at 0x%" PRIx64 ": found %d, by libdw %d", address, row.found, theirs);
		all++;
		if (!theirs)
			continue;
		known++;
		compare_frame(&row, frame, address);
		for (unsigned i = 0; i < sizeof(followed) / sizeof(*followed); i++)
			compare_register(&row, frame, followed[i], address);
		free(frame);
	}
	assert_true(known > all / 2);
	cfi_free(&cfi);
	dwarf_cfi_end(their_cfi);
	close_subject(&subject);
}

static void test_frames_of_libc(void **state)
{
	const char *path = "/lib/x86_64-linux-gnu/libc.so.6";

	(void)state;
	if (access(path, R_OK))
		skip();
	check_frames(path);
}

static void test_frames_of_this(void **state)
{
	(void)state;
	check_frames("/proc/self/exe");
}

static void test_frames_of_static(void **state)
{
	char path[2 * PATH_MAX];

	(void)state;
	target_path(path, sizeof(path), "chain-static");
	check_frames(path);
}

/* Why call frame information is not left to libdw: a register number of four bytes makes it take half a gigabyte here,
 * and up to 2 GB, each time that an address is looked up (elfutils 0.188). */
static const uint8_t usual_start[] = {0x0c, 7, 8, 0x80 | 16, 1, 0, 0};      /* frame: r7+8; r16 at -8 */
static const uint8_t large_number[] = {0x05, 0xff, 0xff, 0xff, 0x0f, 1, 0}; /* r33554431 at -8 */

static uint8_t *with_large_number(size_t *size)
{
	const char *name = "chain-debug";
	char path[2 * PATH_MAX];
	struct stat status;
	uint8_t *data, *at;
	int fd;

	target_path(path, sizeof(path), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &status) == 0);
	*size = (size_t)status.st_size;
	data = malloc(*size);
	assert_int_equal(read(fd, data, *size), *size);
	close(fd);
	at = memmem(data, *size, usual_start, sizeof(usual_start));
	assert_non_null(at);
	for (; at; at = memmem(data, *size, usual_start, sizeof(usual_start)))
		memcpy(at, large_number, sizeof(large_number));
	return data;
}

/* From an address on, until something is known; some of the start-up code has no entry. */
static void look_up_with_libdw(uint8_t *data, size_t size, uint64_t address, uint64_t end)
{
	Elf *elf = elf_memory((char *)data, size);
	Dwarf_CFI *cfi = dwarf_getcfi_elf(elf);
	Dwarf_Frame *frame = NULL;

	while (cfi && address < end && dwarf_cfi_addrframe(cfi, address, &frame))
		address += 16;
	free(frame);
}

static void look_up_with_ours(uint8_t *data, size_t size, uint64_t address, uint64_t end)
{
	struct elf elf;
	struct cfi cfi;
	struct cfi_row row;

	elf_open(&elf, &(struct elf_bytes){-1, data, size});
	cfi_open_eh_frame(&cfi, &elf);
	for (; address < end; address += 16)
		cfi_find(&cfi, address, &row);
}

static long kilobytes_of(void (*look_up)(uint8_t *, size_t, uint64_t, uint64_t), uint8_t *data, size_t size,
			 const struct elf_section *text)
{
	struct rusage before, usage;
	int status;
	pid_t pid;

	getrusage(RUSAGE_SELF, &before);
	pid = fork();
	if (pid == 0) {
		look_up(data, size, text->address, text->address + text->size);
		_exit(0);
	}
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	assert_int_equal(status, 0);
	return usage.ru_maxrss > before.ru_maxrss ? usage.ru_maxrss - before.ru_maxrss : 0;
}

static void test_large_register_number(void **state)
{
	size_t size;
	uint8_t *data = with_large_number(&size);
	const struct elf_section *text;
	struct elf elf;
	long ours, theirs;

	(void)state;
	elf_version(EV_CURRENT);
	assert_int_equal(elf_open(&elf, &(struct elf_bytes){-1, data, size}), 0);
	text = elf_find_section(&elf, ".text");
	assert_non_null(text);
	ours = kilobytes_of(look_up_with_ours, data, size, text);
	theirs = kilobytes_of(look_up_with_libdw, data, size, text);
	print_message("# a large register number: %ld kB, libdw %ld kB\n", ours, theirs);
	assert_true(ours < 16 * 1024);
	elf_close(&elf);
	free(data);
}

/* ---- lines and inlined functions ------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *their_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		return dwarf_formstring(&attribute);
	return dwarf_diename(die);
}

static void compare_scopes(Dwarf_Die *unit, const struct dwarf_place *place, uint64_t address)
{
	Dwarf_Die *inner = NULL, *scopes = NULL;
	int count = dwarf_getscopes(unit, address, &inner);
	unsigned at = 0;

	/* Beyond the first inlined function it goes on with where that was written; wanted is where it was inlined. */
	if (count > 0)
		count = dwarf_getscopes_die(&inner[0], &scopes);
	free(inner);
	for (int i = 0; i < count; i++) {
		const int tag = dwarf_tag(&scopes[i]);
		const char *name;

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		name = their_name(&scopes[i]);
		if (at >= place->count || !name || !place->calls[at].function ||
		    strcmp(name, place->calls[at].function) != 0)
			fail_msg("at 0x%" PRIx64 ": function %u is %s, by libdw %s", address, at,
				 at < place->count ? place->calls[at].function : "(none)", name ? name : "(none)");
		at++;
		if (tag == DW_TAG_subprogram)
			break;
		if (at < place->count) {
			Dwarf_Attribute attribute;
			Dwarf_Word line = 0;

			dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_line, &attribute), &line);
			assert_int_equal(place->calls[at].line, line);
		}
	}
	if (at)
		assert_int_equal(at, place->count);
	free(scopes);
}

static void check_lines(const char *path)
{
	struct subject subject;
	struct dwarf *ours;
	Dwarf *theirs;
	unsigned known = 0, inlined = 0;

	open_subject(&subject, path);
	ours = dwarf_open(&subject.ours, DWARF_UNPACK_MAX);
	theirs = dwarf_begin_elf(subject.theirs, DWARF_C_READ, NULL);
	assert_true(ours && theirs);
	for (uint64_t address = subject.begin; address < subject.end && known < 8000; address += 7) {
		struct dwarf_place place;
		Dwarf_Die unit;
		Dwarf_Line *line = NULL;
		int number = 0;

		if (dwarf_addrdie(theirs, address, &unit))
			line = dwarf_getsrc_die(&unit, address);
		if (line)
			dwarf_lineno(line, &number);
		if (!number)
			continue;
		known++;
		dwarf_find(ours, address, &place);
		if (!place.count || place.calls[0].line != (unsigned)number ||
		    strcmp(place.calls[0].file, base_name(dwarf_linesrc(line, NULL, NULL))) != 0)
			fail_msg("at 0x%" PRIx64 ": %s:%u, by libdw %s:%d", address,
				 place.count ? place.calls[0].file : "?", place.count ? place.calls[0].line : 0,
				 dwarf_linesrc(line, NULL, NULL), number);
		inlined += place.count > 1;
		compare_scopes(&unit, &place, address);
		dwarf_place_free(&place);
	}
	assert_true(known > 0);
	print_message("# %s: %u addresses, %u of them in inlined functions\n", base_name(path), known, inlined);
	dwarf_free(ours);
	dwarf_end(theirs);
	close_subject(&subject);
}

static void check_program(const char *program)
{
	char path[2 * PATH_MAX];

	target_path(path, sizeof(path), program);
	if (access(path, R_OK))
		skip();
	check_lines(path);
}

static void test_lines_of_this(void **state)
{
	(void)state;
	check_lines("/proc/self/exe");
}

static void test_lines_dwarf4(void **state)
{
	(void)state;
	check_program("chain-dwarf4");
}

static void test_lines_packed(void **state)
{
	(void)state;
	check_program("chain-packed");
}

static void test_lines_cplusplus(void **state)
{
	(void)state;
	check_program("chain-c++");
}

/* What takes long to unpack is left alone: the names of symbols do without. */
static void test_lines_packed_too_large(void **state)
{
	char path[2 * PATH_MAX];
	struct subject subject;
	struct dwarf *dwarf;

	(void)state;
	target_path(path, sizeof(path), "chain-packed");
	open_subject(&subject, path);
	assert_null(dwarf_open(&subject.ours, 1000));
	dwarf = dwarf_open(&subject.ours, DWARF_UNPACK_APART_MAX);
	assert_non_null(dwarf);
	dwarf_free(dwarf);
	close_subject(&subject);
}

/* ---- files that a file names ---------------------------------------------------------------------------------- */

#define LINE_STRP "\x01\x1f" /* in a table of lines, version 5: a path, as an offset into .debug_line_str */
#define STRP_SUP "\x01\x1d"  /* the same, in the file that .gnu_debugaltlink names */

/* A copy of a program whose names of source files are in a "file" that is a FIFO: to open it would not come back. */
static void make_linked(const char *directory, char *copy, size_t room)
{
	char program[2 * PATH_MAX], text[4 * PATH_MAX];
	unsigned changed = 0;
	struct stat status;
	char *data, *at;
	FILE *file;
	int fd;

	target_path(program, sizeof(program), "chain-debug");
	snprintf(copy, room, "%s/linked", directory);
	snprintf(text, sizeof(text), "%s/fifo", directory);
	assert_int_equal(mkfifo(text, 0600), 0);
	snprintf(text, sizeof(text), "%s/link", directory);
	file = fopen(text, "w");
	assert_non_null(file);
	fprintf(file, "%s/fifo%ctwenty bytes of an id", directory, 0);
	fclose(file);
	snprintf(text, sizeof(text), "objcopy --add-section .gnu_debugaltlink=%s/link %s %s", directory, program, copy);
	assert_int_equal(system(text), 0);
	fd = open(copy, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &status) == 0);
	data = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(data != MAP_FAILED);
	close(fd);
	for (char *from = data; (at = memmem(from, (size_t)(data + status.st_size - from), LINE_STRP, 2)); changed++) {
		memcpy(at, STRP_SUP, 2);
		from = at + 2;
	}
	munmap(data, (size_t)status.st_size);
	assert_true(changed > 0);
}

static void test_no_named_file_is_opened(void **state)
{
	char directory[] = "/tmp/lifeline-symbol-XXXXXX", path[PATH_MAX], text[PATH_MAX + 16];
	struct dwarf_place place;
	struct subject subject;
	struct dwarf *dwarf;

	(void)state;
	if (system("command -v objcopy >/dev/null"))
		skip();
	assert_non_null(mkdtemp(directory));
	make_linked(directory, path, sizeof(path));
	open_subject(&subject, path);
	dwarf = dwarf_open(&subject.ours, DWARF_UNPACK_MAX);
	assert_non_null(dwarf);
	alarm(20); /* a hang is a failure */
	for (uint64_t address = subject.begin; address < subject.end; address += 16) {
		dwarf_find(dwarf, address, &place);
		dwarf_place_free(&place);
	}
	alarm(0);
	dwarf_free(dwarf);
	close_subject(&subject);
	snprintf(text, sizeof(text), "rm -r %s", directory);
	assert_int_equal(system(text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frames_of_libc),         cmocka_unit_test(test_frames_of_this),
	    cmocka_unit_test(test_frames_of_static),       cmocka_unit_test(test_large_register_number),
	    cmocka_unit_test(test_lines_of_this),          cmocka_unit_test(test_lines_dwarf4),
	    cmocka_unit_test(test_lines_packed),           cmocka_unit_test(test_lines_cplusplus),
	    cmocka_unit_test(test_lines_packed_too_large), cmocka_unit_test(test_no_named_file_is_opened),
	};

	return cmocka_run_group_tests_name("symbol_dwarf", tests, NULL, NULL);
}

#else

static void test_against_libdw(void **state)
{
	(void)state;
	skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_libdw)};

	return cmocka_run_group_tests_name("symbol_dwarf", tests, NULL, NULL);
}

#endif
