/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * What differs by processor: where the number and the arguments of a system call are in a thread's saved registers, how
 * a 32-bit program is told, and what the functions of system calls are called. Numbers of calls are user space's
 * business (user/source/live_syscalls.c).
 *
 * All this is read when a call returns as well, so nothing may be taken from a register that the kernel puts the result
 * in: rax on x86, x0 on arm64, whose first value is in orig_x0 (arch/arm64/kernel/syscall.c).
 */
#ifndef LIFELINE_BPF_MACHINE_H
#define LIFELINE_BPF_MACHINE_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "lib/kernel.bpf.h"

/* The nth argument of a call (counted from 0, at most 4), the number of the call (negative: in none), what was passed
 * to a function that is just entered (nth: 0 to 2), where in memory the address is that this one will return to (0: in
 * none), and where the thread is in user mode. compat: it is in a 32-bit call. */

#if defined(__TARGET_ARCH_x86)

#define CALL_FUNCTION(name) "__x64_sys_" #name
#define COMPAT_STATUS 2 /* TS_COMPAT: a 32-bit call, numbered and with its arguments otherwise */

static __always_inline bool is_compat(struct task_struct *task)
{
	return GET(task, thread_info.status) & COMPAT_STATUS;
}

static __always_inline __s64 call_number(struct pt_regs *regs)
{
	return REGISTER(regs, orig_ax);
}

static __always_inline __u64 argument(struct pt_regs *regs, int nth, bool compat)
{
	switch (nth) {
	case 0:
		return compat ? (__u32)REGISTER(regs, bx) : REGISTER(regs, di);
	case 1:
		return compat ? (__u32)REGISTER(regs, cx) : REGISTER(regs, si);
	case 2:
		return compat ? (__u32)REGISTER(regs, dx) : REGISTER(regs, dx);
	case 3:
		return compat ? (__u32)REGISTER(regs, si) : REGISTER(regs, r10);
	default:
		return compat ? (__u32)REGISTER(regs, di) : REGISTER(regs, r8);
	}
}

static __always_inline __u64 passed(struct pt_regs *regs, int nth)
{
	return nth == 0 ? REGISTER(regs, di) : nth == 1 ? REGISTER(regs, si) : REGISTER(regs, dx);
}

static __always_inline __u64 return_place(struct pt_regs *regs)
{
	return REGISTER(regs, sp);
}

static __always_inline __u64 instruction_of(struct pt_regs *regs)
{
	return REGISTER(regs, ip);
}

static __always_inline __u64 stack_of(struct pt_regs *regs)
{
	return REGISTER(regs, sp);
}

#elif defined(__TARGET_ARCH_arm64)

#define CALL_FUNCTION(name) "__arm64_sys_" #name
#define COMPAT_FLAG (1UL << 22) /* TIF_32BIT: of the whole program; its arguments are in the same registers */

static __always_inline bool is_compat(struct task_struct *task)
{
	return GET(task, thread_info.flags) & COMPAT_FLAG;
}

static __always_inline __s64 call_number(struct pt_regs *regs)
{
	return REGISTER(regs, syscallno);
}

static __always_inline __u64 argument(struct pt_regs *regs, int nth, bool compat)
{
	__u64 value;

	switch (nth) {
	case 0:
		value = REGISTER(regs, orig_x0);
		break;
	case 1:
		value = REGISTER(regs, user_regs.regs[1]);
		break;
	case 2:
		value = REGISTER(regs, user_regs.regs[2]);
		break;
	case 3:
		value = REGISTER(regs, user_regs.regs[3]);
		break;
	default:
		value = REGISTER(regs, user_regs.regs[4]);
	}
	return compat ? (__u32)value : value;
}

static __always_inline __u64 passed(struct pt_regs *regs, int nth)
{
	return nth == 0 ? REGISTER(regs, user_regs.regs[0])
			: nth == 1 ? REGISTER(regs, user_regs.regs[1]) : REGISTER(regs, user_regs.regs[2]);
}

static __always_inline __u64 return_place(struct pt_regs *regs)
{
	return 0; /* it is in a register */
}

static __always_inline __u64 instruction_of(struct pt_regs *regs)
{
	return REGISTER(regs, user_regs.pc);
}

static __always_inline __u64 stack_of(struct pt_regs *regs)
{
	return REGISTER(regs, user_regs.sp);
}

#else
#error "the registers of this processor are not known: bpf/lib/machine.bpf.h"
#endif

#endif
