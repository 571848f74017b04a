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

/* Where in them a thread that is in a system call has its place and the call's arguments, the first in the first. */
#if defined(__aarch64__)
enum { AT_FIRST = 0, AT_SECOND = 1, AT_THIRD = 2, AT_FOURTH = 3, AT_FIFTH = 4, AT_SIXTH = 5, AT_SP = 31, AT_IP = 32 };
#else
enum {
	AT_FIRST = 14,
	AT_SECOND = 13,
	AT_THIRD = 12,
	AT_FOURTH = 7,
	AT_FIFTH = 9,
	AT_SIXTH = 8,
	AT_IP = 16,
	AT_SP = 19
};
#endif

enum raw_kind {
	RAW_LOCK_WAIT = 256, /* a wait begins */
	RAW_LOCK_END,        /* a wait that was told has ended */
	RAW_LOCK_SITE,       /* registers and stack of a place that was not met before */
	RAW_THREAD_LOOK,     /* by the task iterator: what a thread is doing */
	RAW_LOCK_MET,        /* a lock in shared memory was taken for the first time by this process */
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

/* ---- --locks all: calls of the C library's functions ------------------------------------------------------------ */

/* Which function a probe is on: its cookie. */
enum probe_call {
	PROBE_MUTEX_LOCK = 1,
	PROBE_MUTEX_TIMED, /* gives up after a while */
	PROBE_MUTEX_TRY,
	PROBE_MUTEX_UNLOCK,
	PROBE_READ_LOCK,
	PROBE_READ_TIMED,
	PROBE_READ_TRY,
	PROBE_WRITE_LOCK,
	PROBE_WRITE_TIMED,
	PROBE_WRITE_TRY,
	PROBE_RWLOCK_UNLOCK,
	PROBE_SEM_WAIT,
	PROBE_SEM_TIMED,
	PROBE_SEM_TRY,
	PROBE_SEM_POST,
	PROBE_COND_WAIT, /* the mutex is its second argument */
	PROBE_SEM_INIT,
};

#define PROBE_CALL 0xff            /* of a cookie: which function */
#define PROBE_LIMIT_IS_THIRD 0x100 /* its third argument says until when, not its second */

/* ---- the last takers of semaphores --- */

#define CLAIMS_MAX 16 /* threads that may have taken a semaphore, or are about to; a power of two */
#define NO_DEVICE 0xffffffff

/* What is told of a semaphore's last taker, where a mutex has its owner: with its tid in the initial pid namespace. */
#define OWNER_IS_TAKER 0x80000000
#define TAKER_ENDED 0x40000000
#define TAKER_TID 0x3fffffff

/* One in memory that processes share is told by where that is, so that it is one for all of them. */
struct sem_key {
	__u64 space, place; /* address space and address; or inode and offset */
	__u32 device;       /* of the inode; NO_DEVICE: private */
	__u32 pad;
};

/* Of a thread on a semaphore. Only that thread writes it; `task` is taken, when 0 or of one that has no claim left, by
 * compare and exchange. */
struct claim {
	__u64 task;
	__u64 asked_ns; /* when it came to where it can take it: by its call, or awake again */
	__u64 took_ns;  /* asked_ns of the last time that it is known to have taken it */
	__u64 sure_ns;  /* when that became known */
	__u64 space;
	__u64 sp, back; /* of the present call: where its return address lies, and which that is; 0 0: not known */
	__u32 tid;
	__u32 version; /* odd while it is written to */
	__u32 holds;   /* how often it took it without posting since */
	__u32 value;   /* of the semaphore as it asked; UNREAD_VALUE: not read */
	__u32 posts;   /* begun by then */
	__u32 asks;    /* it may take it, or have taken it, at any moment since asked_ns */
	__u32 posting; /* it has begun to post and is not known to be done */
	__u32 pad;
};

#define UNREAD_VALUE 0xffffffff

struct sem_claims {
	__u64 stranger_ns;     /* when somebody last posted who was not known to hold it */
	__u64 crowded_ns;      /* when a claim last found no room */
	__u32 posts;           /* begun */
	__u32 own, strangers;  /* posts by those who held it; by others */
	__u32 pad;
	struct claim claims[CLAIMS_MAX];
};

#define HELD_MAX 32 /* locks that one thread holds at a time and that are followed; a power of two */
#define GATES_MAX 4 /* locks held besides the two of an order, so many are told */

/* Of a lock that is taken, and in the orders of two. */
#define HELD_READ 1   /* shared with other readers */
#define HELD_SHARED 2 /* in memory that processes may share */

struct held_lock {
	__u64 address, since_ns;
	__u32 site, kind;  /* enum lock_kind */
	__u32 depth, flags; /* how often it was taken, 0: once more than before; HELD_* */
};

/* What the claims on a semaphore say about who took it last. */
struct claim_sums {
	__u64 sure_ns;  /* the latest that is sure has asked then */
	__u64 maybe_ns; /* the latest that is not sure */
	__u64 known_ns; /* when the last of those that hold it were known to */
	__u32 sure_at, maybe_at;
	__u32 maybes, returned, posting, pad;
};

/* What a thread holds. Only that thread writes it; user space reads those that are left at the end. */
struct locker {
	__u64 space, start_ns;
	__u64 pending, pending_ns; /* the lock of a call that has begun, of which it is not known yet how it ended */
	__u32 pending_call, pending_site; /* enum probe_call; 0: none */
	__u32 pid, tid, nstid;
	__u32 count;
	__u32 pending_value; /* of a semaphore, as the call began */
	__u32 claim;         /* 1 + which of the claims on `semaphore` is this thread's; 0: none */
	struct sem_key semaphore; /* of the pending call, or of the post that was the last one */
	__u64 sp, back;           /* of that call, as in struct claim */
	char comm[COMM_SIZE];
	struct held_lock held[HELD_MAX];
	/* While orders are told, and while the last taker is looked for. Here, as a program's stack is small, and as
	 * the verifier follows what is there number by number. Gates: GATES_MAX + 1, and room that a masked index may
	 * reach. */
	__u64 gates[8], gate_count;
	struct claim_sums sums;
};

struct hold_key {
	__u64 space, address, start_ns;
	__u32 pid, tid;
	__u32 site, kind;
	__u32 flags, pad;
};

/* The key under which a holding of a lock is counted: by the kernel side as it ends, by user space if it goes on. */
#define HOLD_KEY(locker, held)                                                                                         \
	{                                                                                                              \
		.space = (locker)->space, .address = (held)->address, .start_ns = (locker)->start_ns,                  \
		.pid = (locker)->pid, .tid = (locker)->tid, .site = (held)->site, .kind = (held)->kind,                \
		.flags = (held)->flags & HELD_SHARED                                                                   \
	}

struct hold_fold {
	__u64 acquisitions, hold_ns, max_ns; /* hold_ns: of those that have ended */
	__u64 first_ns, last_ns;             /* of the acquisitions */
	char comm[COMM_SIZE];
};

/* A lock was taken while another one was held. Between two values of `epoch` no thread that is watched is born or
 * ends. */
struct order_key {
	__u64 space, address, held, start_ns;
	__u64 gates[GATES_MAX]; /* held as well, by nobody else at the same time; 0: no more */
	__u32 pid, tid;
	__u32 site, held_site;
	__u32 kind, held_kind;
	__u32 flags, held_flags; /* HELD_* */
	__u32 more_gates;        /* there were more than that */
	__u32 epoch;
};

struct order_fold {
	__u64 count, first_ns, last_ns;
	char comm[COMM_SIZE];
};

struct raw_lock_met {
	struct event h;
	__u64 space, address;
	__u64 inode, offset;
	__u32 device;        /* as the kernel numbers them */
	__u32 site, kind, pad;
};

#define ALARM_REAL 1  /* an interval timer, alarm(2) */
#define ALARM_POSIX 2 /* timer_create(2) */
#define ALARM_CPU 4   /* a limit or timer on processor time */

struct raw_thread_look {
	struct event h;
	__u64 registers[LOCK_REGISTERS]; /* meaningless while it runs */
	__u64 out_ns;   /* since when it has been off the processor, CLOCK_BOOTTIME; 0: it is not, or unknown */
	__u64 since_ns; /* since when it has been in a wait for a lock; 0: in none that is known of */
	__s64 call;     /* number of the system call that it is in, negative: in none */
	__u64 space, switches;
	__u64 born_ns; /* the thread, CLOCK_BOOTTIME */
	__u32 state, alarms, nstid;
	__u32 compat; /* it is in a 32-bit system call */
	__u32 taker;  /* OWNER_IS_TAKER and who, of the semaphore that it waits for; 0: not known, or no semaphore */
	__u32 pad;
};

#endif
