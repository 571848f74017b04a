/* SPDX-License-Identifier: BSD-2-Clause
 * Registers as the kernel saves them at entry, by their DWARF numbers; see symbol.h. */
#include "symbol/symbol.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

static void set(struct symbol_registers *registers, unsigned number, uint64_t value)
{
	registers->value[number] = value;
	registers->known |= 1ULL << number;
}

#if defined(__x86_64__)
#define HOST EM_X86_64
#define STACK 7

/* struct pt_regs, in order (arch/x86/include/asm/ptrace.h). */
enum {
	R15,
	R14,
	R13,
	R12,
	RBP,
	RBX,
	R11,
	R10,
	R9,
	R8,
	RAX,
	RCX,
	RDX,
	RSI,
	RDI,
	ORIG_RAX,
	RIP,
	CS,
	EFLAGS,
	RSP,
	SS,
	SAVED_WORDS
};

#define CS_OF_32_BIT 0x23 /* __USER32_CS */

int symbol_registers_saved(struct symbol_registers *registers, const void *saved, size_t size)
{
	/* By DWARF number: of x86-64, and of i386, whose upper halves are zero. */
	static const uint8_t wide[] = {RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15};
	static const uint8_t narrow[] = {RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI};
	uint64_t words[SAVED_WORDS];
	bool is_narrow;

	if (size != sizeof(words))
		return -EINVAL;
	memcpy(words, saved, size);
	is_narrow = (words[CS] & 0xffff) == CS_OF_32_BIT;
	*registers =
	    (struct symbol_registers){.machine = is_narrow ? EM_386 : EM_X86_64, .ip = words[RIP], .sp = words[RSP]};
	for (unsigned i = 0; i < (is_narrow ? sizeof(narrow) : sizeof(wide)); i++)
		set(registers, i, is_narrow ? (uint32_t)words[narrow[i]] : words[wide[i]]);
	return 0;
}

#elif defined(__aarch64__)
#define HOST EM_AARCH64
#define STACK 31

/* struct user_pt_regs: x0 to x30, sp, pc, pstate (arch/arm64/include/uapi/asm/ptrace.h). */
int symbol_registers_saved(struct symbol_registers *registers, const void *saved, size_t size)
{
	uint64_t words[34];

	if (size != sizeof(words))
		return -EINVAL;
	memcpy(words, saved, size);
	*registers = (struct symbol_registers){.machine = EM_AARCH64, .ip = words[32], .sp = words[31]};
	for (unsigned i = 0; i <= STACK; i++)
		set(registers, i, words[i]);
	return 0;
}

#else
#define HOST EM_NONE
#define STACK 0

int symbol_registers_saved(struct symbol_registers *registers, const void *saved, size_t size)
{
	(void)saved, (void)size;
	*registers = (struct symbol_registers){.machine = EM_NONE};
	return -EINVAL;
}
#endif

void symbol_registers_pair(struct symbol_registers *registers, uint64_t ip, uint64_t sp)
{
	*registers = (struct symbol_registers){.machine = HOST, .ip = ip, .sp = sp};
	set(registers, STACK, sp);
}
