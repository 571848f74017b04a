/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * The steps of becoming a daemon, and of keeping a file with one's pid: told at the return of system calls by watched
 * processes. There is no hook here: hooks/wait.bpf.h has the one on system call exit, and its alternatives for single
 * calls. Refusals in the order of their price: by argument first, then by who the caller is, then by the file's name.
 *
 * Paths are the kernel's own, walked from the file or directory that the call arrived at, so nobody can change them
 * between the call and the reading; only of names that are gone (unlink, rename) the caller's memory is read.
 */
#ifndef LIFELINE_BPF_STEPS_H
#define LIFELINE_BPF_STEPS_H

#include "lib/common.bpf.h"
#include "lib/path.bpf.h"
#include "lib/session.bpf.h"

#define PRCTL_PDEATHSIG 1
#define PRCTL_SUBREAPER 36
#define CREATED_MODE (1U << 20)  /* FMODE_CREATED */
#define CREAT_FLAGS 01101        /* O_WRONLY, O_CREAT, O_TRUNC: what creat means */
#define PIDFILE_SIZE 32          /* a file with a pid in it is no larger */
#define TOLD_MOST 256            /* steps told of one process; later ones show in its state */
#define DIRECTORY_CURRENT (-100) /* AT_FDCWD */
#define CLOSE_ON_EXEC 4          /* CLOSE_RANGE_CLOEXEC */
#define TEXT_MOST 1024
#define NAME_TAIL 64
#define FAMILY_UNIX 1
#define FAMILY_INET 2
#define FAMILY_INET6 10
#define UNIX_NAME 108

/* ---- room ------------------------------------------------------------------------------------------- */

#define TEXTS (2 * TEXT_MOST + PATH_BUFFER + 8)

struct session_scratch {
	struct path_buffer path;
	char name[NAME_TAIL + 8]; /* so that a masked index and a word behind it stay inside */
	union {
		struct {
			struct event_chdir event;
			char texts[TEXTS];
		} chdir;
		struct {
			struct event_dup event;
			char texts[TEXTS];
		} dup;
		struct {
			struct event_open event;
			char texts[TEXTS];
		} open;
		struct {
			struct event_file_lock event;
			char texts[TEXTS];
		} lock;
		struct {
			struct event_unlink event;
			char texts[TEXTS];
		} unlink;
		struct {
			struct event_move event;
			char texts[TEXTS];
		} move;
		struct {
			struct event_listen event;
			char texts[TEXTS];
		} listen;
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct session_scratch);
} session_scratch SEC(".maps");

static __always_inline struct session_scratch *session_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&session_scratch, &zero);
}

#define BEGIN_TEXT(room, name, kind, task)                                                                             \
	do {                                                                                                           \
		__builtin_memset(&(room)->name.event, 0, sizeof((room)->name.event));                                  \
		fill_head(&(room)->name.event.h, EVENT_##kind, 0, task, now());                                        \
	} while (0)

/* `used` bytes of text stand behind the event. What the compiler knows of their number it must forget: it would leave
 * out the comparison that verifiers before 6.18 need to see. */
#define SUBMIT_TEXT(room, name, used)                                                                                  \
	do {                                                                                                           \
		__u64 _used = (used), _size;                                                                           \
		barrier_var(_used);                                                                                    \
		_size = (sizeof((room)->name.event) + _used + 7) & ~7ULL;                                              \
		barrier_var(_size);                                                                                    \
		(room)->name.event.h.size = _size;                                                                     \
		if (_size <= sizeof((room)->name) &&                                                                   \
		    bpf_ringbuf_output(&events, &(room)->name, _size, submit_flags()))                                 \
			count_lost(GROUP_SESSION, 1);                                                                  \
	} while (0)

/* The path that lies at this kernel address, into the room. */
OUT_OF_LINE int walk_to_root(__u64 at)
{
	struct session_scratch *room = session_room();

	if (room)
		path_at(&room->path, (const struct path *)at);
	return 0;
}

static __always_inline void take_path(struct session_scratch *room, struct file *file)
{
	room->path.start = PATH_BUFFER; /* none */
	if (file)
		walk_to_root((__u64)&file->f_path);
}

static __always_inline void take_directory(struct task_struct *task)
{
	walk_to_root((__u64)&BPF_CORE_READ(task, fs)->pwd);
}

/* Each puts a text at `to`, where there is room for it, and returns its length. */
static __always_inline __u32 put_path(char *to, struct path_buffer *path)
{
	__u32 start = path->start, length;

	if (start >= PATH_BUFFER - 1)
		return 0;
	length = PATH_BUFFER - 1 - start;
	barrier_var(length);
	length &= PATH_BUFFER - 1;
	if (bpf_probe_read_kernel(to, length, path->text + (start & (PATH_BUFFER - 1))))
		return 0;
	return length;
}

static __always_inline __u32 put_user_text(char *to, __u64 from)
{
	long got = bpf_probe_read_user_str(to, TEXT_MOST, (void *)from);
	__u32 length;

	if (got <= 1 || got > TEXT_MOST)
		return 0;
	length = got - 1;
	barrier_var(length); /* else the mask goes, and with it what the verifier of 6.1 knows */
	return length & (TEXT_MOST - 1);
}

/* ---- how much is told of one process ----------------------------------------------------------------- */

struct told {
	__u64 start_ns;
	__u32 count, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct told);
} told SEC(".maps");

static __always_inline bool may_tell_step(struct task_struct *task)
{
	struct told fresh = {.start_ns = GET(plain(task), group_leader, start_boottime), .count = 1}, *old;
	__u32 pid = GET(task, tgid);

	old = bpf_map_lookup_elem(&told, &pid);
	if (!old || old->start_ns != fresh.start_ns) {
		bpf_map_update_elem(&told, &pid, &fresh, BPF_ANY);
		return true;
	}
	return old->count++ < TOLD_MOST;
}

/* ---- names that say "pid" ------------------------------------------------------------------------------ */

static __always_inline char small(char c)
{
	return c | 0x20;
}

static __always_inline bool is_letter(char c)
{
	return small(c) >= 'a' && small(c) <= 'z';
}

struct name_search {
	struct session_scratch *room;
	__u32 found;
};

/* The word "pid" (or "pidfile") in the name: crond.pid, pid, redis_6379.pid, agent.pid.tmp, but not rapid or pidfd.h */
static __always_inline long find_pid(__u64 index, void *context)
{
	struct name_search *search = context;
	const char *name;

	if (!search->room)
		return 0;
	/* masked rather than compared: verifiers before 6.18 do not carry a comparison over to where it is added */
	name = search->room->name + (index & (NAME_TAIL - 1));
	if (small(name[1]) != 'p' || small(name[2]) != 'i' || small(name[3]) != 'd' || is_letter(name[0]))
		return 0;
	if (is_letter(name[4]) && !(small(name[4]) == 'f' && small(name[5]) == 'i' && small(name[6]) != 'd'))
		return 0;
	search->found = 1;
	return 1;
}

OUT_OF_LINE int name_says_pid(void)
{
	struct name_search search = {.room = session_room()};

	if (!search.room)
		return 0;
	repeat(NAME_TAIL, NAME_TAIL, find_pid, &search);
	return search.found;
}

/* Is it in the last bytes of the text of this length, which lies at a kernel address? */
static __always_inline bool says_pid(struct session_scratch *room, const char *text, __u32 length)
{
	const __u32 most = NAME_TAIL - 8; /* a zero before, and some behind */
	__u32 take = length < most ? length : most;

	if (length < 3)
		return false;
	__builtin_memset(room->name, 0, sizeof(room->name));
	take &= NAME_TAIL - 1;
	if (bpf_probe_read_kernel(room->name + 1, take, text + (length - take)))
		return false;
	return name_says_pid();
}

static __always_inline bool is_pid_file(struct session_scratch *room, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct qstr name = {};

	if ((BPF_CORE_READ(inode, i_mode) & FILE_TYPE) != TYPE_REGULAR || BPF_CORE_READ(inode, i_size) > PIDFILE_SIZE)
		return false;
	bpf_probe_read_kernel(&name, sizeof(name), &BPF_CORE_READ(file, f_path.dentry)->d_name);
	return says_pid(room, (const char *)name.name, name.len);
}

static __always_inline __u32 mount_namespace(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* ---- sessions, groups, prctl ------------------------------------------------------------------------------ */

static __always_inline void setsid_done(struct task_struct *task)
{
	struct event_setsid *event;

	remember_files(task);
	event = RESERVE(setsid, SESSION, task, now());
	if (!event)
		return;
	event->sid = session_of(task);
	SUBMIT(event);
}

/* Only what the caller did to itself is told with certainty; a group set for a child is read from the child's own later
 * events, unless both numbers are host pids already. */
static __always_inline void setpgid_done(struct task_struct *task, struct pt_regs *regs, bool compat)
{
	__u32 target = argument(regs, 0, compat), group = argument(regs, 1, compat);
	struct event_setpgid *event;

	if (own_level(task) && target && target != pid_number(BPF_CORE_READ(task, thread_pid), own_level(task)))
		return;
	event = RESERVE(setpgid, SESSION, task, now());
	if (!event)
		return;
	if (!target || own_level(task))
		target = GET(task, tgid);
	event->target = target;
	event->pgid = target == GET(task, tgid) ? pgrp_of(task) : group ? group : target;
	SUBMIT(event);
}

static __always_inline void prctl_done(struct task_struct *task, struct pt_regs *regs, bool compat)
{
	__u32 option = argument(regs, 0, compat);

	if (option == PRCTL_SUBREAPER) {
		struct event_subreaper *event = RESERVE(subreaper, SESSION, task, now());

		if (!event)
			return;
		event->on = argument(regs, 1, compat) != 0;
		SUBMIT(event);
	} else if (option == PRCTL_PDEATHSIG) {
		struct event_pdeathsig *event = RESERVE(pdeathsig, SESSION, task, now());

		if (!event)
			return;
		event->signal = argument(regs, 1, compat);
		SUBMIT(event);
	}
}

/* ---- working directory and mask ------------------------------------------------------------------------------ */

OUT_OF_LINE int chdir_done(void)
{
	struct task_struct *task = current_task();
	struct session_scratch *room = session_room();
	__u32 used;

	if (!room || !may_tell_step(task))
		return 0;
	BEGIN_TEXT(room, chdir, chdir, task);
	take_directory(task);
	used = put_path(room->chdir.texts, &room->path);
	room->chdir.event.root = is_in_root(task);
	room->chdir.event.path_len = used;
	SUBMIT_TEXT(room, chdir, used);
	return 0;
}

static __always_inline void umask_done(struct task_struct *task, long before)
{
	struct event_umask *event = may_tell_step(task) ? RESERVE(umask, SESSION, task, now()) : NULL;

	if (!event)
		return;
	event->mask = GET(plain(task), fs, umask);
	event->before = before;
	SUBMIT(event);
}

/* ---- descriptors 0 to 2 ------------------------------------------------------------------------------------------ */

/* Pipes and sockets have no path. */
static __always_inline bool has_path(__u32 kind)
{
	return kind == DESCRIPTOR_NULL || kind == DESCRIPTOR_TERMINAL || kind == DESCRIPTOR_FILE ||
	       kind == DESCRIPTOR_DEVICE;
}

OUT_OF_LINE int tell_dup(__s32 from, __s32 to)
{
	struct task_struct *task = current_task();
	struct session_scratch *room = session_room();
	struct file *file = file_at(task, to);
	__u32 kind, used = 0;

	if (!room || !may_tell_step(task))
		return 0;
	kind = kind_of_file(file);
	BEGIN_TEXT(room, dup, dup, task);
	if (has_path(kind)) {
		take_path(room, file);
		used = put_path(room->dup.texts, &room->path);
	}
	room->dup.event.from = from;
	room->dup.event.to = to;
	room->dup.event.kind = kind;
	room->dup.event.path_len = used;
	SUBMIT_TEXT(room, dup, used);
	return 0;
}

static __always_inline void tell_close(struct task_struct *task, __u32 first, __u32 last)
{
	struct event_close *event = may_tell_step(task) ? RESERVE(close, SESSION, task, now()) : NULL;

	if (!event)
		return;
	event->first = first;
	event->last = last;
	SUBMIT(event);
}

/* ---- files for a pid ------------------------------------------------------------------------------------------------
 */

/* As the caller gave them: the file's own flags have lost those that are done with once it is open. */
static __always_inline __u32 flags_given(struct pt_regs *regs, __u32 interest, bool compat)
{
	__u64 flags = 0; /* the first field of openat2's struct open_how */

	if (interest == SYSCALL_OPEN)
		return argument(regs, 1, compat);
	if (interest == SYSCALL_OPENAT)
		return argument(regs, 2, compat);
	if (interest == SYSCALL_CREAT)
		return CREAT_FLAGS;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)argument(regs, 2, compat));
	return flags;
}

OUT_OF_LINE int open_done(__u32 descriptor, __u32 flags)
{
	struct task_struct *task = current_task();
	struct session_scratch *room = session_room();
	struct file *file = file_at(task, descriptor);
	__u32 used, mode;

	if (!room || !file || (descriptor > 2 && !is_pid_file(room, file)) || !may_tell_step(task))
		return 0;
	BEGIN_TEXT(room, open, open, task);
	take_path(room, file);
	used = put_path(room->open.texts, &room->path);
	mode = BPF_CORE_READ(file, f_mode);
	room->open.event.path_len = used;
	room->open.event.descriptor = descriptor;
	room->open.event.flags = flags;
	room->open.event.created = (mode & CREATED_MODE) != 0;
	room->open.event.kind = kind_of_file(file);
	room->open.event.inode = BPF_CORE_READ(file, f_inode, i_ino);
	room->open.event.size = BPF_CORE_READ(file, f_inode, i_size);
	room->open.event.mntns = mount_namespace(task);
	SUBMIT_TEXT(room, open, used);
	return 0;
}

OUT_OF_LINE int tell_lock(__u32 descriptor, __u32 how, __s32 result)
{
	struct task_struct *task = current_task();
	struct session_scratch *room = session_room();
	struct file *file = file_at(task, descriptor);
	__u32 used;

	if (!room || !file || !is_pid_file(room, file) || !may_tell_step(task))
		return 0;
	BEGIN_TEXT(room, lock, file_lock, task);
	take_path(room, file);
	used = put_path(room->lock.texts, &room->path);
	room->lock.event.path_len = used;
	room->lock.event.inode = BPF_CORE_READ(file, f_inode, i_ino);
	room->lock.event.descriptor = descriptor;
	room->lock.event.how = how;
	room->lock.event.result = result;
	room->lock.event.mntns = mount_namespace(task);
	SUBMIT_TEXT(room, lock, used);
	return 0;
}

/* What a relative name was relative to, where that is the working directory. */
static __always_inline __u32 put_directory(struct session_scratch *room, char *to, const char *name, __s32 directory,
					   struct task_struct *task)
{
	if (name[0] == '/' || directory != DIRECTORY_CURRENT)
		return 0;
	take_directory(task);
	return put_path(to, &room->path);
}

OUT_OF_LINE int unlink_done(__s32 directory, __u64 name)
{
	struct task_struct *task = current_task();
	struct session_scratch *room = session_room();
	__u32 length, more;

	if (!room)
		return 0;
	length = put_user_text(room->unlink.texts, name);
	if (length > TEXT_MOST || !says_pid(room, room->unlink.texts, length) || !may_tell_step(task))
		return 0;
	BEGIN_TEXT(room, unlink, unlink, task);
	room->unlink.event.path_len = length;
	room->unlink.event.mntns = mount_namespace(task);
	more = put_directory(room, room->unlink.texts + length, room->unlink.texts, directory, task);
	room->unlink.event.directory_len = more;
	SUBMIT_TEXT(room, unlink, length + more);
	return 0;
}

OUT_OF_LINE int rename_done(__u64 from, __s32 directory, __u64 to)
{
	struct task_struct *task = current_task();
	struct session_scratch *room = session_room();
	__u32 first, second, more;

	if (!room)
		return 0;
	first = put_user_text(room->move.texts, from);
	if (first > TEXT_MOST)
		return 0;
	second = put_user_text(room->move.texts + first, to);
	if (second > TEXT_MOST || !says_pid(room, room->move.texts + first, second) || !may_tell_step(task))
		return 0;
	BEGIN_TEXT(room, move, move, task);
	room->move.event.from_len = first;
	room->move.event.to_len = second;
	room->move.event.mntns = mount_namespace(task);
	more = put_directory(room, room->move.texts + first + second, room->move.texts + first, directory, task);
	room->move.event.directory_len = more;
	SUBMIT_TEXT(room, move, first + second + more);
	return 0;
}

#define FLOCK_EXCLUSIVE 2
#define FLOCK_UNLOCK 8

static __always_inline void flock_done(struct task_struct *task, struct pt_regs *regs, long result, bool compat)
{
	__u32 operation = argument(regs, 1, compat);

	tell_lock(argument(regs, 0, compat),
		  operation & FLOCK_UNLOCK      ? 2
		  : operation & FLOCK_EXCLUSIVE ? 1
						: 0,
		  result);
}

#define FCNTL_DUP 0
#define FCNTL_DUP_CLOEXEC 1030
#define FCNTL_SET 6
#define FCNTL_SET_WAIT 7
#define FCNTL_SET64 13 /* of 32-bit programs; 14 waits */
#define FCNTL_SET64_WAIT 14
#define FCNTL_OFD_SET 37
#define FCNTL_OFD_SET_WAIT 38

static __always_inline bool sets_lock(__u32 command)
{
	return command == FCNTL_SET || command == FCNTL_SET_WAIT || command == FCNTL_SET64 ||
	       command == FCNTL_SET64_WAIT || command == FCNTL_OFD_SET || command == FCNTL_OFD_SET_WAIT;
}

static __always_inline void fcntl_done(struct task_struct *task, struct pt_regs *regs, long result, bool compat)
{
	__u32 command = argument(regs, 1, compat);
	__u16 type = 0; /* l_type comes first in each kind of struct flock: 0 read, 1 write, 2 unlock */

	if (command == FCNTL_DUP || command == FCNTL_DUP_CLOEXEC) {
		tell_dup(argument(regs, 0, compat), result);
		return;
	}
	bpf_probe_read_user(&type, sizeof(type), (void *)argument(regs, 2, compat));
	tell_lock(argument(regs, 0, compat), type, result);
}

/* ---- readiness ------------------------------------------------------------------------------------------- */

static __always_inline __u32 put_socket_name(char *to, struct sock *socket)
{
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)socket, addr);
	long got;

	if (!address)
		return 0;
	got = bpf_probe_read_kernel_str(to, UNIX_NAME, &address->name->sun_path);
	return got > 1 && got <= UNIX_NAME ? got - 1 : 0;
}

OUT_OF_LINE int listen_done(__u32 descriptor, __s32 backlog)
{
	struct task_struct *task = current_task();
	struct session_scratch *room = session_room();
	struct file *file = file_at(task, descriptor);
	struct socket *end;
	struct sock *socket;
	__u32 family, used = 0;

	if (!room || kind_of_file(file) != DESCRIPTOR_SOCKET || !may_tell_step(task))
		return 0;
	end = BPF_CORE_READ(file, private_data);
	socket = BPF_CORE_READ(end, sk);
	family = BPF_CORE_READ(socket, __sk_common.skc_family);
	BEGIN_TEXT(room, listen, listen, task);
	if (family == FAMILY_UNIX)
		used = put_socket_name(room->listen.texts, socket);
	room->listen.event.descriptor = descriptor;
	room->listen.event.family = family;
	if (family == FAMILY_INET || family == FAMILY_INET6)
		room->listen.event.port = BPF_CORE_READ(socket, __sk_common.skc_num);
	room->listen.event.backlog = backlog;
	room->listen.event.name_len = used;
	SUBMIT_TEXT(room, listen, used);
	return 0;
}

/* ---- which call it was ----------------------------------------------------------------------------------- */

/* Most of these calls are about other files; they are passed on before it is asked who made them. */
static __always_inline bool is_of_no_use(struct pt_regs *regs, __u32 interest, long result, bool compat)
{
	switch (interest) {
	case SYSCALL_SETSID:
		return result <= 0;
	case SYSCALL_CLOSE:
		return result || (__u32)argument(regs, 0, compat) > 2;
	case SYSCALL_CLOSE_RANGE: /* with that flag it closes nothing now */
		return result || (__u32)argument(regs, 0, compat) > 2 || (argument(regs, 2, compat) & CLOSE_ON_EXEC);
	case SYSCALL_DUP:
		return result < 0 || result > 2;
	case SYSCALL_DUP2:
		return result < 0 || (__u32)argument(regs, 1, compat) > 2;
	case SYSCALL_FCNTL: {
		__u32 command = argument(regs, 1, compat);

		if (command == FCNTL_DUP || command == FCNTL_DUP_CLOEXEC)
			return result < 0 || result > 2;
		return !sets_lock(command);
	}
	case SYSCALL_FLOCK:
		return false; /* that it was refused says something too */
	default:
		return result < 0;
	}
}

static __always_inline void session_done(struct task_struct *task, struct pt_regs *regs, __u32 interest, long result,
					 bool compat)
{
	if (!settings.want_session || is_of_no_use(regs, interest, result, compat) || !is_target(GET(task, tgid)))
		return;
	switch (interest) {
	case SYSCALL_SETSID:
		setsid_done(task);
		break;
	case SYSCALL_SETPGID:
		setpgid_done(task, regs, compat);
		break;
	case SYSCALL_PRCTL:
		prctl_done(task, regs, compat);
		break;
	case SYSCALL_CHDIR:
		chdir_done();
		break;
	case SYSCALL_UMASK:
		umask_done(task, result);
		break;
	case SYSCALL_CLOSE:
		tell_close(task, argument(regs, 0, compat), argument(regs, 0, compat));
		break;
	case SYSCALL_CLOSE_RANGE:
		tell_close(task, argument(regs, 0, compat), argument(regs, 1, compat));
		break;
	case SYSCALL_DUP:
		tell_dup(argument(regs, 0, compat), result);
		break;
	case SYSCALL_DUP2:
		tell_dup(argument(regs, 0, compat), argument(regs, 1, compat));
		break;
	case SYSCALL_OPEN:
	case SYSCALL_OPENAT:
	case SYSCALL_OPENAT2:
	case SYSCALL_CREAT:
		open_done(result, flags_given(regs, interest, compat));
		break;
	case SYSCALL_FCNTL:
		fcntl_done(task, regs, result, compat);
		break;
	case SYSCALL_FLOCK:
		flock_done(task, regs, result, compat);
		break;
	case SYSCALL_UNLINK:
		unlink_done(DIRECTORY_CURRENT, argument(regs, 0, compat));
		break;
	case SYSCALL_UNLINKAT:
		unlink_done(argument(regs, 0, compat), argument(regs, 1, compat));
		break;
	case SYSCALL_RENAME:
		rename_done(argument(regs, 0, compat), DIRECTORY_CURRENT, argument(regs, 1, compat));
		break;
	case SYSCALL_RENAMEAT:
		rename_done(argument(regs, 1, compat), argument(regs, 2, compat), argument(regs, 3, compat));
		break;
	case SYSCALL_LISTEN:
		listen_done(argument(regs, 0, compat), argument(regs, 1, compat));
		break;
	}
}

#endif
