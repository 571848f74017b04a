/* SPDX-License-Identifier: BSD-2-Clause
 * The instructions of an entry of call frame information (DWARF 5, section 6.4.2), executed up to an address; see
 * cfi.h. */
#include "symbol/cfi_internal.h"

#include <elf.h>

/* Compilers nest remember/restore one deep; this is for those who nest by hand. */
#define REMEMBERED_MAX 8
/* A function of a megabyte has some ten thousand bytes of them. */
#define INSTRUCTIONS_MAX (1u << 20)

enum {
	DW_CFA_nop = 0x00,
	DW_CFA_set_loc = 0x01,
	DW_CFA_advance_loc1 = 0x02,
	DW_CFA_advance_loc2 = 0x03,
	DW_CFA_advance_loc4 = 0x04,
	DW_CFA_offset_extended = 0x05,
	DW_CFA_restore_extended = 0x06,
	DW_CFA_undefined = 0x07,
	DW_CFA_same_value = 0x08,
	DW_CFA_register = 0x09,
	DW_CFA_remember_state = 0x0a,
	DW_CFA_restore_state = 0x0b,
	DW_CFA_def_cfa = 0x0c,
	DW_CFA_def_cfa_register = 0x0d,
	DW_CFA_def_cfa_offset = 0x0e,
	DW_CFA_def_cfa_expression = 0x0f,
	DW_CFA_expression = 0x10,
	DW_CFA_offset_extended_sf = 0x11,
	DW_CFA_def_cfa_sf = 0x12,
	DW_CFA_def_cfa_offset_sf = 0x13,
	DW_CFA_val_offset = 0x14,
	DW_CFA_val_offset_sf = 0x15,
	DW_CFA_val_expression = 0x16,
	DW_CFA_AARCH64_negate_ra_state = 0x2d,
	DW_CFA_GNU_args_size = 0x2e,
	DW_CFA_GNU_negative_offset_extended = 0x2f,
	/* The two highest bits say it, the others hold an operand. */
	DW_CFA_advance_loc = 0x40,
	DW_CFA_offset = 0x80,
	DW_CFA_restore = 0xc0,
};

struct machine {
	const struct cfi *cfi;
	const struct cfi_entry *entry;
	struct reader code;
	uint64_t address;
	struct cfi_row row;
	const struct cfi_row *initial; /* after the CIE's instructions; NULL while these run */
	struct cfi_row remembered[REMEMBERED_MAX];
	unsigned depth;
};

/* Of registers that are not followed (vector registers), rules are read and dropped. */
static void set_rule(struct machine *machine, uint64_t number, enum cfi_kind kind, int64_t offset)
{
	if (number < SYMBOL_REGISTERS)
		machine->row.rules[number] = (struct cfi_rule){.kind = (uint8_t)kind, .offset = offset};
}

static int64_t scaled(const struct machine *machine, int64_t factor)
{
	return (int64_t)((uint64_t)factor * (uint64_t)machine->entry->common.data_alignment);
}

static struct cfi_rule read_expression(struct machine *machine, enum cfi_kind kind)
{
	const uint64_t length = reader_uleb(&machine->code);
	const size_t at = machine->code.at;

	reader_skip(&machine->code, length);
	return (struct cfi_rule){.kind = (uint8_t)kind, .offset = (int64_t)at, .length = (uint32_t)length};
}

static void set_expression(struct machine *machine, enum cfi_kind kind)
{
	const uint64_t number = reader_uleb(&machine->code);
	const struct cfi_rule rule = read_expression(machine, kind);

	if (number < SYMBOL_REGISTERS)
		machine->row.rules[number] = rule;
}

static void set_frame(struct machine *machine, uint64_t number, int64_t offset)
{
	machine->row.frame_by_expression = false;
	machine->row.frame_register = number < SYMBOL_REGISTERS ? (uint16_t)number : SYMBOL_REGISTERS;
	machine->row.frame.offset = offset;
}

static void restore(struct machine *machine, uint64_t number)
{
	if (number < SYMBOL_REGISTERS)
		machine->row.rules[number] = machine->initial ? machine->initial->rules[number] : (struct cfi_rule){0};
}

static void remember(struct machine *machine)
{
	if (machine->depth == REMEMBERED_MAX)
		machine->code.failed = true;
	else
		machine->remembered[machine->depth++] = machine->row;
}

static void recall(struct machine *machine)
{
	if (!machine->depth)
		machine->code.failed = true;
	else
		machine->row = machine->remembered[--machine->depth];
}

static void advance(struct machine *machine, uint64_t steps)
{
	machine->address += steps * machine->entry->common.code_alignment;
}

/* Instructions about the frame's address; false if it is none of them. */
static bool frame_instruction(struct machine *machine, uint8_t operation)
{
	struct reader *code = &machine->code;
	struct cfi_row *row = &machine->row;
	uint64_t number;

	switch (operation) {
	case DW_CFA_def_cfa:
		number = reader_uleb(code);
		set_frame(machine, number, (int64_t)reader_uleb(code));
		return true;
	case DW_CFA_def_cfa_sf:
		number = reader_uleb(code);
		set_frame(machine, number, scaled(machine, reader_sleb(code)));
		return true;
	case DW_CFA_def_cfa_register:
		set_frame(machine, reader_uleb(code), row->frame.offset);
		return true;
	case DW_CFA_def_cfa_offset:
		set_frame(machine, row->frame_register, (int64_t)reader_uleb(code));
		return true;
	case DW_CFA_def_cfa_offset_sf:
		set_frame(machine, row->frame_register, scaled(machine, reader_sleb(code)));
		return true;
	case DW_CFA_def_cfa_expression:
		row->frame = read_expression(machine, CFI_VALUE_EXPRESSION);
		row->frame_by_expression = true;
		return true;
	default:
		return false;
	}
}

/* Instructions about where a register is; false if it is none of them. */
static bool register_instruction(struct machine *machine, uint8_t operation)
{
	struct reader *code = &machine->code;
	uint64_t number;

	switch (operation) {
	case DW_CFA_offset_extended:
		number = reader_uleb(code);
		set_rule(machine, number, CFI_OFFSET, scaled(machine, (int64_t)reader_uleb(code)));
		return true;
	case DW_CFA_offset_extended_sf:
		number = reader_uleb(code);
		set_rule(machine, number, CFI_OFFSET, scaled(machine, reader_sleb(code)));
		return true;
	case DW_CFA_GNU_negative_offset_extended:
		number = reader_uleb(code);
		set_rule(machine, number, CFI_OFFSET, -scaled(machine, (int64_t)reader_uleb(code)));
		return true;
	case DW_CFA_val_offset:
		number = reader_uleb(code);
		set_rule(machine, number, CFI_VALUE_OFFSET, scaled(machine, (int64_t)reader_uleb(code)));
		return true;
	case DW_CFA_val_offset_sf:
		number = reader_uleb(code);
		set_rule(machine, number, CFI_VALUE_OFFSET, scaled(machine, reader_sleb(code)));
		return true;
	case DW_CFA_register:
		number = reader_uleb(code);
		set_rule(machine, number, CFI_REGISTER, (int64_t)reader_uleb(code));
		return true;
	case DW_CFA_undefined:
		set_rule(machine, reader_uleb(code), CFI_UNDEFINED, 0);
		return true;
	case DW_CFA_same_value:
		set_rule(machine, reader_uleb(code), CFI_SAME, 0);
		return true;
	case DW_CFA_restore_extended:
		restore(machine, reader_uleb(code));
		return true;
	case DW_CFA_expression:
		set_expression(machine, CFI_EXPRESSION);
		return true;
	case DW_CFA_val_expression:
		set_expression(machine, CFI_VALUE_EXPRESSION);
		return true;
	default:
		return false;
	}
}

/* The others; an unknown one fails, as its operands cannot be skipped. */
static void other_instruction(struct machine *machine, uint8_t operation)
{
	struct reader *code = &machine->code;
	const struct cfi_common *common = &machine->entry->common;

	switch (operation) {
	case DW_CFA_nop:
		break;
	case DW_CFA_set_loc:
		machine->address =
		    cfi_pointer(code, common->address_encoding, common->address_size, machine->cfi->address, 0);
		break;
	case DW_CFA_advance_loc1:
		advance(machine, reader_fixed(code, 1));
		break;
	case DW_CFA_advance_loc2:
		advance(machine, reader_fixed(code, 2));
		break;
	case DW_CFA_advance_loc4:
		advance(machine, reader_fixed(code, 4));
		break;
	case DW_CFA_remember_state:
		remember(machine);
		break;
	case DW_CFA_restore_state:
		recall(machine);
		break;
	case DW_CFA_GNU_args_size:
		reader_uleb(code);
		break;
	case DW_CFA_AARCH64_negate_ra_state: /* that a return address is signed is seen by its high bits */
		code->failed |= machine->cfi->machine != EM_AARCH64;
		break;
	default:
		code->failed = true;
	}
}

static void one_instruction(struct machine *machine)
{
	const uint8_t byte = (uint8_t)reader_fixed(&machine->code, 1);
	const uint8_t operand = byte & 0x3f;

	switch (byte & 0xc0) {
	case DW_CFA_advance_loc:
		advance(machine, operand);
		break;
	case DW_CFA_offset:
		set_rule(machine, operand, CFI_OFFSET, scaled(machine, (int64_t)reader_uleb(&machine->code)));
		break;
	case DW_CFA_restore:
		restore(machine, operand);
		break;
	default:
		if (!frame_instruction(machine, operand) && !register_instruction(machine, operand))
			other_instruction(machine, operand);
	}
}

/* Until the first row that begins behind the address: instructions that follow are not for it. */
static bool run(struct machine *machine, size_t from, size_t to, uint64_t until)
{
	if (to - from > INSTRUCTIONS_MAX)
		return false;
	machine->code = (struct reader){.data = machine->cfi->section.data, .at = from, .end = to};
	while (reader_left(&machine->code) && !machine->code.failed && machine->address <= until)
		one_instruction(machine);
	return !machine->code.failed;
}

bool cfi_execute(const struct cfi *cfi, const struct cfi_entry *entry, uint64_t address, struct cfi_row *row)
{
	struct machine machine = {.cfi = cfi, .entry = entry, .address = entry->begin};
	struct cfi_row initial;

	machine.row.frame_register = SYMBOL_REGISTERS; /* none, until it is said */
	if (!run(&machine, entry->common.instructions, entry->common.end, UINT64_MAX))
		return false;
	initial = machine.row;
	machine.initial = &initial;
	machine.address = entry->begin;
	machine.depth = 0;
	if (!run(&machine, entry->instructions, entry->instructions_end, address))
		return false;
	*row = machine.row;
	row->signal = entry->common.signal;
	row->return_column = (uint8_t)entry->common.return_column;
	return row->frame_by_expression || row->frame_register < SYMBOL_REGISTERS;
}
