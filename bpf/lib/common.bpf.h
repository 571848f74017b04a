/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * What all BPF programs share: configuration, maps, scope, emitting.
 */
#ifndef LIFELINE_BPF_COMMON_H
#define LIFELINE_BPF_COMMON_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi/settings.h"
#include "abi/event.h"
#include "lib/kernel.bpf.h"
#include "lib/machine.bpf.h"

#define TASK_DEAD_STATE 0x80   /* include/linux/sched.h TASK_DEAD */
#define EXIT_DEAD_STATE 0x10   /* EXIT_DEAD */
#define EXIT_ZOMBIE_STATE 0x20 /* EXIT_ZOMBIE */
#define GROUP_EXIT_FLAG 4      /* SIGNAL_GROUP_EXIT */
#define EXITING_FLAG 0x4       /* PF_EXITING */
#define KTHREAD_FLAG 0x00200000
#define SIGCHLD_NUMBER 17
#define HANDLER_IGNORE 1 /* SIG_IGN */
#define NO_CHILD_WAIT 2  /* SA_NOCLDWAIT */

const volatile struct settings settings = {};
struct shared shared = {};

/* ---- maps ------------------------------------------------------------------------------------ */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

struct scope_chunk {
	__u8 of[SCOPE_CHUNK];
};

/* Who is watched: one byte a pid. An array is inlined by the verifier, so asking costs a few instructions and no call:
 * this is what a process outside the watched set pays. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the loader sets it by pid_max */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct scope_chunk);
} scope SEC(".maps");

#define NS_LEVELS 3 /* nested pid namespaces that waits are followed in */

struct ns_key {
	__u32 pidns, pid;
};

/* The dead that nobody has reaped yet, by host pid. */
struct dead {
	__u64 start_ns;
	__s32 status;
	__u16 told_gone;             /* REAP_SEEN_GONE was told */
	__u16 target;                /* not only a relative */
	struct ns_key ns[NS_LEVELS]; /* its pids in nested namespaces, innermost first; pidns 0: none */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct dead);
} unreaped SEC(".maps");

/* The same, by the pid that a waiter in a nested pid namespace gets: value is the host pid. One entry a level. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ns_key);
	__type(value, __u32);
} unreaped_ns SEC(".maps");

/* ---- time, scope, loss ------------------------------------------------------------------------- */

static __always_inline __u64 now(void)
{
	return bpf_ktime_get_boot_ns();
}

static __always_inline __u8 *scope_of(__u32 tgid)
{
	__u32 index = tgid / SCOPE_CHUNK;
	struct scope_chunk *chunk = bpf_map_lookup_elem(&scope, &index);

	return chunk ? &chunk->of[tgid & (SCOPE_CHUNK - 1)] : NULL;
}

static __always_inline bool in_scope(__u32 tgid, __u8 bits)
{
	__u8 *byte;

	if (settings.watch_all)
		return tgid != shared.self_tgid;
	byte = scope_of(tgid);
	return byte && (*byte & bits);
}

static __always_inline bool is_target(__u32 tgid)
{
	return in_scope(tgid, IN_SCOPE_TARGET);
}

static __always_inline void count_lost(__u32 group, __u64 count)
{
	if (group < EVENT_GROUP_COUNT)
		__sync_fetch_and_add(&shared.lost[group], count);
}

/* The reader looks every few milliseconds by itself; it is woken only when the ring fills up. A wake-up per event would
 * cost the observed program an inter-processor interrupt each. */
static __always_inline __u64 submit_flags(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= settings.wake_bytes ? BPF_RB_FORCE_WAKEUP
										    : BPF_RB_NO_WAKEUP;
}

/* ---- reading tasks ------------------------------------------------------------------------------- */

static __always_inline __u32 pid_number(struct pid *pid, __u32 level)
{
	struct upid upid = {};

	if (!pid || level > 32)
		return 0;
	bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[level]);
	return upid.nr;
}

static __always_inline __u32 pid_namespace(struct pid *pid, __u32 level)
{
	struct upid upid = {};

	if (!pid || level > 32)
		return 0;
	bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[level]);
	return BPF_CORE_READ(upid.ns, ns.inum);
}

/* A task's own pid namespace: how deep, which, and its number there. All zero once the task was released. */
struct own_pid {
	__u32 level, number, pidns;
};

static __always_inline __u32 own_level(struct task_struct *task)
{
	return GET(plain(task), thread_pid, level);
}

/* Nearly everybody lives in the initial namespace, where the place of the answer is fixed and is simply loaded; a
 * helper call for each field costs ten times as much. */
static __always_inline void read_own_pid(struct own_pid *own, struct task_struct *task)
{
	struct pid *pid = GET(plain(task), thread_pid);

	own->level = GET(pid, level);
	if (!own->level) {
		own->number = GET(pid, numbers[0].nr);
		own->pidns = GET(pid, numbers[0].ns, ns.inum);
		return;
	}
	pid = BPF_CORE_READ(task, thread_pid); /* as a plain address: the index varies */
	own->number = pid_number(pid, own->level);
	own->pidns = pid_namespace(pid, own->level);
}

static __always_inline __u32 group_of(struct task_struct *task, enum pid_type type)
{
	return GET(plain(task), signal, pids[type], numbers[0].nr);
}

static __always_inline __u32 session_of(struct task_struct *task)
{
	return group_of(task, PIDTYPE_SID);
}

static __always_inline __u32 pgrp_of(struct task_struct *task)
{
	return group_of(task, PIDTYPE_PGID);
}

/* Status as wait(2) reports it, valid once the group is dead (kernel/exit.c wait_task_zombie). */
static __always_inline __s32 wait_status(struct task_struct *task)
{
	__s32 of_group = GET(plain(task), signal, group_exit_code), own = GET(task, exit_code);

	/* both are read first: merged into one load of either address, the verifier refuses it (pointers differ) */
	barrier_var(of_group);
	barrier_var(own);
	return GET(plain(task), signal, flags) & GROUP_EXIT_FLAG ? of_group : own;
}

/* Does this process reap its children by itself? (kernel/signal.c do_notify_parent) */
static __always_inline bool reaps_by_itself(struct task_struct *parent)
{
	struct sighand_struct *handlers = GET(plain(parent), sighand);

	return (__u64)GET(handlers, action[SIGCHLD_NUMBER - 1].sa.sa_handler) == HANDLER_IGNORE ||
	       (GET(handlers, action[SIGCHLD_NUMBER - 1].sa.sa_flags) & NO_CHILD_WAIT);
}

static __always_inline bool is_subreaper(struct task_struct *task)
{
	struct signal_struct *signals = GET(plain(task), signal);

	return BPF_CORE_READ_BITFIELD_PROBED(signals, is_child_subreaper);
}

/* ---- records ----------------------------------------------------------------------------------- */

static __always_inline void fill_head(struct event *head, __u32 kind, __u32 size, struct task_struct *task, __u64 t_ns)
{
	head->size = size;
	head->kind = kind;
	head->cpu = bpf_get_smp_processor_id();
	head->t_ns = t_ns;
	head->start_ns = GET(plain(task), group_leader, start_boottime);
	head->pid = GET(task, tgid);
	head->tid = GET(task, pid);
	bpf_probe_read_kernel_str(head->comm, sizeof(head->comm), task->comm);
}

/* Room for one event of this name, zeroed and with its head about `task`, or NULL (then the loss is counted). Test it
 * at once: a verifier of 6.1 forgets that it is not NULL when other code stands between. */
#define RESERVE(name, group, task, t_ns)                                                                               \
	({                                                                                                             \
		struct event_##name *_event = bpf_ringbuf_reserve(&events, sizeof(*_event), 0);                        \
		if (_event) {                                                                                          \
			__builtin_memset(_event, 0, sizeof(*_event));                                                  \
			fill_head(&_event->h, EVENT_##name, sizeof(*_event), task, t_ns);                              \
		} else {                                                                                               \
			count_lost(GROUP_##group, 1);                                                                  \
		}                                                                                                      \
		_event;                                                                                                \
	})

#define SUBMIT(event) bpf_ringbuf_submit(event, submit_flags())

/* The process is gone: forget it among the unreaped. */
static __always_inline void forget_dead(__u32 pid, const struct dead *dead)
{
	for (int i = 0; i < NS_LEVELS; i++) {
		struct ns_key key = dead->ns[i];

		if (!key.pidns)
			break;
		bpf_map_delete_elem(&unreaped_ns, &key);
	}
	bpf_map_delete_elem(&unreaped, &pid);
}

#endif
