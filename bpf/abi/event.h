/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * The records that cross from kernel to user space, and into trace files: made from event.def. Fixed-width types only;
 * no pointer, enum, bool or hole on the wire (tests build this header with -Werror=padded).
 */
#ifndef LIFELINE_ABI_EVENT_H
#define LIFELINE_ABI_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include "event.def"

#define COMM_SIZE 16

/* Head of each record. size: the whole record with its blobs, a multiple of 8. */
struct event {
	__u32 size;
	__u16 kind; /* enum event_kind */
	__u16 cpu;
	__u64 t_ns;	/* CLOCK_BOOTTIME */
	__u64 start_ns; /* start_boottime of the actor's thread-group leader: with pid, its identity */
	__u32 pid;	/* the actor's thread group */
	__u32 tid;
	char comm[COMM_SIZE];
};

/* Loss classes, and what an analyzer can ask for. Names are SPEC's `lost` classes: lower-case of these. */
#define EVENT_GROUPS(G)                                                                                                \
	G(LIFE, life) G(WAIT, wait) G(SIGNAL, signal) G(SESSION, session) G(SWITCH, switch) G(STREAM, stream) \
	G(LOCK, lock) G(TIMELINE, timeline)

enum event_group {
#define GROUP(upper, lower) GROUP_##upper,
	EVENT_GROUPS(GROUP)
#undef GROUP
	EVENT_GROUP_COUNT
};

enum event_kind {
#define EVENT(id, name, group, fields) EVENT_##name = (id),
	EVENTS
#undef EVENT
	EVENT_KIND_LIMIT = 128, /* one above the largest id in use, with room */
};

#define U64(n) __u64 n;
#define S64(n) __s64 n;
#define U32(n) __u32 n;
#define S32(n) __s32 n;
#define STR(n, size) char n[size];
#define BLOB(n) __u32 n##_len;
#define PAD __u32 pad;
#define EVENT(id, name, group, fields)                                                                                 \
	struct event_##name {                                                                                          \
		struct event h;                                                                                        \
		fields                                                                                                 \
	};
EVENTS
#undef U64
#undef S64
#undef U32
#undef S32
#undef STR
#undef BLOB
#undef PAD
#undef EVENT

/* Longest blobs, and so the largest record that exists. */
#define ARGV_MAX 4096
#define PATH_MAX_LEN 4096
#define EVENT_SIZE_MAX 16384

/* Where off-CPU time went; order is that of COUNTER_FIELDS and of SPEC's `blocked_ns`. */
#define BLOCKED_REASONS(R) R(FUTEX, futex) R(SLEEP, sleep) R(WAIT, wait) R(POLL, poll) R(READ, read) R(WRITE, write)   \
	R(NETWORK, network) R(DISK, disk) R(OTHER, other)

enum blocked_reason {
#define REASON(upper, lower) BLOCKED_##upper,
	BLOCKED_REASONS(REASON)
#undef REASON
	BLOCKED_REASON_COUNT
};

/* Why a thread came off the processor that did not block. */
enum switch_reason {
	SWITCH_INVOLUNTARY = 0, /* it could have gone on: preempted, or it yielded */
	SWITCH_UNKNOWN = 254,	/* it blocked, but is none of the watched: in what, was not looked at */
	SWITCH_ENDED = 255,	/* its last one */
};

enum end_state {
	END_THREAD = 0,	    /* a thread ended, its process lives on (or was ended by another thread's end) */
	END_ZOMBIE = 1,	    /* the process is dead and waits to be reaped */
	END_AUTOREAPED = 2, /* the parent ignores SIGCHLD or set SA_NOCLDWAIT: no zombie, nobody waits */
	END_REAPED = 3,	    /* a waiter was so quick that the status was collected before this last switch */
};

#define STATUS_UNKNOWN (-1) /* for a wait status: somebody else's, that lifeline may not read */

enum wait_call_kind { WAIT_CALL_WAIT4 = 0, WAIT_CALL_WAITID = 1 };

enum wait_type { WAIT_ANY = 0, WAIT_PID = 1, WAIT_PGID = 2 };

enum adopt_rule { ADOPT_THREAD = 0, ADOPT_SUBREAPER = 1, ADOPT_PIDNS_INIT = 2, ADOPT_INIT = 3, ADOPT_UNKNOWN = 4 };

enum reap_how {
	REAP_WAITED = 0,    /* seen at the return of wait4 or waitid */
	REAP_SEEN_GONE = 1, /* no wait was seen (kernel-side wait, io_uring): the task was freed, up to 30 ms late */
};

enum signal_origin {
	SIGNAL_USER = 0,   /* sent by the actor with a system call */
	SIGNAL_KERNEL = 1, /* raised by the kernel (fault, terminal, timer, parent-death, OOM) */
};

enum sigchld { SIGCHLD_DEFAULT = 0, SIGCHLD_IGNORED = 1, SIGCHLD_HANDLED = 2, SIGCHLD_NOCLDWAIT = 3 };

enum scope {
	SCOPE_TARGET = 1,   /* watched, and so will its descendants be */
	SCOPE_RELATIVE = 2, /* parent or adopter of a target: its waits and its end count, nothing else of it */
};

/* Bits. Verdicts about these are never reached, which then says nothing. */
enum unseen {
	UNSEEN_POLLS = 1, /* calls that bring nothing: there are programs on single calls only */
};

enum look_cause {
	LOOK_STATE = 0, /* looked at, at that moment */
	LOOK_EXIT = 1,	/* its last thread begins to exit: nothing of it is closed yet */
};

enum descriptor_kind {
	DESCRIPTOR_CLOSED = 0,
	DESCRIPTOR_NULL = 1, /* /dev/null */
	DESCRIPTOR_TERMINAL = 2,
	DESCRIPTOR_FILE = 3,
	DESCRIPTOR_PIPE = 4,
	DESCRIPTOR_SOCKET = 5,
	DESCRIPTOR_DEVICE = 6, /* any other */
	DESCRIPTOR_OTHER = 7,
};

enum disposition { DISPOSITION_DEFAULT = 0, DISPOSITION_IGNORED = 1, DISPOSITION_HANDLED = 2 };

enum pidfile_state { PIDFILE_ABSENT = 0, PIDFILE_PRESENT = 1, PIDFILE_UNREADABLE = 2 };

/* What a lock is, as far as operation, memory and calling function tell. FUTEX: something that waits and wakes, no more
 * is known. Order and names are SPEC's `kind`. */
#define LOCK_KINDS(K) K(FUTEX, futex) K(MUTEX, mutex) K(PI_MUTEX, pi-mutex) K(RWLOCK, rwlock) K(CONDVAR, condvar)     \
	K(SEMAPHORE, semaphore) K(BARRIER, barrier) K(JOIN, join) K(ONCE, once) K(GIL, gil) K(FILE, file)

enum lock_kind {
#define KIND(upper, lower) LOCK_##upper,
	LOCK_KINDS(KIND)
#undef KIND
	LOCK_KIND_COUNT
};

enum holder_known {
	HOLDER_UNKNOWN = 0, /* cannot be read for this kind of lock, or could not be read this time */
	HOLDER_THREAD = 1,
	HOLDER_NOBODY = 2, /* nobody at that moment: the lock was being handed over */
	HOLDER_GONE = 3,   /* the thread that the lock names has ended */
	HOLDER_FORK = 4,   /* it names a thread of another process: held across fork */
};

enum lock_outcome {
	LOCK_ACQUIRED = 0, /* woken, and (for a lock) it went on with it */
	LOCK_TIMEOUT = 1,
	LOCK_GAVE_UP = 2,   /* interrupted by a signal, and not tried again */
	LOCK_FAILED = 3,    /* refused by the kernel: result tells (-EDEADLK, ...) */
	LOCK_OWNER_DIED = 4, /* acquired, and told that its last owner ended while it held it */
};

/* flags of lock_order */
#define ORDER_READS 1	   /* the lock was taken together with other readers */
#define ORDER_HELD_READS 2 /* so was the one that was held */
#define ORDER_MORE_GATES 4 /* than can be told, or some that are not known */

enum site_cut { SITE_WHOLE = 0, SITE_NO_MORE_STACK = 1, SITE_NO_UNWIND_INFO = 2, SITE_UNREADABLE = 3 };

enum trace_mode { MODE_RUN = 0, MODE_ATTACH = 1, MODE_SNAPSHOT = 2 };

enum ended_by { ENDED_COMMAND = 0, ENDED_INTERRUPT = 1, ENDED_DURATION = 2, ENDED_TARGETS_GONE = 3, ENDED_CUT = 4 };

#endif
