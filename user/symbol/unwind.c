/* SPDX-License-Identifier: BSD-2-Clause
 * From a thread's registers and the top of its stack to its callers. Each step asks the call frame information of the
 * code that was reached how the caller's registers are found; where there is none (code made at run time, some
 * assembler) it believes saved frame pointers, if they make sense. Memory beyond the copied bytes is never asked of the
 * process: it may have gone on since. */
#include "symbol/internal.h"

#include <elf.h>

#include "symbol/expression.h"
#include "symbol/reader.h"

/* What unwinding has to know of a machine. Numbers are DWARF's. */
struct machine {
	uint16_t number;
	uint8_t address_size;
	uint8_t stack, frame; /* registers */
	uint8_t saved_return; /* from the frame's address, if the frame pointer is all that is known */
	uint64_t code_mask;   /* of return addresses: arm64 puts a signature into the upper bits */
};

static const struct machine machines[] = {
    {EM_X86_64, 8, 7, 6, 8, UINT64_MAX},
    {EM_386, 4, 4, 5, 4, UINT32_MAX},
    {EM_AARCH64, 8, 31, 29, 8, 0x0000ffffffffffff},
};

struct walk {
	struct symbols *symbols;
	struct process *process;
	const struct machine *machine;
	const uint8_t *stack;
	uint64_t stack_begin;
	size_t stack_size;
	struct symbol_registers registers;
	bool exact;             /* ip is where execution stands, not behind a call */
	bool by_frame_pointer;  /* how this frame was found */
	bool out_of_bytes;      /* something lay behind the copied bytes */
	uint64_t frame_address; /* while a step is made: the CFA */
};

static const struct machine *machine_of(uint16_t number)
{
	for (unsigned i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].number == number)
			return &machines[i];
	return NULL;
}

/* ---- memory ------------------------------------------------------------------------------------------- */

/* Bytes that the process cannot have changed are those of the file. */
static bool read_file(struct walk *walk, uint64_t address, unsigned size, uint64_t *value)
{
	struct image *image = walk->process->image;
	const struct map *map = image_at(image, address);
	struct module *module = map && map->object != MAP_NO_OBJECT ? image->objects[map->object].module : NULL;
	uint8_t bytes[sizeof(*value)];
	struct reader reader = {.data = bytes, .end = size};

	if (!module || map->writable || !module_open(module) || map->end - address < size ||
	    elf_read(&module->elf.bytes, address - map->start + map->offset, bytes, size))
		return false;
	*value = reader_fixed(&reader, size);
	return true;
}

static bool read_memory(void *private, uint64_t address, unsigned size, uint64_t *value)
{
	struct walk *walk = private;
	const uint64_t at = address - walk->stack_begin;
	struct reader reader = {.data = walk->stack, .end = walk->stack_size};

	if (address >= walk->stack_begin && at < walk->stack_size && walk->stack_size - at >= size) {
		reader.at = (size_t)at;
		*value = reader_fixed(&reader, size);
		return true;
	}
	if (read_file(walk, address, size, value))
		return true;
	walk->out_of_bytes = true;
	return false;
}

/* ---- a step by call frame information ---------------------------------------------------------------------- */

static bool known(const struct symbol_registers *registers, uint64_t number)
{
	return number < SYMBOL_REGISTERS && registers->known >> number & 1;
}

static void set(struct symbol_registers *registers, unsigned number, uint64_t value)
{
	registers->value[number] = value;
	registers->known |= 1ULL << number;
}

static bool evaluate(struct walk *walk, const struct cfi_row *row, const struct cfi_rule *rule, bool with_frame,
		     uint64_t *value)
{
	const struct expression_context context = {.registers = &walk->registers,
						   .address_size = walk->machine->address_size,
						   .read = read_memory,
						   .private = walk};

	return expression_evaluate(&context, row->section + rule->offset, rule->length, with_frame, walk->frame_address,
				   value);
}

static bool find_frame_address(struct walk *walk, const struct cfi_row *row)
{
	if (row->frame_by_expression)
		return evaluate(walk, row, &row->frame, false, &walk->frame_address);
	if (!known(&walk->registers, row->frame_register))
		return false;
	walk->frame_address = walk->registers.value[row->frame_register] + (uint64_t)row->frame.offset;
	return true;
}

/* The value of a register in the caller; false if it cannot be known. */
static bool apply(struct walk *walk, const struct cfi_row *row, unsigned number, uint64_t *value)
{
	const struct cfi_rule *rule = &row->rules[number];
	const unsigned size = walk->machine->address_size;
	uint64_t address;

	switch (rule->kind) {
	case CFI_OFFSET:
		return read_memory(walk, walk->frame_address + (uint64_t)rule->offset, size, value);
	case CFI_VALUE_OFFSET:
		*value = walk->frame_address + (uint64_t)rule->offset;
		return true;
	case CFI_REGISTER:
		if (!known(&walk->registers, (uint64_t)rule->offset))
			return false;
		*value = walk->registers.value[rule->offset];
		return true;
	case CFI_EXPRESSION:
		return evaluate(walk, row, rule, true, &address) && read_memory(walk, address, size, value);
	case CFI_VALUE_EXPRESSION:
		return evaluate(walk, row, rule, true, value);
	case CFI_UNDEFINED:
		return false;
	default:
		if (number == walk->machine->stack) {
			*value = walk->frame_address;
			return true;
		}
		*value = walk->registers.value[number];
		return known(&walk->registers, number);
	}
}

static void apply_all(struct walk *walk, const struct cfi_row *row, struct symbol_registers *caller)
{
	uint64_t value;

	*caller = (struct symbol_registers){.machine = walk->registers.machine};
	for (unsigned i = 0; i < SYMBOL_REGISTERS; i++)
		if (apply(walk, row, i, &value))
			set(caller, i, value & (walk->machine->address_size == 4 ? UINT32_MAX : UINT64_MAX));
}

enum step { STEP_CALLER, STEP_OUTERMOST, STEP_CUT };

static enum step take_caller(struct walk *walk, struct symbol_registers *caller, uint64_t ip, bool interrupted)
{
	const uint64_t sp = caller->value[walk->machine->stack];

	caller->ip = ip & walk->machine->code_mask;
	caller->sp = sp;
	if (!caller->ip)
		return STEP_OUTERMOST;
	/* Stacks grow downwards; only a signal handler may have one of its own, anywhere. A walk that stands still
	 * would go on for ever. */
	if (!interrupted && (sp < walk->registers.sp || (sp == walk->registers.sp && caller->ip == walk->registers.ip)))
		return STEP_CUT;
	walk->registers = *caller;
	walk->exact = interrupted;
	return STEP_CALLER;
}

static enum step step_by_row(struct walk *walk, const struct cfi_row *row)
{
	struct symbol_registers caller;

	walk->out_of_bytes = false;
	if (row->rules[row->return_column].kind == CFI_UNDEFINED)
		return STEP_OUTERMOST;
	if (!find_frame_address(walk, row))
		return STEP_CUT;
	apply_all(walk, row, &caller);
	if (!known(&caller, row->return_column) || !known(&caller, walk->machine->stack))
		return STEP_CUT;
	walk->out_of_bytes = false; /* some other register's */
	walk->by_frame_pointer = false;
	return take_caller(walk, &caller, caller.value[row->return_column], row->signal);
}

/* ---- a step by frame pointers ------------------------------------------------------------------------------- */

/* The frame pointer points to the caller's one, saved, with the return address above it. It is only believed where it
 * points into the stack, upwards, to something that leads to code. */
static enum step step_by_frame_pointer(struct walk *walk)
{
	const struct machine *machine = walk->machine;
	const uint64_t frame = walk->registers.value[machine->frame];
	struct symbol_registers caller = {.machine = machine->number};
	struct location location;
	uint64_t ip, saved;

	walk->out_of_bytes = false;
	if (!known(&walk->registers, machine->frame) || frame < walk->registers.sp || frame % machine->address_size)
		return STEP_CUT;
	if (!read_memory(walk, frame, machine->address_size, &saved) ||
	    !read_memory(walk, frame + machine->saved_return, machine->address_size, &ip))
		return STEP_CUT;
	ip &= machine->code_mask;
	if (ip && !symbols_locate_code(walk->symbols, walk->process, ip - 1, &location))
		return STEP_CUT;
	set(&caller, machine->frame, saved);
	set(&caller, machine->stack, frame + 2u * machine->address_size);
	walk->by_frame_pointer = true;
	return take_caller(walk, &caller, ip, false);
}

/* ---- the walk -------------------------------------------------------------------------------------------------- */

static enum step step(struct walk *walk, const struct location *location, bool *interrupted)
{
	struct place *place = location->module ? module_place(location->module, location->address) : NULL;

	*interrupted = false;
	if (place)
		place_find_row(location->module, place, location->address);
	if (!place || !place->row.found)
		return step_by_frame_pointer(walk);
	*interrupted = place->row.signal;
	return step_by_row(walk, &place->row);
}

/* The code that the walk stands in: a call may be the last instruction of its function, so behind it may be another
 * one. */
static bool locate(struct walk *walk, struct location *location)
{
	return symbols_locate_code(walk->symbols, walk->process, walk->registers.ip - !walk->exact, location);
}

static unsigned walk_frames(struct walk *walk, struct symbol_frame *frames, unsigned max, enum symbol_end *end)
{
	enum step result = STEP_CALLER;
	struct location location;
	unsigned count = 0;

	while (result == STEP_CALLER) {
		const bool found = locate(walk, &location);

		*end = SYMBOL_END_FRAMES;
		if (count == max)
			return count;
		*end = SYMBOL_END_UNKNOWN;
		if (!found && count) /* no code: not a caller */
			return count;
		frames[count] =
		    (struct symbol_frame){.address = walk->registers.ip, .by_frame_pointer = walk->by_frame_pointer};
		if (!found)
			return count + 1;
		count += frame_name(walk->symbols, &location, walk->exact, &frames[count], max - count);
		result = step(walk, &location, &frames[count - 1].interrupted);
	}
	if (result == STEP_OUTERMOST)
		*end = SYMBOL_END_OUTERMOST;
	else
		*end = walk->out_of_bytes ? SYMBOL_END_BYTES : SYMBOL_END_UNKNOWN;
	return count;
}

unsigned symbols_unwind(struct symbols *symbols, pid_t pid, uint64_t start_ns, const struct symbol_registers *registers,
			const void *stack, size_t size, struct symbol_frame *frames, unsigned max, enum symbol_end *end)
{
	struct walk walk = {.symbols = symbols,
			    .machine = machine_of(registers->machine),
			    .stack = stack,
			    .stack_begin = registers->sp,
			    .stack_size = size,
			    .registers = *registers,
			    .exact = true};

	symbols_begin(symbols);
	*end = max ? SYMBOL_END_UNKNOWN : SYMBOL_END_FRAMES;
	if (!max)
		return 0;
	frames[0] = (struct symbol_frame){.address = registers->ip};
	walk.process = symbols_process(symbols, pid, start_ns);
	if (!walk.process || !walk.machine)
		return 1;
	set(&walk.registers, walk.machine->stack, registers->sp);
	return walk_frames(&walk, frames, max, end);
}

bool symbols_code(struct symbols *symbols, pid_t pid, uint64_t start_ns, uint64_t address, struct symbol_frame *frame)
{
	struct process *process;
	struct location location;

	symbols_begin(symbols);
	*frame = (struct symbol_frame){.address = address};
	process = symbols_process(symbols, pid, start_ns);
	if (!process || !symbols_locate_code(symbols, process, address, &location))
		return false;
	frame_name(symbols, &location, true, frame, 1);
	return true;
}
