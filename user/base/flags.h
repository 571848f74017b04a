/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of bits: the options of wait calls and the flags of clone, listed once for whoever prints or reads them.
 */
#ifndef LIFELINE_BASE_FLAGS_H
#define LIFELINE_BASE_FLAGS_H

#include <stdint.h>

#include "base/buffer.h"

/* linux/wait.h */
#define WAIT_OPTION_BITS(F)                                                                                            \
	F(WNOHANG, 0x1) F(WUNTRACED, 0x2) F(WEXITED, 0x4) F(WCONTINUED, 0x8) F(WNOWAIT, 0x01000000)                    \
	F(__WNOTHREAD, 0x20000000) F(__WALL, 0x40000000) F(__WCLONE, 0x80000000)

/* linux/sched.h; the lowest byte is a signal, not flags */
#define CLONE_FLAG_BITS(F)                                                                                             \
	F(CLONE_VM, 0x100) F(CLONE_FS, 0x200) F(CLONE_FILES, 0x400) F(CLONE_SIGHAND, 0x800) F(CLONE_PIDFD, 0x1000)     \
	F(CLONE_PTRACE, 0x2000) F(CLONE_VFORK, 0x4000) F(CLONE_PARENT, 0x8000) F(CLONE_THREAD, 0x10000)                \
	F(CLONE_NEWNS, 0x20000) F(CLONE_SYSVSEM, 0x40000) F(CLONE_SETTLS, 0x80000)                                     \
	F(CLONE_PARENT_SETTID, 0x100000) F(CLONE_CHILD_CLEARTID, 0x200000) F(CLONE_DETACHED, 0x400000)                 \
	F(CLONE_UNTRACED, 0x800000) F(CLONE_CHILD_SETTID, 0x1000000) F(CLONE_NEWCGROUP, 0x2000000)                     \
	F(CLONE_NEWUTS, 0x4000000) F(CLONE_NEWIPC, 0x8000000) F(CLONE_NEWUSER, 0x10000000)                             \
	F(CLONE_NEWPID, 0x20000000) F(CLONE_NEWNET, 0x40000000) F(CLONE_IO, 0x80000000)                                \
	F(CLONE_CLEAR_SIGHAND, 0x100000000) F(CLONE_INTO_CGROUP, 0x200000000)

struct flag_name {
	uint64_t bit;
	const char *name;
};

extern const struct flag_name wait_option_names[], clone_flag_names[]; /* end with bit 0 */

/* Appends "WNOHANG|WUNTRACED"; bits without a name as one number, "…|0x40"; nothing if no bit is set. */
void flags_append(struct buffer *out, uint64_t value, const struct flag_name *names);

#endif
