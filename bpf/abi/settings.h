/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * What user space tells the BPF programs before they load (constants to the verifier, so that what is off costs
 * nothing), and what both sides may change later.
 */
#ifndef LIFELINE_ABI_SETTINGS_H
#define LIFELINE_ABI_SETTINGS_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include "bpf/abi/event.h"

#define SYSCALL_TABLE_SIZE 512

/* Which system calls the exit hook looks at, and which reason a thread blocked in one has. User space fills both tables
 * for the architecture. */
enum syscall_interest {
	SYSCALL_IGNORED = 0,
	SYSCALL_WAIT4,
	SYSCALL_WAITID,
	SYSCALL_FORK, /* clone, clone3, fork, vfork */
	SYSCALL_SETSID,
	SYSCALL_SETPGID,
	SYSCALL_PRCTL,
	SYSCALL_CHDIR, /* fchdir too */
	SYSCALL_UMASK,
	SYSCALL_CLOSE,
	SYSCALL_CLOSE_RANGE,
	SYSCALL_DUP,
	SYSCALL_DUP2, /* dup3 too */
	SYSCALL_OPEN,
	SYSCALL_OPENAT,
	SYSCALL_OPENAT2,
	SYSCALL_CREAT,
	SYSCALL_FCNTL,
	SYSCALL_FLOCK,
	SYSCALL_UNLINK,
	SYSCALL_UNLINKAT,
	SYSCALL_RENAME,
	SYSCALL_RENAMEAT, /* renameat2 too */
	SYSCALL_LISTEN,
	SYSCALL_FUTEX,
	SYSCALL_FUTEX_WAIT,  /* futex2: one address */
	SYSCALL_FUTEX_WAITV, /* futex2: several */
	SYSCALL_FUTEX_WAKE,
	SYSCALL_RESTART, /* restart_syscall: a timed wait goes on after a signal */
};

/* What a call says when there is nothing to do yet. */
enum syscall_polled {
	POLLED_NOT = 0,
	POLLED_DATA,  /* EAGAIN and the like: a call that moves data, takes a lock */
	POLLED_EVENT, /* 0: poll and its kin, a wait that does not block, sched_yield */
};

struct settings {
	__u64 begin_ns;	    /* CLOCK_BOOTTIME; tasks that started later have had no life before */
	__u32 watch_all;    /* every process but lifeline's own */
	__u32 want_session; /* emit what belongs to sessions and daemons */
	__u32 want_switch;  /* keep counters of blocked time and wakers */
	/* attach: who joins the watched later, not being a descendant of one */
	__u32 select_cgroups; /* whoever enters a group in the map `selected` */
	__u32 select_pids;    /* whoever is born into the pid namespace of one that is watched and its init */
	__u32 select_comm;    /* whoever calls exec and is named so then */
	__u32 select_uid;     /* whoever calls exec as this user */
	__u32 uid;
	char comm[16];
	__u32 wake_bytes;   /* wake the reader when so much is in the ring */
	__u32 want_lock;    /* keep account of waits for locks */
	__u32 want_timeline;  /* emit each switch */
	__u32 timeline_bytes; /* with more than that in the ring, switches are dropped: the rest is for all others */
	__u32 exit_wakes;     /* as wakes, of a thread that is ending */
	__u32 want_holds;     /* probes on the C library's lock functions are attached */
	__u8 interest[SYSCALL_TABLE_SIZE]; /* enum syscall_interest */
	__u8 compat[SYSCALL_TABLE_SIZE];   /* the same by the numbers of 32-bit programs; all 0 where there are none */
	__u8 reason[SYSCALL_TABLE_SIZE];   /* enum blocked_reason + 1; 0: other */
	__u8 polled[SYSCALL_TABLE_SIZE];   /* enum syscall_polled */
	__u16 wakes[SYSCALL_TABLE_SIZE];   /* want_timeline: which waits it can end, 1 << enum blocked_reason */
};

/* Bits of the scope map, one byte a process (index: tgid). */
#define IN_SCOPE_TARGET 1   /* watched with all descendants */
#define IN_SCOPE_RELATIVE 2 /* parent or adopter of a target: its waits and its end are told */
#define IN_SCOPE_SPAWNER 4  /* lifeline itself, while it starts CMD: its children are targets, it is not */
#define SCOPE_CHUNK 64

/* What the task iterator is to write. */
enum iterate_mode {
	ITERATE_NONE = 0,
	ITERATE_SELF,	   /* nothing but find out who lifeline is */
	ITERATE_ALL,	   /* snap_process of every process, watched or not */
	ITERATE_SNAPSHOT,  /* snap_process and snap_thread of those in scope; zombies become known as dead */
	ITERATE_ZOMBIES,   /* zombie_look of each known zombie, and of leaders that ended before their threads */
	ITERATE_EVERY_ZOMBIE, /* the same of all zombies, whoever is watched */
	ITERATE_COUNTERS,  /* counters of each live thread of a target */
	ITERATE_LONG_WAITS, /* raw_thread_look of threads that wait for a lock for long_wait_ns now; each wait once */
	ITERATE_THREADS,    /* raw_thread_look of each live thread of look_pid */
	ITERATE_SESSIONS,  /* session_look of the targets in the map `look_at`, or of all of them */
};

struct shared { /* read and written by both sides while programs run */
	__u32 iterate;	    /* enum iterate_mode */
	__u32 self_tgid;    /* lifeline, in the initial pid namespace: found by ITERATE_SELF, never watched */
	__u32 self_level;   /* lifeline's pid namespace depth */
	__u32 self_pidns;
	__u32 fold_side;    /* which of the two maps of folded waits is in use: 0 or 1 */
	/* Whether anything was put into a map of that side since user space last set this to 0, just before it emptied
	 * it: to walk through a map of many thousand empty places costs more than all else in a quiet second. */
	__u32 folds_filled[2];
	__u32 holds_filled[2]; /* holds or orders */
	__u32 look_pid;	    /* for ITERATE_THREADS; 0: all targets */
	__u64 long_wait_ns; /* for ITERATE_LONG_WAITS */
	__u32 look_at_all;  /* ITERATE_SESSIONS: all targets */
	__u32 epoch;	    /* with want_holds: how many threads were born or have ended */
	__u32 queued_asleep; /* set by ITERATE_SELF: sleepers can be queued here, as ll_late finds out */
	__u32 pad;
	__u64 unplaced_ns;  /* when a call last was about a semaphore in shared memory that could not be told which */
	/* ITERATE_SELF: the call that lifeline is in, and the size that it asks for, as its registers have them */
	__s32 self_call;
	__u32 self_size;
	__u64 apart[8]; /* a line of the cache: what is asked often is not to suffer from what is counted */
	/* Events that found no room, by class. Here and not in a map of its own, as reading one by a system call keeps
	 * programs at perf events from running (kernel/bpf/syscall.c, bpf_disable_instrumentation). */
	__u64 lost[EVENT_GROUP_COUNT];
};

#define LOOK_AT_MOST 1024 /* processes looked at in one ITERATE_SESSIONS */

struct selected_group { /* key of the map `selected` */
	__u64 number;    /* of its kernfs node, which is the inode of its folder: unique within a hierarchy */
	__u32 hierarchy; /* the number that /proc/PID/cgroup shows: 0 is version 2 */
	__u32 unused;    /* 0 */
};

#endif
