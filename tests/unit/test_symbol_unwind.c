/* SPDX-License-Identifier: BSD-2-Clause
 * Stacks of real programs against what their source says; user/symbol/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "symbol_target.h"

/* The line that "line of WHERE" stands on in chain.c. */
static unsigned line_of(const char *where)
{
	FILE *file = fopen("tests/unit/programs/chain.c", "re");
	char mark[64], text[256];
	unsigned line = 0;

	assert_non_null(file);
	snprintf(mark, sizeof(mark), "/* line of %s */", where);
	while (fgets(text, sizeof(text), file)) {
		line++;
		if (strstr(text, mark))
			break;
	}
	fclose(file);
	return line;
}

static void check_line(const struct stack *stack, const char *function, bool inlined)
{
	const int at = position_of(stack, function);
	char words[128];
	struct buffer text = {.data = NULL};

	if (at < 0)
		print_stack(stack);
	assert_true(at >= 0);
	snprintf(words, sizeof(words), "%s at chain.c:%u", function, line_of(function));
	symbol_format(&stack->frames[at], &text);
	assert_string_equal(buffer_text(&text), words);
	assert_int_equal(stack->frames[at].inlined, inlined);
	buffer_free(&text);
}

static void check_program(const char *program, const char *const *names, unsigned count)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	assert_true(target_start(&target, program, NULL));
	unwind(symbols, &target, &stack);
	target_stop(&target);
	check_chain(&stack, names, count);
	symbols_free(symbols);
}

/* Each line of the chain, the inlined function's own frame included. */
static void check_lines(const char *program)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	assert_true(target_start(&target, program, NULL));
	unwind(symbols, &target, &stack);
	target_stop(&target);
	check_chain(&stack, chain, 5);
	check_line(&stack, "func_C", false);
	check_line(&stack, "inlined", true);
	check_line(&stack, "func_B", false);
	check_line(&stack, "func_A", false);
	check_line(&stack, "thr", false);
	assert_int_equal(position_of(&stack, "inlined") + 1, position_of(&stack, "func_B"));
	symbols_free(symbols);
}

static void test_lines(void **state)
{
	(void)state;
	check_lines("chain-debug");
}

static void test_lines_dwarf4(void **state)
{
	(void)state;
	check_lines("chain-dwarf4");
}

static void test_lines_packed(void **state)
{
	(void)state;
	check_lines("chain-packed");
}

static void test_lines_static(void **state)
{
	(void)state;
	check_lines("chain-static");
}

/* In a file beside the program that has its build-id. */
static void test_lines_split(void **state)
{
	(void)state;
	check_lines("chain-split");
}

/* In one that is known by its checksum alone. */
static void test_lines_linked(void **state)
{
	(void)state;
	check_lines("chain-linked");
}

/* .debug_frame serves where there is no .eh_frame. */
static void test_debug_frame(void **state)
{
	(void)state;
	check_lines("chain-debug-frame");
}

/* Code that tells nothing is walked by its frame pointers, and that is said. */
static void test_no_cfi(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	(void)state;
	assert_true(target_start(&target, "chain-no-cfi", NULL));
	unwind(symbols, &target, &stack);
	target_stop(&target);
	check_chain(&stack, chain, 5);
	assert_false(stack.frames[position_of(&stack, "func_C")].by_frame_pointer);
	assert_true(stack.frames[position_of(&stack, "func_B")].by_frame_pointer);
	assert_true(stack.frames[position_of(&stack, "thr")].by_frame_pointer);
	symbols_free(symbols);
}

static void test_cplusplus(void **state)
{
	static const char *const names[] = {"pthread_mutex_lock", "bank::Account<long>::withdraw", "bank::transfer"};
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	struct symbol_data data;
	char path[2 * PATH_MAX];

	(void)state;
	target_path(path, sizeof(path), "chain-c++");
	if (access(path, X_OK)) {
		symbols_free(symbols);
		skip();
	}
	assert_true(target_start(&target, "chain-c++", NULL));
	unwind(symbols, &target, &stack);
	check_chain(&stack, names, 3);
	assert_true(position_of(&stack, "std::mutex::lock") > 0);
	assert_string_equal(stack.frames[position_of(&stack, "bank::transfer")].file, "chain.cc");
	assert_true(symbols_data(symbols, target.pid, target.start_ns, target.lock, &data));
	assert_string_equal(data.name, "bank::savings");
	target_stop(&target);
	symbols_free(symbols);
}

/* The code that a signal interrupted did not call: its address is not one behind a call. */
static void test_signal(void **state)
{
	static const char *const inner[] = {"pthread_mutex_lock", "on_signal"}, *const outer[] = {"work", "main"};
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	int handler;

	(void)state;
	assert_true(target_start(&target, "signal", NULL));
	unwind(symbols, &target, &stack);
	target_stop(&target);
	check_chain(&stack, inner, 2);
	check_chain(&stack, outer, 2);
	handler = position_of(&stack, "on_signal");
	assert_true(stack.frames[handler + 1].interrupted);
	assert_int_equal(position_of(&stack, "work"), handler + 2);
	symbols_free(symbols);
}

/* A handler with a stack of its own: the interrupted one was not copied, but where it was interrupted is known. */
static void test_signal_stack(void **state)
{
	static const char *const inner[] = {"pthread_mutex_lock", "on_signal"};
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	(void)state;
	assert_true(target_start(&target, "signal", "stack"));
	unwind(symbols, &target, &stack);
	target_stop(&target);
	check_calls(&stack, inner, 2);
	assert_int_equal(position_of(&stack, "work"), stack.count - 1);
	assert_int_equal(stack.end, SYMBOL_END_BYTES);
	symbols_free(symbols);
}

static void test_no_frame_pointers(void **state)
{
	(void)state;
	check_program("chain-bare", chain, 5);
}

static void test_frame_pointers(void **state)
{
	(void)state;
	check_program("chain-fp", chain, 5);
}

static void test_fixed_address(void **state)
{
	(void)state;
	check_program("chain-fixed", chain, 5);
}

static void test_static(void **state)
{
	(void)state;
	check_program("chain-static", chain, 5);
}

static void test_static_pie(void **state)
{
	(void)state;
	check_program("chain-static-pie", chain, 5);
}

/* Static functions have no name any more, exported ones do. */
static void test_stripped(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	struct symbol_frame *thr;
	struct buffer text = {.data = NULL};

	(void)state;
	assert_true(target_start(&target, "chain-stripped", NULL));
	unwind(symbols, &target, &stack);
	target_stop(&target);
	check_chain(&stack, chain, 4);
	thr = &stack.frames[position_of(&stack, "func_A") + 1];
	assert_null(thr->function);
	assert_string_equal(thr->object, target.path);
	symbol_format(thr, &text);
	assert_memory_equal(buffer_text(&text), "0x", 2);
	assert_string_equal(strstr(buffer_text(&text), " in ") + 4, target.path);
	buffer_free(&text);
	symbols_free(symbols);
}

/* The stack is told to be cut where its bytes end. */
static void test_few_bytes(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	target.stack_size = 256;
	unwind(symbols, &target, &stack);
	assert_true(position_of(&stack, "func_C") > 0);
	assert_int_equal(position_of(&stack, "thr"), -1);
	assert_int_equal(stack.end, SYMBOL_END_BYTES);
	target_stop(&target);
	symbols_free(symbols);
}

static void test_few_frames(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	stack.count = symbols_unwind(symbols, target.pid, target.start_ns, &target.registers, target.stack,
				     target.stack_size, stack.frames, 3, &stack.end);
	assert_int_equal(stack.count, 3);
	assert_int_equal(stack.end, SYMBOL_END_FRAMES);
	target_stop(&target);
	symbols_free(symbols);
}

/* Instruction and stack pointer alone suffice where nothing is kept in a frame pointer. */
static void test_pair(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	symbol_registers_pair(&target.registers, target.registers.ip, target.registers.sp);
	unwind(symbols, &target, &stack);
	check_chain(&stack, chain, 5);
	target_stop(&target);
	symbols_free(symbols);
}

static void check_data(const char *argument, enum symbol_place place, const char *words)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct symbol_data data;
	struct buffer text = {.data = NULL};

	assert_true(target_start(&target, "chain-bare", argument));
	assert_true(symbols_data(symbols, target.pid, target.start_ns, target.lock, &data));
	assert_int_equal(data.place, place);
	symbol_data_format(&data, &text);
	assert_string_equal(buffer_text(&text), words);
	if (place == SYMBOL_PLACE_OBJECT)
		assert_string_equal(data.object, target.path);
	buffer_free(&text);
	target_stop(&target);
	symbols_free(symbols);
}

static void test_data_global(void **state)
{
	(void)state;
	check_data(NULL, SYMBOL_PLACE_OBJECT, "the_lock");
}

/* bank[2].lock: two accounts of 48 bytes, and the balance. */
static void test_data_static_array(void **state)
{
	(void)state;
	check_data("bank", SYMBOL_PLACE_OBJECT, "bank+104");
}

static void test_data_heap(void **state)
{
	(void)state;
	check_data("heap", SYMBOL_PLACE_HEAP, "");
}

static void test_find(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct symbol_definition found;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	assert_true(symbols_find(symbols, target.pid, target.start_ns, NULL, "the_lock", &found));
	assert_int_equal(found.address, target.lock);
	assert_int_equal(found.size, 40);
	assert_string_equal(found.object, target.path);
	assert_true(symbols_find(symbols, target.pid, target.start_ns, "libc.so", "pthread_mutex_lock", &found));
	assert_true(found.file_offset > 0);
	assert_false(symbols_find(symbols, target.pid, target.start_ns, "libc.so", "the_lock", &found));
	target_stop(&target);
	symbols_free(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),          cmocka_unit_test(test_lines_dwarf4),
	    cmocka_unit_test(test_lines_packed),   cmocka_unit_test(test_lines_static),
	    cmocka_unit_test(test_lines_split),    cmocka_unit_test(test_lines_linked),
	    cmocka_unit_test(test_debug_frame),    cmocka_unit_test(test_no_cfi),
	    cmocka_unit_test(test_cplusplus),      cmocka_unit_test(test_signal),
	    cmocka_unit_test(test_signal_stack),   cmocka_unit_test(test_no_frame_pointers),
	    cmocka_unit_test(test_frame_pointers), cmocka_unit_test(test_fixed_address),
	    cmocka_unit_test(test_static),         cmocka_unit_test(test_static_pie),
	    cmocka_unit_test(test_stripped),       cmocka_unit_test(test_few_bytes),
	    cmocka_unit_test(test_few_frames),     cmocka_unit_test(test_pair),
	    cmocka_unit_test(test_data_global),    cmocka_unit_test(test_data_static_array),
	    cmocka_unit_test(test_data_heap),      cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("symbol_unwind", tests, NULL, NULL);
}
