/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Birth, change of program, and end of tasks. Watching is inherited here: a process made by a watched one is watched
 * before it has run an instruction.
 */
#ifndef LIFELINE_BPF_LIFECYCLE_H
#define LIFELINE_BPF_LIFECYCLE_H

#include "lib/common.bpf.h"
#include "lib/threads.bpf.h"
#include "lib/calls.bpf.h"
#include "lib/cgroup.bpf.h"
#include "lib/children.bpf.h"
#include "lib/dead.bpf.h"
#include "lib/join.bpf.h"
#include "lib/path.bpf.h"
#include "lib/session.bpf.h"

#define THREAD_FLAG 0x00010000 /* CLONE_THREAD */

/* ---- birth ------------------------------------------------------------------------------------- */

static __always_inline void tell_thread(struct task_struct *child, struct task_struct *creator, __u64 flags, __u64 t)
{
	struct event_thread *event = RESERVE(thread, LIFE, creator, t);
	struct own_pid own;

	if (!event)
		return;
	event->flags = flags;
	event->child = GET(child, pid);
	read_own_pid(&own, child);
	event->child_nspid = own.number;
	SUBMIT(event);
}

static __always_inline void tell_fork(struct task_struct *child, struct task_struct *creator, __u64 flags, __u64 t)
{
	__u64 cgroup = cgroup_id(child);
	struct task_struct *parent = GET(plain(child), real_parent);
	struct own_pid own;
	struct event_fork *event;

	tell_cgroup(child, cgroup);
	event = RESERVE(fork, LIFE, creator, t);
	if (!event)
		return;
	event->child_start = GET(child, start_boottime);
	event->parent_start = GET(plain(parent), group_leader, start_boottime);
	event->flags = flags;
	event->cgroup = cgroup;
	event->child = GET(child, tgid);
	event->parent = GET(parent, tgid);
	event->parent_tid = GET(parent, pid);
	event->exit_signal = GET(child, exit_signal);
	event->uid = GET(plain(child), cred, uid.val);
	event->pgid = pgrp_of(child);
	event->sid = session_of(child);
	read_own_pid(&own, child);
	event->pidns_level = own.level;
	event->child_nspid = own.number;
	event->pidns = own.pidns;
	SUBMIT(event);
}

/* The pid may have belonged to somebody whose traces are still here: a new life starts clean. */
static __always_inline void start_clean(struct task_struct *child, bool watched)
{
	__u32 pid = GET(child, tgid);
	struct dead *old = bpf_map_lookup_elem(&unreaped, &pid);
	__u8 *byte;

	if (old)
		forget_dead(pid, old);
	if (settings.watch_all)
		return;
	byte = scope_of(pid);
	if (byte && (watched || *byte))
		*byte = watched ? IN_SCOPE_TARGET : 0;
	if (!byte && watched)
		count_lost(GROUP_LIFE, 1); /* pid_max was raised while we ran: it cannot be followed */
}

SEC("tp_btf/task_newtask")
int STAYING_PROG(ll_newtask, struct task_struct *child, unsigned long flags)
{
	struct task_struct *creator = current_task();
	bool watched = in_scope(GET(creator, tgid), IN_SCOPE_TARGET | IN_SCOPE_SPAWNER);
	__u64 t = now();

	if (watched && (settings.want_switch || settings.want_lock))
		thread_begin(child);
	if (flags & THREAD_FLAG) {
		if (watched && is_target(GET(creator, tgid)))
			tell_thread(child, creator, flags, t);
		return 0;
	}
	start_clean(child, watched);
	if (watched)
		tell_fork(child, creator, flags, t);
	else
		join_at_birth(child);
	return 0;
}

/* ---- exec -------------------------------------------------------------------------------------- */

#define FILENAME_MAX_LEN 1024

struct exec_scratch {
	struct path_buffer path;
	struct event_exec event;
	char blobs[FILENAME_MAX_LEN + PATH_BUFFER + ARGV_MAX + NAME_LENGTH + 9];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_scratch);
} exec_scratch SEC(".maps");

/* Each appends one blob behind `used` bytes and returns the new total. The bounds serve the verifier as well. */
static __always_inline __u32 add_filename(struct exec_scratch *scratch, struct linux_binprm *bprm)
{
	long got = bpf_probe_read_kernel_str(scratch->blobs, FILENAME_MAX_LEN, GET(bprm, filename));

	if (got <= 1 || got > FILENAME_MAX_LEN)
		return 0;
	scratch->event.filename_len = got - 1;
	return got - 1;
}

static __always_inline __u32 add_exe(struct exec_scratch *scratch, __u32 used, struct task_struct *task)
{
	__u32 length;

	path_of(&scratch->path, GET(plain(task), mm, exe_file));
	if (scratch->path.start >= PATH_BUFFER - 1 || used > FILENAME_MAX_LEN)
		return used;
	length = PATH_BUFFER - 1 - scratch->path.start;
	if (length > PATH_BUFFER - 1)
		return used;
	if (bpf_probe_read_kernel(scratch->blobs + used, length,
				  scratch->path.text + (scratch->path.start & (PATH_BUFFER - 1))))
		return used;
	scratch->event.exe_len = length;
	return used + length;
}

static __always_inline __u32 add_arguments(struct exec_scratch *scratch, __u32 used, struct task_struct *task)
{
	__u64 start = GET(plain(task), mm, arg_start), size = GET(plain(task), mm, arg_end) - start;
	__u32 length = size > ARGV_MAX ? ARGV_MAX : size;

	scratch->event.args_size = size > 0xffffffff ? 0xffffffff : size;
	if (used > FILENAME_MAX_LEN + PATH_BUFFER || length > ARGV_MAX)
		return used;
	if (bpf_probe_read_user(scratch->blobs + used, length, (void *)start))
		return used; /* not resident: unknown, not empty (args_size says so) */
	scratch->event.argv_len = length;
	return used + length;
}

SEC("tp_btf/sched_process_exec")
int STAYING_PROG(ll_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct exec_scratch *scratch;
	__u32 zero = 0, used, size;
	__u64 cgroup;

	if (!is_target(GET(task, tgid)) && !join_at_exec(task))
		return 0;
	scratch = bpf_map_lookup_elem(&exec_scratch, &zero);
	if (!scratch)
		return 0;
	cgroup = cgroup_id(task);
	tell_cgroup(task, cgroup);
	__builtin_memset(&scratch->event, 0, sizeof(scratch->event));
	fill_head(&scratch->event.h, EVENT_exec, 0, task, now());
	scratch->event.cgroup = cgroup;
	scratch->event.old_tid = old_pid;
	scratch->event.uid = GET(plain(task), cred, uid.val);
	scratch->event.pgid = pgrp_of(task);
	scratch->event.sid = session_of(task);
	used = add_filename(scratch, bprm);
	used = add_exe(scratch, used, task);
	used = add_arguments(scratch, used, task);
	size = (sizeof(scratch->event) + used + 7) & ~7;
	scratch->event.h.size = size;
	if (size > sizeof(scratch->event) + sizeof(scratch->blobs))
		return 0;
	if (bpf_ringbuf_output(&events, &scratch->event, size, submit_flags()))
		count_lost(GROUP_LIFE, 1);
	return 0;
}

SEC("tp_btf/task_rename")
int STAYING_PROG(ll_rename, struct task_struct *task, const char *comm)
{
	struct event_rename *event;

	if (!is_target(GET(task, tgid)))
		return 0;
	event = RESERVE(rename, LIFE, task, now());
	if (!event)
		return 0;
	bpf_probe_read_kernel_str(event->new_comm, sizeof(event->new_comm), comm);
	SUBMIT(event);
	return 0;
}

/* ---- end ---------------------------------------------------------------------------------------- */

struct child_walk {
	struct list_head *head, *before, *next;
	struct task_struct *parent;
	__u32 count;
};

/* Nobody holds the list still: other threads of the process wait, and children of one that ignores SIGCHLD take
 * themselves off. One that was taken off while it was looked at leads to itself (list_del_init): on from the one
 * before, or, if that is gone as well, from the first. Whom that meets twice is told twice, at the same time. */
static __always_inline void to_next_child(struct child_walk *walk)
{
	struct list_head *at = walk->next, *before = walk->before, *head = walk->head;
	struct list_head *next = BPF_CORE_READ(at, next);

	if (next != at) {
		walk->before = at;
	} else {
		next = BPF_CORE_READ(before, next);
		if (next == before || next == at) {
			next = BPF_CORE_READ(head, next);
			walk->before = head;
		}
	}
	walk->next = next;
}

static __always_inline long note_child(__u64 index, void *context)
{
	struct child_walk *walk = context;
	struct child_key key = {.task = (__u64)walk->parent, .index = walk->count};
	struct list_head *next = walk->next;
	struct child child = {};
	struct task_struct *task;

	if (!next || next == walk->head)
		return 1;
	task = (void *)next - bpf_core_field_offset(struct task_struct, sibling);
	child.task = (__u64)task;
	child.pid = BPF_CORE_READ(task, tgid);
	child.start_ns = BPF_CORE_READ(task, start_boottime);
	child.zombie = BPF_CORE_READ(task, exit_state) != 0;
	if (bpf_map_update_elem(&children, &key, &child, BPF_ANY))
		count_lost(GROUP_LIFE, 1);
	else
		walk->count++;
	to_next_child(walk);
	return 0;
}

static __always_inline long pass_over_child(__u64 index, void *context)
{
	struct child_walk *walk = context;
	struct list_head *next = walk->next;

	if (!next || next == walk->head)
		return 1;
	count_lost(GROUP_LIFE, 1);
	walk->next = BPF_CORE_READ(next, next);
	return walk->next == next;
}

static __always_inline __u32 note_children(struct task_struct *task)
{
	struct child_walk walk = {.head = &task->children, .before = &task->children, .parent = task};

	walk.next = BPF_CORE_READ(task, children.next);
	if (walk.next == walk.head)
		return 0;
	repeat(CHILDREN_MAX, CHILDREN_MAX, note_child, &walk);
	if (walk.next != walk.head)
		repeat(CHILDREN_LOST_MAX, CHILDREN_LOST_MAX, pass_over_child, &walk);
	return walk.count;
}

static __always_inline void tell_exit(struct task_struct *task, __u32 live)
{
	struct event_exit *event = RESERVE(exit, LIFE, task, now());

	if (!event)
		return;
	event->status = live ? GET(task, exit_code) : wait_status(task);
	event->group_dead = !live;
	event->live = live;
	event->group_exit = (GET(plain(task), signal, flags) & GROUP_EXIT_FLAG) != 0;
	event->exit_signal = GET(plain(task), group_leader, exit_signal);
	event->pgid = pgrp_of(task);
	event->sid = session_of(task);
	event->parent = GET(plain(task), group_leader, real_parent, tgid);
	event->wait_calls = count_call(GET(task, tgid), false); /* polls since the last wait event are in no other */
	SUBMIT(event);
}

/* In another session than its parent: perhaps a daemon, and if it lived for a short time only, nobody has looked at it.
 * Its descriptors and directories are let go of after this (kernel/exit.c, do_exit). */
static __always_inline void tell_session(struct task_struct *task)
{
	struct event_session_look *event;

	if (!settings.want_session || !is_target(GET(task, tgid)) || !GET(plain(task), fs) ||
	    !GET(plain(task), files) || session_of(task) == session_of(GET(plain(task), real_parent)))
		return;
	event = RESERVE(session_look, SESSION, task, now());
	if (!event)
		return;
	event->cause = LOOK_EXIT;
	read_session(event, task);
	SUBMIT(event);
}

static __always_inline void note_exit(struct task_struct *task)
{
	struct thread_state *state;
	__u32 live;

	if (!in_scope(GET(task, tgid), IN_SCOPE_TARGET | IN_SCOPE_RELATIVE))
		return;
	live = GET(plain(task), signal, live.counter);
	state = thread_of(task);
	if (state) {
		state->group_dead = !live;
		state->children = note_children(task);
	}
	if (!live) {
		tell_session(task);
		remember_dead(GET(plain(task), group_leader), wait_status(task));
	}
	tell_exit(task, live);
	if (!live)
		forget_calls(GET(task, tgid));
}

SEC("tp_btf/sched_process_exit")
int STAYING_PROG(ll_exit, struct task_struct *task)
{
	note_exit(task);
	return 0;
}

/* For kernels that preempt programs at tracepoints, as ll_sysexit_perf: threads often end several at a time. */
SEC("?tp/sched/sched_process_exit")
int ll_exit_perf(void *event)
{
	note_exit(current_task());
	return 0;
}

/* Nobody's wait was seen to collect it, yet the kernel frees it: a wait inside the kernel, io_uring, the end of a pid
 * namespace. Comes an RCU grace period late. A wait4 that is still on its way back to user mode is told later, and
 * replaces this. */
SEC("tp_btf/sched_process_free")
int STAYING_PROG(ll_free, struct task_struct *task)
{
	__u32 pid = GET(task, pid);
	struct event_reap *event;
	struct dead *dead;

	if (pid != GET(task, tgid))
		return 0;
	dead = bpf_map_lookup_elem(&unreaped, &pid);
	if (!dead || dead->start_ns != GET(task, start_boottime) || dead->told_gone)
		return 0;
	dead->told_gone = 1;
	event = RESERVE(reap, WAIT, task, now());
	if (!event)
		return 0;
	event->h.pid = event->h.tid = 0;
	event->h.start_ns = 0;
	__builtin_memset(event->h.comm, 0, sizeof(event->h.comm));
	event->child = pid;
	event->child_start = dead->start_ns;
	event->status = dead->status;
	event->how = REAP_SEEN_GONE;
	SUBMIT(event);
	return 0;
}

#endif
