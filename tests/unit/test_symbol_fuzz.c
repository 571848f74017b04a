/* SPDX-License-Identifier: BSD-2-Clause
 * ELF files that are broken: cut short, with bytes changed, with numbers that lie. Whatever is in them, reading ends
 * soon, stays within memory (run it with SAN=1) and within bounds; user/symbol/. FUZZ_ROUNDS=N sets how many files are
 * made of each program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <lzma.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "symbol/cfi.h"
#include "symbol/debugfile.h"
#include "symbol/demangle.h"
#include "symbol/dwarf.h"
#include "symbol/symtab.h"
#include "symbol_target.h"

/* xorshift: the same files each time. */
static uint64_t random_state = 88172645463325252ULL;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t below(uint64_t limit)
{
	return limit ? random_number() % limit : 0;
}

static unsigned rounds(unsigned usual)
{
	const char *text = getenv("FUZZ_ROUNDS");

	return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

static uint8_t *load(const char *program, size_t *size)
{
	char path[2 * PATH_MAX];
	struct stat status;
	uint8_t *data = NULL;
	int fd;

	target_path(path, sizeof(path), program);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status))
		return NULL;
	*size = (size_t)status.st_size;
	data = malloc(*size);
	assert_int_equal(read(fd, data, *size), *size);
	close(fd);
	return data;
}

/* ---- reading all that can be read ------------------------------------------------------------------- */

static uint64_t some_address(const struct elf *elf)
{
	const struct elf_section *section;

	if (!elf->section_count)
		return below(1 << 20);
	section = &elf->sections[below(elf->section_count)];
	return section->address + below(section->size + 16);
}

static void use_table(const struct elf *elf)
{
	struct symtab table = {.string_count = 0};
	struct elf_part part;
	struct elf packed;

	symtab_add(&table, elf, elf, SHT_SYMTAB);
	symtab_add(&table, elf, elf, SHT_DYNSYM);
	if (debugfile_unpack(elf, &part) == 0) {
		if (elf_open(&packed, &(struct elf_bytes){-1, part.data, part.size}) == 0) {
			symtab_add(&table, elf, &packed, SHT_SYMTAB);
			elf_close(&packed);
		}
		elf_part_free(&part);
	}
	symtab_sort(&table);
	for (unsigned i = 0; i < 32; i++) {
		const struct symtab_symbol *symbol = symtab_at(&table.code, some_address(elf));

		if (symbol)
			free(demangle_function(symbol->name));
		symbol = symtab_at(&table.data, some_address(elf));
		if (symbol)
			free(demangle_variable(symbol->name));
	}
	symtab_named(&table.code, "main");
	symtab_free(&table);
}

static void use_frames(const struct elf *elf)
{
	int (*const open_them[])(struct cfi *, const struct elf *) = {cfi_open_eh_frame, cfi_open_debug_frame};

	for (unsigned i = 0; i < 2; i++) {
		struct cfi cfi;
		struct cfi_row row;

		open_them[i](&cfi, elf);
		for (unsigned each = 0; cfi.section.data && each < 64; each++)
			cfi_find(&cfi, some_address(elf), &row);
		cfi_free(&cfi);
	}
}

static void use_dwarf(const struct elf *elf)
{
	struct dwarf *dwarf = dwarf_open(elf, DWARF_UNPACK_MAX);

	for (unsigned i = 0; dwarf && i < 24; i++) {
		struct dwarf_place place;
		const struct elf_section *text = elf_find_section(elf, ".text");

		dwarf_find(dwarf, text ? text->address + below(text->size) : some_address(elf), &place);
		dwarf_place_free(&place);
	}
	dwarf_free(dwarf);
}

/* From memory of just that size, so that a byte too far is seen. */
static void use(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct elf_bytes bytes = {.descriptor = -1, .memory = exact, .size = size};
	struct elf elf;

	memcpy(exact, data, size);
	if (elf_open(&elf, &bytes) == 0) {
		use_table(&elf);
		use_frames(&elf);
		use_dwarf(&elf);
		elf_close(&elf);
	}
	free(exact);
}

/* ---- breaking ---------------------------------------------------------------------------------------------- */

/* Numbers that are often not checked for. */
static void put_number(uint8_t *at, size_t room)
{
	static const uint64_t numbers[] = {0,          1,          UINT64_MAX, UINT32_MAX, INT64_MAX,
					   0x80000000, 0x7fffffff, 0xffffff00, 0x10000,    4096};
	const uint64_t number = numbers[below(sizeof(numbers) / sizeof(*numbers))];
	const size_t size = (size_t)1 << below(4);

	memcpy(at, &number, size < room ? size : room);
}

static void change(uint8_t *data, size_t size, size_t begin, size_t end)
{
	const size_t at = begin + below(end - begin);

	if (at >= size)
		return;
	switch (below(4)) {
	case 0:
		data[at] ^= (uint8_t)(1u << below(8));
		break;
	case 1:
		data[at] = (uint8_t)random_number();
		break;
	case 2:
		put_number(data + at, size - at);
		break;
	default: /* a piece from elsewhere */
		memmove(data + at, data + below(size - (size - at < 16 ? 0 : 16)), size - at < 16 ? 0 : 1 + below(15));
	}
}

/* Where a section's bytes, its header, or the file's header are: what the readers look at, more than code. */
static void choose_part(const struct elf *elf, size_t size, size_t *begin, size_t *end)
{
	static const char *const wanted[] = {
	    ".debug_info", ".debug_abbrev", ".debug_line",  ".debug_aranges", ".debug_rnglists", ".debug_ranges",
	    ".eh_frame",   ".eh_frame_hdr", ".debug_frame", ".symtab",        ".debug_line_str", ".note.gnu.build-id"};
	const struct elf_section *section = elf_find_section(elf, wanted[below(sizeof(wanted) / sizeof(*wanted))]);
	const uint64_t table = elf->section_count * sizeof(Elf64_Shdr);

	*begin = 0;
	*end = size;
	switch (below(8)) {
	case 0:
		*end = 64 + elf->segment_count * sizeof(Elf64_Phdr);
		break;
	case 1: /* linkers put the table of sections last */
		*begin = size > table + 64 ? size - table - 64 : 0;
		break;
	case 2:
		break;
	default:
		if (section && section->size && section->type != SHT_NOBITS) {
			*begin = section->offset;
			*end = section->offset + section->size;
		}
	}
}

static void break_it(const uint8_t *data, size_t size, const struct elf *elf)
{
	uint8_t *copy = malloc(size);
	size_t begin, end;

	memcpy(copy, data, size);
	choose_part(elf, size, &begin, &end);
	for (unsigned i = 0, changes = 1 + (unsigned)below(below(2) ? 4 : 64); i < changes; i++)
		change(copy, size, begin, end);
	use(copy, below(16) ? size : below(size));
	free(copy);
}

static void fuzz(const char *program, unsigned usual)
{
	size_t size;
	uint8_t *data = load(program, &size);
	struct elf elf;

	if (!data)
		skip();
	assert_int_equal(elf_open(&elf, &(struct elf_bytes){-1, data, size}), 0);
	use(data, size);
	for (unsigned i = rounds(usual); i > 0; i--)
		break_it(data, size, &elf);
	elf_close(&elf);
	free(data);
}

static void test_dwarf5(void **state)
{
	(void)state;
	fuzz("chain-debug", 1500);
}

static void test_dwarf4(void **state)
{
	(void)state;
	fuzz("chain-dwarf4", 1500);
}

static void test_packed(void **state)
{
	(void)state;
	fuzz("chain-packed", 500);
}

static void test_debug_frame(void **state)
{
	(void)state;
	fuzz("chain-debug-frame", 500);
}

static void test_apart(void **state)
{
	(void)state;
	fuzz("chain-split.debug", 500);
}

static void test_cplusplus(void **state)
{
	(void)state;
	fuzz("chain-c++", 300);
}

static void test_cut_everywhere(void **state)
{
	size_t size;
	uint8_t *data = load("chain-debug", &size);

	(void)state;
	assert_non_null(data);
	for (size_t cut = 0; cut < size; cut += cut < 4096 ? 16 : 509)
		use(data, cut);
	free(data);
}

/* ---- lies of one kind --------------------------------------------------------------------------------------- */

static double seconds_used(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long peak_kilobytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* More sections, symbols, notes than the file has bytes. */
static void test_huge_counts(void **state)
{
	Elf64_Ehdr *header;
	Elf64_Shdr *sections;
	size_t size;
	uint8_t *data = load("chain-debug", &size);
	const long before = peak_kilobytes();

	(void)state;
	assert_non_null(data);
	header = (Elf64_Ehdr *)data;
	sections = (Elf64_Shdr *)(data + header->e_shoff);
	for (unsigned i = 1; i < header->e_shnum; i++) {
		const uint64_t was = sections[i].sh_size;

		sections[i].sh_size = UINT64_MAX;
		use(data, size);
		sections[i].sh_size = (uint64_t)1 << 40;
		use(data, size);
		sections[i].sh_size = was;
	}
	sections[0].sh_size = UINT32_MAX; /* how many there are, if the header says 0 */
	header->e_shnum = 0;
	use(data, size);
	free(data);
	assert_true(peak_kilobytes() - before < 64 * 1024);
}

/* A few packed bytes that stand for gigabytes. */
static void test_packed_bomb(void **state)
{
	const size_t unpacked = (size_t)256 << 20, zeros = 1 << 20;
	uint8_t *in = calloc(1, zeros), *out = malloc(zeros);
	lzma_stream stream = LZMA_STREAM_INIT;
	struct elf_section section = {.name = ".gnu_debugdata", .type = SHT_PROGBITS};
	struct elf elf = {.bytes = {.descriptor = -1, .memory = out}, .sections = &section, .section_count = 1};
	struct elf_part part;
	const long before = peak_kilobytes();

	(void)state;
	assert_int_equal(lzma_easy_encoder(&stream, 0, LZMA_CHECK_CRC32), LZMA_OK);
	stream.next_out = out;
	stream.avail_out = zeros;
	for (size_t done = 0; done < unpacked; done += zeros) {
		stream.next_in = in;
		stream.avail_in = zeros;
		assert_int_equal(lzma_code(&stream, LZMA_RUN), LZMA_OK);
	}
	assert_int_equal(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
	section.size = elf.bytes.size = zeros - stream.avail_out;
	lzma_end(&stream);
	assert_true(debugfile_unpack(&elf, &part) < 0);
	assert_null(part.data);
	assert_true(peak_kilobytes() - before < 160 * 1024);
	free(in);
	free(out);
}

/* Names that stand for gigabytes, and ones that nest without end. */
static void test_demangling(void **state)
{
	char name[2000] = "_Z1fI";
	const double begin = seconds_used();

	(void)state;
	/* Each of these template arguments is the one before, twice. */
	strcat(name, "SaIiE");
	for (unsigned i = 0; i < 60; i++)
		sprintf(name + strlen(name), "St4pairIS%x_S%x_E", i, i);
	strcat(name, "EvT_");
	free(demangle_function(name));
	memset(name + 2, 'P', sizeof(name) - 3);
	name[sizeof(name) - 1] = '\0';
	free(demangle_function(name));
	for (unsigned i = 0; i < 20000; i++) {
		static const char letters[] = "_ZRNSIETILPKFvijcd0123456789B_";
		size_t length = 2 + below(120);
		char *text;

		memcpy(name, below(2) ? "_Z" : "_R", 2);
		for (size_t at = 2; at < length; at++)
			name[at] = letters[below(sizeof(letters) - 1)];
		name[length] = '\0';
		text = demangle_function(name);
		assert_non_null(text);
		assert_true(strlen(text) < DEMANGLE_MAX);
		free(text);
	}
	assert_true(seconds_used() - begin < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_dwarf5),         cmocka_unit_test(test_dwarf4),
	    cmocka_unit_test(test_packed),         cmocka_unit_test(test_debug_frame),
	    cmocka_unit_test(test_apart),          cmocka_unit_test(test_cplusplus),
	    cmocka_unit_test(test_cut_everywhere), cmocka_unit_test(test_huge_counts),
	    cmocka_unit_test(test_packed_bomb),    cmocka_unit_test(test_demangling),
	};

	return cmocka_run_group_tests_name("symbol_fuzz", tests, NULL, NULL);
}
