/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * What the kernel side tells the live source about locks. These records are not events: the source makes events of them
 * (numbers, kinds, names, holders), and only those go on. They share the events' head and their ring buffer; their
 * kinds lie above all events'.
 */
#ifndef LIFELINE_ABI_LOCK_H
#define LIFELINE_ABI_LOCK_H

#include "bpf/abi/event.h"

#define LOCK_WORDS 8         /* 32-bit words of memory at a futex */
#define LOCK_STACK 8192      /* bytes of a stack that are copied, at most */
#define LOCK_STACK_PIECE 512 /* by which they are copied */
/* 64-bit words of struct pt_regs, on arm64 of its part struct user_pt_regs */
#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
#define LOCK_REGISTERS 34
#else
#define LOCK_REGISTERS 21
#endif

enum raw_kind {
	RAW_LOCK_WAIT = 256, /* a wait begins */
	RAW_LOCK_END,        /* a wait that was told has ended */
	RAW_LOCK_SITE,       /* registers and stack of a place that was not met before */
	RAW_THREAD_LOOK,     /* by the task iterator: what a thread is doing */
	RAW_KIND_LIMIT,
};

/* Pseudo operations: an entry that counts wake-ups by its thread, not waits; and waits for a lock on a file, whose
 * address is the inode's number, val the device, owner the process that holds it (in the initial pid namespace), and
 * the first of the words the waiter's file descriptor. */
#define LOCK_OP_WAKE 0x10000
#define LOCK_OP_FLOCK 0x10001
#define LOCK_OP_POSIX 0x10002

/* Ended waits of one thread at one address, at one site, with the same word where an owner would be. In a hash that
 * user space drains; a thread only touches its own entries, so they need no atomic additions. */
struct lock_fold_key {
	__u64 space;   /* which address space: the mm's address, as a number */
	__u64 address; /* of the futex */
	__u64 start_ns;
	__u32 pid, tid;
	__u32 site, owner;
	__u32 op, val;
};

struct lock_fold {
	__u64 waits, timeouts, wait_ns, max_ns;
	__u64 sp;                /* likewise */
	__u32 words[LOCK_WORDS]; /* as they were at the first of these waits */
	char comm[COMM_SIZE];
};

struct raw_lock_wait {
	struct event h;
	__u64 space, address, sp;
	__u32 op, val, owner, site, timed, pad;
	__u32 words[LOCK_WORDS];
};

struct raw_lock_end {
	struct event h;
	__u64 space, address, waited_ns, waker_start;
	__u32 op, outcome;
	__s32 result;
	__u32 waker_pid, waker_tid, pad;
};

struct raw_lock_site {
	struct event h;
	__u64 space;
	__u64 registers[LOCK_REGISTERS];
	__u32 site, length;
	__u8 stack[LOCK_STACK];
};

#define ALARM_REAL 1  /* an interval timer, alarm(2) */
#define ALARM_POSIX 2 /* timer_create(2) */
#define ALARM_CPU 4   /* a limit or timer on processor time */

struct raw_thread_look {
	struct event h;
	__u64 registers[LOCK_REGISTERS]; /* meaningless while it runs */
	__u64 out_ns;   /* since when it has been off the processor, CLOCK_BOOTTIME; 0: it is not, or unknown */
	__u64 since_ns; /* since when it has been in a wait for a lock; 0: in none that is known of */
	__u64 space, switches;
	__u64 born_ns; /* the thread, CLOCK_BOOTTIME */
	__u32 state, alarms, nstid;
	__u32 compat; /* it is in a 32-bit system call */
};

#endif
