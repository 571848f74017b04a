/* SPDX-License-Identifier: BSD-2-Clause
 * Stacks of real programs against what their source says; user/symbol/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "symbol_target.h"

#define FRAMES 32

struct stack {
	struct symbol_frame frames[FRAMES];
	unsigned count;
	enum symbol_end end;
};

static void unwind(struct symbols *symbols, const struct target *target, struct stack *stack)
{
	stack->count = symbols_unwind(symbols, target->pid, target->start_ns, &target->registers, target->stack,
				      target->stack_size, stack->frames, FRAMES, &stack->end);
}

static void print_stack(const struct stack *stack)
{
	for (unsigned i = 0; i < stack->count; i++) {
		struct buffer text = {.data = NULL};

		symbol_format(&stack->frames[i], &text);
		print_message("# %2u %s\n", i, buffer_text(&text));
		buffer_free(&text);
	}
	print_message("#    %s\n", symbol_end_text(stack->end));
}

static int position_of(const struct stack *stack, const char *function)
{
	for (unsigned i = 0; i < stack->count; i++)
		if (stack->frames[i].function && strcmp(stack->frames[i].function, function) == 0)
			return (int)i;
	return -1;
}

/* The chain in order, without anything between, and whole. Frames of inlined functions are passed over. */
static void check_chain(const struct stack *stack, const char *const *names, unsigned count)
{
	const int first = position_of(stack, names[0]);
	unsigned at = (unsigned)first;

	if (first < 0)
		print_stack(stack);
	assert_true(first >= 0);
	for (unsigned i = 0; i < count; i++, at++) {
		while (at < stack->count && stack->frames[at].inlined)
			at++;
		if (at >= stack->count || !stack->frames[at].function ||
		    strcmp(stack->frames[at].function, names[i]) != 0) {
			print_stack(stack);
			fail_msg("frame %u is not %s", at, names[i]);
		}
	}
	if (stack->end != SYMBOL_END_OUTERMOST)
		print_stack(stack);
	assert_int_equal(stack->end, SYMBOL_END_OUTERMOST);
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

static const char *const chain[] = {"pthread_mutex_lock", "func_C", "func_B", "func_A", "thr"};

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

/* What was noted while the process lived names it after its end. */
static void test_ended(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	pid_t pid;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), 0);
	pid = target.pid;
	target_stop(&target);
	assert_int_equal(symbols_note_process(symbols, pid, target.start_ns), -ESRCH);
	target.pid = pid;
	unwind(symbols, &target, &stack);
	check_chain(&stack, chain, 5);
	symbols_free(symbols);
}

/* A later bearer of the pid is another process. */
static void test_other_start(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	target.start_ns += 1000000000;
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), -ESRCH);
	unwind(symbols, &target, &stack);
	assert_int_equal(stack.count, 1);
	assert_int_equal(stack.end, SYMBOL_END_UNKNOWN);
	assert_null(stack.frames[0].function);
	target_stop(&target);
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
	    cmocka_unit_test(test_no_frame_pointers), cmocka_unit_test(test_frame_pointers),
	    cmocka_unit_test(test_fixed_address),     cmocka_unit_test(test_static),
	    cmocka_unit_test(test_stripped),          cmocka_unit_test(test_ended),
	    cmocka_unit_test(test_other_start),       cmocka_unit_test(test_few_bytes),
	    cmocka_unit_test(test_few_frames),        cmocka_unit_test(test_pair),
	    cmocka_unit_test(test_data_global),       cmocka_unit_test(test_data_static_array),
	    cmocka_unit_test(test_data_heap),         cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("symbol_unwind", tests, NULL, NULL);
}
