/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of system calls, looked up both ways. Some 380 short rows and a handful of look-ups a run: a plain walk.
 */
#include "base/syscall.h"

#include <stddef.h>
#include <string.h>

struct row {
	const char *name;
	short number[2]; /* enum machine */
};

enum machine { MACHINE_X86_64, MACHINE_AARCH64, MACHINE_UNKNOWN };

static const struct row rows[] = {
#define SYSCALL(name, x86_64, aarch64) {#name, {x86_64, aarch64}},
#include "base/syscall.def"
#undef SYSCALL
};

#define ROWS (sizeof rows / sizeof rows[0])

#if defined(__x86_64__)
#define BUILT_FOR "x86_64"
#elif defined(__aarch64__)
#define BUILT_FOR "aarch64"
#else
#define BUILT_FOR ""
#endif

static enum machine machine_of(const char *arch)
{
	if (!strcmp(arch, "x86_64"))
		return MACHINE_X86_64;
	if (!strcmp(arch, "aarch64"))
		return MACHINE_AARCH64;
	return MACHINE_UNKNOWN;
}

const char *syscall_name_on(const char *arch, int number)
{
	const enum machine machine = machine_of(arch);

	if (machine == MACHINE_UNKNOWN || number < 0)
		return NULL;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].number[machine] == number)
			return rows[i].name;
	return NULL;
}

int syscall_number_on(const char *arch, const char *name)
{
	const enum machine machine = machine_of(arch);

	if (machine == MACHINE_UNKNOWN)
		return -1;
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].number[machine];
	return -1;
}

const char *syscall_name(int number)
{
	return syscall_name_on(BUILT_FOR, number);
}

int syscall_number(const char *name)
{
	return syscall_number_on(BUILT_FOR, name);
}
