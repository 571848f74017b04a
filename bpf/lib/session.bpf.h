/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * What a process is like as a member of a session: session, terminal, working directory, mask, descriptors. Read from
 * the task at any time, its own or another's: state tells more truly than steps whether a program became a daemon, as
 * programs take the steps in any order, by way of libraries, or did so before anybody looked.
 */
#ifndef LIFELINE_BPF_SESSION_H
#define LIFELINE_BPF_SESSION_H

#include "lib/common.bpf.h"

#define FILE_TYPE 0170000
#define TYPE_FIFO 0010000
#define TYPE_CHARACTER 0020000
#define TYPE_DIRECTORY 0040000
#define TYPE_BLOCK 0060000
#define TYPE_REGULAR 0100000
#define TYPE_SOCKET 0140000
#define MAJOR(device) ((device) >> 20) /* include/linux/kdev_t.h */
#define DEVICE_NULL 0x100003           /* 1:3 */
#define DEVICE_PTMX 0x500002           /* 5:2, the master side of a pseudo-terminal */

/* ---- descriptors --------------------------------------------------------------------------------- */

/* Which descriptors above 2 were open when a session was made, by the file that each was. */
#define KNOWN_FILES 64

struct session_files {
	__u64 session;            /* its struct pid: the number may be used again */
	__u64 files[KNOWN_FILES]; /* of descriptors 3 and up */
	__u32 more;               /* there were open ones beyond */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* session id */
	__type(value, struct session_files);
} session_files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct session_files);
} session_files_scratch SEC(".maps");

static __always_inline struct file *file_at(struct task_struct *task, __u32 number)
{
	struct fdtable *table = GET(plain(task), files, fdt);
	struct file **slot, *file = NULL;

	if (!table || number >= GET(table, max_fds))
		return NULL;
	slot = GET(table, fd) + number;
	bpf_probe_read_kernel(&file, sizeof(file), slot);
	return file;
}

static __always_inline bool is_terminal(__u32 device)
{
	__u32 major = MAJOR(device);

	/* Documentation/admin-guide/devices.txt: consoles and serial lines 4, /dev/tty and console 5, pseudo-terminals
	 * 136 to 143, modems 166 and 188, other serial lines 204, hypervisor consoles 229 */
	return major == 4 || (major == 5 && device != DEVICE_PTMX) || (major >= 136 && major <= 143) || major == 166 ||
	       major == 188 || major == 204 || major == 229;
}

static __always_inline __u32 kind_of_file(struct file *file)
{
	struct inode *inode;
	__u32 type, device;

	if (!file)
		return DESCRIPTOR_CLOSED;
	inode = BPF_CORE_READ(file, f_inode);
	type = BPF_CORE_READ(inode, i_mode) & FILE_TYPE;
	device = BPF_CORE_READ(inode, i_rdev);
	switch (type) {
	case TYPE_CHARACTER:
		if (device == DEVICE_NULL)
			return DESCRIPTOR_NULL;
		return is_terminal(device) ? DESCRIPTOR_TERMINAL : DESCRIPTOR_DEVICE;
	case TYPE_BLOCK:
		return DESCRIPTOR_DEVICE;
	case TYPE_FIFO:
		return DESCRIPTOR_PIPE;
	case TYPE_SOCKET:
		return DESCRIPTOR_SOCKET;
	case TYPE_REGULAR:
	case TYPE_DIRECTORY:
		return DESCRIPTOR_FILE;
	default:
		return DESCRIPTOR_OTHER;
	}
}

static __always_inline long remember_file(__u64 index, void *context)
{
	struct session_files *known = *(struct session_files **)context;
	struct file *file;

	if (!known || index >= KNOWN_FILES)
		return 1;
	file = file_at(current_task(), index + 3);
	known->files[index] = (__u64)file;
	return 0;
}

/* The caller has just made a session: what is open now was open before it. */
static __always_inline void remember_files(struct task_struct *task)
{
	__u32 zero = 0, sid = session_of(task);
	struct session_files *known = bpf_map_lookup_elem(&session_files_scratch, &zero);

	if (!known)
		return;
	known->session = (__u64)BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]);
	known->more = file_at(task, KNOWN_FILES + 3) != NULL;
	repeat(KNOWN_FILES, KNOWN_FILES, remember_file, &known);
	bpf_map_update_elem(&session_files, &sid, known, BPF_ANY);
}

/* Counted in the record, and without a branch: where there is no bpf_loop the verifier walks each round by each way,
 * and takes counters on the stack for as many states as they have values. */
struct descriptor_walk {
	struct event_session_look *event;
	struct file **files;
	struct session_files *known;
};

/* 1 if it is 0 (and below 2^63), else 0; the compiler would make it a branch. */
static __always_inline __u32 is_zero(__u64 value)
{
	barrier_var(value);
	value--;
	barrier_var(value);
	return value >> 63;
}

static __always_inline void count_inherited(struct event_session_look *event, __u32 number)
{
	__u32 nth = event->inherited++;

	if (nth == 0)
		event->example1 = number;
	else if (nth == 1)
		event->example2 = number;
	else if (nth == 2)
		event->example3 = number;
	else if (nth == 3)
		event->example4 = number;
}

static __always_inline long count_descriptor(__u64 index, void *context)
{
	struct descriptor_walk *walk = context;
	struct file **slot = walk->files + index + 3, *file = NULL;

	if (!walk->event)
		return 1;
	bpf_probe_read_kernel(&file, sizeof(file), slot);
	walk->event->descriptors += 1 - is_zero((__u64)file >> 1);
	walk->event->pty_masters += is_zero(BPF_CORE_READ(file, f_inode, i_rdev) ^ DEVICE_PTMX);
	return 0;
}

static __always_inline long find_known(__u64 index, void *context)
{
	struct descriptor_walk *walk = context;
	struct file **slot = walk->files + index + 3, *file = NULL;

	if (!walk->event || !walk->known || index >= KNOWN_FILES)
		return 1;
	bpf_probe_read_kernel(&file, sizeof(file), slot);
	if (file && walk->known->files[index] == (__u64)file)
		count_inherited(walk->event, index + 3);
	return 0;
}

static __always_inline void read_descriptors(struct event_session_look *event, struct task_struct *task)
{
	struct descriptor_walk walk = {.event = event};
	__u32 sid = event->sid, most = GET(plain(task), files, fdt, max_fds);

	event->stdin_kind = kind_of_file(file_at(task, 0));
	event->stdout_kind = kind_of_file(file_at(task, 1));
	event->stderr_kind = kind_of_file(file_at(task, 2));
	walk.files = BPF_CORE_READ(task, files, fdt, fd);
	walk.known = bpf_map_lookup_elem(&session_files, &sid);
	if (walk.known && walk.known->session != (__u64)BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]))
		walk.known = NULL;
	most = most > 3 ? most - 3 : 0;
	if (walk.files) {
		repeat(most < DESCRIPTORS_MAX ? most : DESCRIPTORS_MAX, DESCRIPTORS_MAX, count_descriptor, &walk);
		repeat(most < KNOWN_FILES ? most : KNOWN_FILES, KNOWN_FILES, find_known, &walk);
	}
	if (most > DESCRIPTORS_MAX)
		event->descriptors = ~0U; /* not known */
	if (!walk.known)
		event->inherited = ~0U;
}

/* ---- the rest of a process' state ------------------------------------------------------------------ */

/* Does the process still live whose pid the session has? A zombie leads nothing any more. */
static __always_inline bool leader_lives(struct task_struct *task)
{
	struct pid *session = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]);
	struct hlist_node *first = BPF_CORE_READ(session, tasks[PIDTYPE_TGID].first);
	struct task_struct *leader;

	if (!first)
		return false;
	leader = (void *)first - bpf_core_field_offset(struct task_struct, pid_links) -
		 PIDTYPE_TGID * sizeof(struct hlist_node);
	return !BPF_CORE_READ(leader, exit_state);
}

static __always_inline __u32 terminal_of(struct task_struct *task)
{
	struct tty_struct *terminal = BPF_CORE_READ(task, signal, tty);
	struct tty_driver *driver;

	if (!terminal)
		return 0;
	driver = BPF_CORE_READ(terminal, driver);
	return ((__u32)BPF_CORE_READ(driver, major) << 20 | (__u32)BPF_CORE_READ(driver, minor_start)) +
	       BPF_CORE_READ(terminal, index);
}

static __always_inline bool is_in_root(struct task_struct *task)
{
	struct fs_struct *fs = GET(plain(task), fs);

	return GET(fs, pwd.dentry) == GET(fs, root.dentry) && GET(fs, pwd.mnt) == GET(fs, root.mnt);
}

static __always_inline __u32 disposition_of_hangup(struct task_struct *task)
{
	__u64 handler = (__u64)GET(plain(task), sighand, action[0].sa.sa_handler);

	return !handler ? DISPOSITION_DEFAULT : handler == HANDLER_IGNORE ? DISPOSITION_IGNORED : DISPOSITION_HANDLED;
}

/*
 * exec counts itself in self_exec_id, fork hands that count on as the child's parent_exec_id (kernel/fork.c,
 * copy_process), and nothing but birth sets the latter. So their difference is how often a task called exec since its
 * birth. And a parent's own count never falls: a child born of a higher one than its parent has now was born to
 * somebody else, and adopted.
 */
static __always_inline void read_exec_ids(struct event_session_look *event, struct task_struct *task)
{
	__u64 born_of = GET(task, parent_exec_id);

	event->execs = GET(task, self_exec_id) - born_of;
	event->adopted = born_of > GET(plain(task), real_parent, self_exec_id);
}

static __always_inline void read_session(struct event_session_look *event, struct task_struct *task)
{
	struct task_struct *parent = GET(plain(task), real_parent);

	event->parent = GET(parent, tgid);
	event->parent_start = GET(plain(parent), group_leader, start_boottime);
	event->sid = session_of(task);
	event->pgid = pgrp_of(task);
	event->leader = GET(plain(task), signal, leader);
	event->leader_alive = leader_lives(task);
	event->terminal = terminal_of(task);
	event->umask = GET(plain(task), fs, umask);
	event->cwd_root = is_in_root(task);
	event->subreaper = is_subreaper(task);
	event->hangup = disposition_of_hangup(task);
	read_exec_ids(event, task);
	read_descriptors(event, task);
}

#endif
