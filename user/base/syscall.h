/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of system calls by number. The numbers differ by machine, so whoever reads a trace asks for the machine that it
 * was made on ("x86_64", "aarch64"); the short forms are for the machine that lifeline was built for.
 */
#ifndef LIFELINE_BASE_SYSCALL_H
#define LIFELINE_BASE_SYSCALL_H

/* Static text, or NULL for a number (or a machine) that is not known. */
const char *syscall_name(int number);
const char *syscall_name_on(const char *arch, int number);
/* The number, or -1 if the machine has no such call. */
int syscall_number(const char *name);
int syscall_number_on(const char *arch, const char *name);

#endif
