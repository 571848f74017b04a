/* SPDX-License-Identifier: BSD-2-Clause
 * A stack machine for DWARF expressions (DWARF 5, section 2.5); see expression.h. Steps and stack are bounded. */
#include "symbol/expression.h"

#include "symbol/reader.h"

#define STACK_MAX 64
#define STEPS_MAX 1000

enum {
	DW_OP_addr = 0x03,
	DW_OP_deref = 0x06,
	DW_OP_const1u = 0x08,
	DW_OP_const1s = 0x09,
	DW_OP_const2u = 0x0a,
	DW_OP_const2s = 0x0b,
	DW_OP_const4u = 0x0c,
	DW_OP_const4s = 0x0d,
	DW_OP_const8u = 0x0e,
	DW_OP_const8s = 0x0f,
	DW_OP_constu = 0x10,
	DW_OP_consts = 0x11,
	DW_OP_dup = 0x12,
	DW_OP_drop = 0x13,
	DW_OP_over = 0x14,
	DW_OP_pick = 0x15,
	DW_OP_swap = 0x16,
	DW_OP_rot = 0x17,
	DW_OP_abs = 0x19,
	DW_OP_and = 0x1a,
	DW_OP_div = 0x1b,
	DW_OP_minus = 0x1c,
	DW_OP_mod = 0x1d,
	DW_OP_mul = 0x1e,
	DW_OP_neg = 0x1f,
	DW_OP_not = 0x20,
	DW_OP_or = 0x21,
	DW_OP_plus = 0x22,
	DW_OP_plus_uconst = 0x23,
	DW_OP_shl = 0x24,
	DW_OP_shr = 0x25,
	DW_OP_shra = 0x26,
	DW_OP_xor = 0x27,
	DW_OP_bra = 0x28,
	DW_OP_eq = 0x29,
	DW_OP_ge = 0x2a,
	DW_OP_gt = 0x2b,
	DW_OP_le = 0x2c,
	DW_OP_lt = 0x2d,
	DW_OP_ne = 0x2e,
	DW_OP_skip = 0x2f,
	DW_OP_lit0 = 0x30,
	DW_OP_lit31 = 0x4f,
	DW_OP_breg0 = 0x70,
	DW_OP_breg31 = 0x8f,
	DW_OP_bregx = 0x92,
	DW_OP_deref_size = 0x94,
	DW_OP_nop = 0x96,
};

struct evaluation {
	const struct expression_context *context;
	struct reader code;
	uint64_t stack[STACK_MAX];
	unsigned depth;
	bool failed;
};

static void push(struct evaluation *state, uint64_t value)
{
	if (state->depth == STACK_MAX)
		state->failed = true;
	else
		state->stack[state->depth++] = state->context->address_size == 4 ? (uint32_t)value : value;
}

static uint64_t pop(struct evaluation *state)
{
	if (!state->depth) {
		state->failed = true;
		return 0;
	}
	return state->stack[--state->depth];
}

/* Counted from the top, which is 0. */
static uint64_t peek(struct evaluation *state, uint64_t index)
{
	if (index >= state->depth) {
		state->failed = true;
		return 0;
	}
	return state->stack[state->depth - 1 - index];
}

static int64_t as_signed(const struct evaluation *state, uint64_t value)
{
	return state->context->address_size == 4 ? (int32_t)value : (int64_t)value;
}

static void push_register(struct evaluation *state, uint64_t number, int64_t offset)
{
	const struct symbol_registers *registers = state->context->registers;

	if (number >= SYMBOL_REGISTERS || !(registers->known >> number & 1))
		state->failed = true;
	else
		push(state, registers->value[number] + (uint64_t)offset);
}

static void dereference(struct evaluation *state, unsigned size)
{
	uint64_t value = 0;

	if ((size != 1 && size != 2 && size != 4 && size != 8) ||
	    !state->context->read(state->context->private, pop(state), size, &value))
		state->failed = true;
	push(state, value);
}

static void jump(struct evaluation *state, bool taken)
{
	const int64_t distance = reader_signed(&state->code, 2);
	const int64_t target = (int64_t)state->code.at + distance;

	if (!taken)
		return;
	if (target < 0 || target > (int64_t)state->code.end)
		state->failed = true;
	else
		state->code.at = (size_t)target;
}

static bool push_constant(struct evaluation *state, uint8_t operation)
{
	struct reader *code = &state->code;

	switch (operation) {
	case DW_OP_addr:
		push(state, reader_fixed(code, state->context->address_size));
		return true;
	case DW_OP_const1u:
		push(state, reader_fixed(code, 1));
		return true;
	case DW_OP_const1s:
		push(state, (uint64_t)reader_signed(code, 1));
		return true;
	case DW_OP_const2u:
		push(state, reader_fixed(code, 2));
		return true;
	case DW_OP_const2s:
		push(state, (uint64_t)reader_signed(code, 2));
		return true;
	case DW_OP_const4u:
		push(state, reader_fixed(code, 4));
		return true;
	case DW_OP_const4s:
		push(state, (uint64_t)reader_signed(code, 4));
		return true;
	case DW_OP_const8u:
	case DW_OP_const8s:
		push(state, reader_fixed(code, 8));
		return true;
	case DW_OP_constu:
		push(state, reader_uleb(code));
		return true;
	case DW_OP_consts:
		push(state, (uint64_t)reader_sleb(code));
		return true;
	default:
		return false;
	}
}

static bool shuffle(struct evaluation *state, uint8_t operation)
{
	uint64_t top, second, third;

	switch (operation) {
	case DW_OP_dup:
		push(state, peek(state, 0));
		return true;
	case DW_OP_drop:
		pop(state);
		return true;
	case DW_OP_over:
		push(state, peek(state, 1));
		return true;
	case DW_OP_pick:
		push(state, peek(state, reader_fixed(&state->code, 1)));
		return true;
	case DW_OP_swap:
		top = pop(state), second = pop(state);
		push(state, top), push(state, second);
		return true;
	case DW_OP_rot:
		top = pop(state), second = pop(state), third = pop(state);
		push(state, top), push(state, third), push(state, second);
		return true;
	default:
		return false;
	}
}

static bool calculate_one(struct evaluation *state, uint8_t operation)
{
	uint64_t value;

	switch (operation) {
	case DW_OP_abs:
		value = pop(state);
		push(state, as_signed(state, value) < 0 ? 0 - value : value);
		return true;
	case DW_OP_neg:
		push(state, 0 - pop(state));
		return true;
	case DW_OP_not:
		push(state, ~pop(state));
		return true;
	case DW_OP_plus_uconst:
		value = pop(state);
		push(state, value + reader_uleb(&state->code));
		return true;
	default:
		return false;
	}
}

static uint64_t divide(struct evaluation *state, uint64_t left, uint64_t right)
{
	const int64_t by = as_signed(state, right);

	if (!by)
		state->failed = true;
	return by == 0 ? 0 : by == -1 ? 0 - left : (uint64_t)(as_signed(state, left) / by);
}

static uint64_t shifted(struct evaluation *state, uint8_t operation, uint64_t left, uint64_t right)
{
	const int64_t value = as_signed(state, left);

	if (right >= 8 * state->context->address_size)
		return operation == DW_OP_shra && value < 0 ? UINT64_MAX : 0;
	return operation == DW_OP_shl   ? left << right
	       : operation == DW_OP_shr ? left >> right
					: (uint64_t)(value >> right);
}

static bool calculate_two(struct evaluation *state, uint8_t operation)
{
	uint64_t left, right, result;
	int64_t a, b;

	if (operation < DW_OP_and || operation > DW_OP_ne || operation == DW_OP_bra)
		return false;
	right = pop(state), left = pop(state);
	a = as_signed(state, left), b = as_signed(state, right);
	switch (operation) {
	case DW_OP_and:
		result = left & right;
		break;
	case DW_OP_or:
		result = left | right;
		break;
	case DW_OP_xor:
		result = left ^ right;
		break;
	case DW_OP_plus:
		result = left + right;
		break;
	case DW_OP_minus:
		result = left - right;
		break;
	case DW_OP_mul:
		result = left * right;
		break;
	case DW_OP_div:
		result = divide(state, left, right);
		break;
	case DW_OP_mod:
		state->failed |= !right;
		result = right ? left % right : 0;
		break;
	case DW_OP_shl:
	case DW_OP_shr:
	case DW_OP_shra:
		result = shifted(state, operation, left, right);
		break;
	case DW_OP_eq:
		result = a == b;
		break;
	case DW_OP_ge:
		result = a >= b;
		break;
	case DW_OP_gt:
		result = a > b;
		break;
	case DW_OP_le:
		result = a <= b;
		break;
	case DW_OP_lt:
		result = a < b;
		break;
	case DW_OP_ne:
		result = a != b;
		break;
	default:
		return false;
	}
	push(state, result);
	return true;
}

static bool other(struct evaluation *state, uint8_t operation)
{
	uint64_t number;

	if (operation >= DW_OP_lit0 && operation <= DW_OP_lit31) {
		push(state, operation - DW_OP_lit0);
		return true;
	}
	if (operation >= DW_OP_breg0 && operation <= DW_OP_breg31) {
		push_register(state, operation - DW_OP_breg0, reader_sleb(&state->code));
		return true;
	}
	switch (operation) {
	case DW_OP_bregx:
		number = reader_uleb(&state->code);
		push_register(state, number, reader_sleb(&state->code));
		return true;
	case DW_OP_deref:
		dereference(state, state->context->address_size);
		return true;
	case DW_OP_deref_size:
		dereference(state, (unsigned)reader_fixed(&state->code, 1));
		return true;
	case DW_OP_skip:
		jump(state, true);
		return true;
	case DW_OP_bra:
		jump(state, pop(state) != 0);
		return true;
	case DW_OP_nop:
		return true;
	default:
		return false;
	}
}

bool expression_evaluate(const struct expression_context *context, const uint8_t *code, size_t size, bool with_frame,
			 uint64_t frame, uint64_t *result)
{
	struct evaluation state = {.context = context, .code = {.data = code, .end = size}};
	unsigned steps = 0;

	if (with_frame)
		push(&state, frame);
	while (reader_left(&state.code) && !state.failed && !state.code.failed) {
		const uint8_t operation = (uint8_t)reader_fixed(&state.code, 1);

		if (++steps > STEPS_MAX || (!push_constant(&state, operation) && !shuffle(&state, operation) &&
					    !calculate_one(&state, operation) && !other(&state, operation) &&
					    !calculate_two(&state, operation)))
			return false;
	}
	*result = pop(&state);
	return !state.failed && !state.code.failed;
}
