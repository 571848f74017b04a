/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Debugging information that is kept apart from the program: in a file of its own, found by build-id or by the name
 * that the program gives, or as packed symbols within it.
 */
#ifndef LIFELINE_SYMBOL_DEBUGFILE_H
#define LIFELINE_SYMBOL_DEBUGFILE_H

#include "symbol/elf.h"

/* A descriptor of the file that belongs to `elf`, which lies at `path`; -1 if there is none. It is only taken if its
 * build-id is the same, or, without one, its checksum what the program says. root: a directory that stands for "/" (of
 * a process in a container); -1: our own. */
int debugfile_open(int root, const struct elf *elf, const char *path);
/* The ELF file that is packed in section .gnu_debugdata (Fedora's "mini debuginfo": names of static functions); 0, or
 * as elf_load. */
int debugfile_unpack(const struct elf *elf, struct elf_part *part);

#endif
