/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names for addresses of other processes: the frames of a stack from copied registers and stack bytes, and the variable
 * that holds a lock. Nothing here stops, traces or writes to a process: its map is read from /proc/PID/maps, its code
 * from the files that it maps, which are held open so that a process can be named after it has ended.
 *
 * A process is (pid, start time since boot in ns), as everywhere in lifeline. Files are hostile: sizes, counts, offsets
 * and encodings are checked, loops are bounded, and nothing is mapped (a file cut short under a mapping would kill the
 * reader). What cannot be known stays NULL or 0. Names are as the files spell them: whoever prints them escapes them.
 *
 * Strings handed out belong to the cache and live until the next call that takes the same `struct symbols`, other than
 * symbol_format. Not for use from several threads at once.
 */
#ifndef LIFELINE_SYMBOL_SYMBOL_H
#define LIFELINE_SYMBOL_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"

struct symbols;

/* NULL if there is no memory. symbols_free accepts NULL. */
struct symbols *symbols_new(void);
void symbols_free(struct symbols *symbols);

/* Reads the process' map and opens what code it maps. To be called when a process is first seen and after each exec
 * (the new image replaces the old one). Costs some 50 us for a process whose files are known. Functions below do it
 * themselves for a process that was never noted, and again when they meet an address that no known mapping holds
 * (dlopen). 0, -ESRCH if that process is gone (pid used again included), -EACCES without the right to look, -ENOMEM. */
int symbols_note_process(struct symbols *symbols, pid_t pid, uint64_t start_ns);
/* A fork's child has its parent's map: shares it, without reading anything. 0, -ESRCH if the parent was not noted. */
int symbols_note_fork(struct symbols *symbols, pid_t parent, uint64_t parent_start_ns, pid_t pid, uint64_t start_ns);
/* Drops what is known of the process. Not needed: the number of processes kept is bounded, and the one that was not
 * asked about for longest goes first. */
void symbols_forget_process(struct symbols *symbols, pid_t pid, uint64_t start_ns);

/* Registers of a thread in user space, by their DWARF numbers. */
#define SYMBOL_REGISTERS 33

struct symbol_registers {
	uint16_t machine; /* as in an ELF header: EM_X86_64, EM_386, EM_AARCH64 */
	uint64_t ip, sp;
	uint64_t known; /* a bit for each number whose value is given */
	uint64_t value[SYMBOL_REGISTERS];
};

/* From the kernel's user registers of the machine that lifeline was built for, as a BPF program copies them: struct
 * pt_regs on x86-64 (21 words; a 32-bit program is told by its code segment), struct user_pt_regs on arm64 (34 words).
 * -EINVAL for another size. */
int symbol_registers_saved(struct symbol_registers *registers, const void *saved, size_t size);
/* When no more than these two are known (/proc/TID/syscall). Frames that need others end the walk. */
void symbol_registers_pair(struct symbol_registers *registers, uint64_t ip, uint64_t sp);

struct symbol_frame {
	uint64_t address;       /* in the process: where it goes on, so behind a call */
	const char *function;   /* demangled, without arguments; NULL: unknown */
	uint64_t offset;        /* of address in the function, if that is known from a symbol; else 0 */
	const char *object;     /* path as the process sees it, "[vdso]"; NULL: code in no file */
	const char *build_id;   /* hex; NULL: it has none */
	uint64_t object_offset; /* of address, as symbols in the object count (ELF virtual address) */
	const char *file;       /* as the compiler was told it, without directories; NULL: no line information */
	unsigned line;          /* 0: unknown */
	bool inlined;           /* this function was inlined into that of the next frame, which has the same address */
	bool interrupted;       /* a signal handler's trampoline: the next frame did not call, it was interrupted */
	bool by_frame_pointer;  /* found through saved frame pointers, as the code of the frame before tells nothing
				   better */
};

/* Why a walk ended. All but SYMBOL_END_OUTERMOST mean that the stack is cut. */
enum symbol_end {
	SYMBOL_END_OUTERMOST, /* the thread's first frame */
	SYMBOL_END_BYTES,     /* the next frame lies outside the copied bytes */
	SYMBOL_END_FRAMES,    /* no room for more frames */
	SYMBOL_END_UNKNOWN,   /* code that is not known, or does not tell who called it */
};

/* Words for a report: "complete", "cut: …". */
const char *symbol_end_text(enum symbol_end end);

/* The frames of a thread, innermost first, at most max. stack: `size` bytes that were at registers->sp and above.
 * Returns how many frames there are: at least one if max > 0 (the first has at least its address). */
unsigned symbols_unwind(struct symbols *symbols, pid_t pid, uint64_t start_ns, const struct symbol_registers *registers,
			const void *stack, size_t size, struct symbol_frame *frames, unsigned max,
			enum symbol_end *end);
/* One address of code, as if it were the innermost frame; false if it lies in no executable mapping. */
bool symbols_code(struct symbols *symbols, pid_t pid, uint64_t start_ns, uint64_t address, struct symbol_frame *frame);

/* "work at bank.c:41", "func_B+0x12 (libfoo.so)", "0x12 in /usr/bin/x", "0x7f…" */
void symbol_format(const struct symbol_frame *frame, struct buffer *out);

/* What an address of data lies in. */
enum symbol_place {
	SYMBOL_PLACE_UNKNOWN, /* in no mapping that is known */
	SYMBOL_PLACE_OBJECT,  /* data of a program or library; `name` if a symbol holds the address */
	SYMBOL_PLACE_HEAP,    /* the brk heap; allocators use anonymous mappings as well */
	SYMBOL_PLACE_STACK,   /* the first thread's; others have anonymous mappings */
	SYMBOL_PLACE_ANONYMOUS,
	SYMBOL_PLACE_FILE, /* a mapped file that is no code, shared memory included */
};

struct symbol_data {
	enum symbol_place place;
	const char *name;   /* of the variable, demangled; NULL: none holds the address */
	uint64_t offset;    /* in the variable */
	uint64_t size;      /* of the variable */
	const char *object; /* path as the process sees it, for OBJECT and FILE; else NULL */
	const char *build_id;
	uint64_t object_offset; /* as symbols count for OBJECT; in the file for FILE */
};

/* Fills *data; false if the place is unknown. */
bool symbols_data(struct symbols *symbols, pid_t pid, uint64_t start_ns, uint64_t address, struct symbol_data *data);
/* "the_lock", "bank+16", "0x4010 in /usr/lib/libx.so"; nothing for heap, stack and anonymous memory. */
void symbol_data_format(const struct symbol_data *data, struct buffer *out);

/* Where a variable or function is that the process' program or one of its libraries defines, by its name in the symbol
 * table. */
struct symbol_definition {
	uint64_t address;     /* in the process */
	uint64_t size;        /* 0: the symbol does not say */
	const char *object;   /* path as the process sees it */
	uint64_t file_offset; /* what a uprobe wants; 0 if the file holds no byte of it (bss) */
};

/* The first object in order of address that defines it; `within` (may be NULL): only objects whose path holds this
 * text. False if there is none. */
bool symbols_find(struct symbols *symbols, pid_t pid, uint64_t start_ns, const char *within, const char *name,
		  struct symbol_definition *definition);

/* Where a function begins in a file. */
struct symbol_function {
	unsigned which;       /* of the names asked for */
	uint64_t file_offset; /* what a uprobe wants */
};

/* All functions of these names (NULL-terminated; versions are not minded) that an open ELF file defines: at most `max`,
 * each place once. How many, or a negative errno (-ENOEXEC: no ELF file of this byte order). */
int symbol_functions(int descriptor, const char *const *names, struct symbol_function *found, unsigned max);

#endif
