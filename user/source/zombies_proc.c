/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The census from /proc (proc(5)), for where the kernel refuses BPF. It knows less: start times to 10 ms, no cgroup
 * number, no SA_NOCLDWAIT, and of parents that belong to others neither system call nor exit status. What a process
 * refuses to tell stays unknown; that it is gone by now is no error. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/syscall.h"
#include "source/live_internal.h"
#include "source/privilege.h"
#include "source/zombies_internal.h"

#define THREADS_MAX 256 /* of a parent, that are asked for the wait they are in */
#define SIGCHLD_BIT (1ULL << 16)

/* A small file of a process; its bytes, NUL-terminated, or -1. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length, total = 0;

	if (fd < 0)
		return -1;
	while ((size_t)total < size - 1 && (length = read(fd, text + total, size - 1 - (size_t)total)) > 0)
		total += length;
	close(fd);
	text[total] = '\0';
	return total;
}

/* ---- /proc/PID/stat --------------------------------------------------------------------------------- */

struct stat_fields {
	char comm[COMM_SIZE];
	char state;
	int32_t ppid, pgrp, session, exit_signal, status;
	uint64_t threads, start_ticks;
};

/* The name can hold anything, parentheses and line ends too: it ends at the last parenthesis. */
static bool parse_stat(const char *text, struct stat_fields *fields)
{
	const char *open = strchr(text, '('), *end = strrchr(text, ')');
	size_t length = open && end && end > open ? (size_t)(end - open - 1) : 0;

	if (!open || !end || end < open)
		return false;
	memcpy(fields->comm, open + 1, length < COMM_SIZE - 1 ? length : COMM_SIZE - 1);
	/* fields 3 to 22, 38 and 52 */
	if (sscanf(end + 1,
		   " %c %" SCNd32 " %" SCNd32 " %" SCNd32
		   " %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %" SCNu64 " %*d %" SCNu64
		   " %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %" SCNd32
		   " %*d %*u %*u %*u %*u %*d %*u %*u %*u %*u %*u %*u %*u %" SCNd32,
		   &fields->state, &fields->ppid, &fields->pgrp, &fields->session, &fields->threads,
		   &fields->start_ticks, &fields->exit_signal, &fields->status) < 6)
		return false;
	return true;
}

static bool read_stat(uint32_t pid, struct stat_fields *fields)
{
	char path[48], text[1024];

	*fields = (struct stat_fields){.exit_signal = 17};
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", pid);
	return read_file(path, text, sizeof(text)) > 0 && parse_stat(text, fields);
}

static uint64_t start_of(const struct stat_fields *fields)
{
	static long ticks;

	if (!ticks)
		ticks = sysconf(_SC_CLK_TCK);
	return fields->start_ticks * (1000000000ULL / (uint64_t)(ticks > 0 ? ticks : 100));
}

/* ---- /proc/PID/status ------------------------------------------------------------------------------- */

struct status_fields {
	uint32_t uid, nspid, level, tracer;
	uint64_t pending, blocked, ignored, caught;
};

/* "NSpid: 4711 7": from the outside in; the last is its own, the count tells how deep it is. */
static void parse_nspid(const char *line, struct status_fields *fields)
{
	char *end;
	unsigned long pid;

	for (fields->level = 0;; fields->level++, line = end) {
		pid = strtoul(line, &end, 10);
		if (end == line)
			break;
		fields->nspid = (uint32_t)pid;
	}
	fields->level -= fields->level > 0;
}

static bool read_status(uint32_t pid, struct status_fields *fields)
{
	char path[48], text[8192];
	uint64_t mask;

	*fields = (struct status_fields){.nspid = pid};
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/status", pid);
	if (read_file(path, text, sizeof(text)) <= 0)
		return false;
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (sscanf(line, "Uid: %" SCNu32, &fields->uid) == 1 ||
		    sscanf(line, "TracerPid: %" SCNu32, &fields->tracer) == 1)
			continue;
		if (!strncmp(line, "NSpid:", 6))
			parse_nspid(line + 6, fields);
		else if (sscanf(line, "SigPnd: %" SCNx64, &mask) == 1 || sscanf(line, "ShdPnd: %" SCNx64, &mask) == 1)
			fields->pending |= mask;
		else if (sscanf(line, "SigBlk: %" SCNx64, &mask) == 1)
			fields->blocked = mask;
		else if (sscanf(line, "SigIgn: %" SCNx64, &mask) == 1)
			fields->ignored = mask;
		else if (sscanf(line, "SigCgt: %" SCNx64, &mask) == 1)
			fields->caught = mask;
	}
	return true;
}

/* The number of its pid namespace, as the kernel side tells it; 0 where it may not be asked. */
static uint32_t read_namespace(uint32_t pid)
{
	char path[48], text[64];
	uint32_t number = 0;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/ns/pid", pid);
	length = readlink(path, text, sizeof(text) - 1);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	return sscanf(text, "pid:[%" SCNu32 "]", &number) == 1 ? number : 0;
}

/* ---- what a parent is doing ------------------------------------------------------------------------- */

struct call {
	int number; /* -1: running, or not to be known */
	uint64_t arguments[6];
};

static struct call read_call(const char *path)
{
	struct call call = {.number = -1};
	char text[256];

	if (read_file(path, text, sizeof(text)) <= 0 || !isdigit((unsigned char)text[0]))
		return call;
	if (sscanf(text, "%d %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &call.number,
		   &call.arguments[0], &call.arguments[1], &call.arguments[2], &call.arguments[3], &call.arguments[4],
		   &call.arguments[5]) < 1)
		call.number = -1;
	return call;
}

/* wait4(pid, status, options, …), waitid(type, id, info, options, …); what they mean is as in bpf/hooks/wait.bpf.h */
static bool take_wait(struct event_zombie_look *look, const struct call *call, uint32_t tid, int32_t own_group)
{
	const int32_t id = (int32_t)call->arguments[0], target = (int32_t)call->arguments[1];

	if (call->number < 0)
		return false;
	if (call->number == syscall_number("wait4")) {
		look->wait_type = id > 0 ? WAIT_PID : id == -1 ? WAIT_ANY : WAIT_PGID;
		look->wait_target = id > 0 ? id : id == -1 ? -1 : id ? -id : own_group;
		look->wait_options = (uint32_t)call->arguments[2] | 4; /* WEXITED, which wait4 implies */
	} else if (call->number == syscall_number("waitid")) {
		if (id == 3)
			return false; /* P_PIDFD: whose, only the parent's descriptors tell */
		look->wait_type = id == 0 ? WAIT_ANY : id == 2 ? WAIT_PGID : WAIT_PID;
		look->wait_target = id == 0 ? -1 : id == 2 && !target ? own_group : target;
		look->wait_options = (uint32_t)call->arguments[3];
	} else {
		return false;
	}
	look->wait_tid = tid;
	return true;
}

static void read_waits(struct event_zombie_look *look, const struct stat_fields *parent)
{
	char path[80];
	struct dirent *entry;
	unsigned count = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task", look->parent);
	tasks = opendir(path);
	while (tasks && count++ < THREADS_MAX && (entry = readdir(tasks))) {
		unsigned long tid = strtoul(entry->d_name, NULL, 10);
		struct call call;

		if (!tid)
			continue;
		snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%lu/syscall", look->parent, tid);
		call = read_call(path);
		if (take_wait(look, &call, (uint32_t)tid, parent->pgrp))
			break;
	}
	if (tasks)
		closedir(tasks);
}

static void read_parent(struct event_zombie_look *look)
{
	struct stat_fields stat;
	struct status_fields status;
	char path[48];

	look->syscall = -1;
	if (!read_stat(look->parent, &stat) || !read_status(look->parent, &status))
		return;
	look->parent_start = start_of(&stat);
	look->parent_tid = look->parent;
	look->parent_state = (uint32_t)stat.state;
	look->parent_stopped = stat.state == 'T';
	memcpy(look->parent_comm, stat.comm, COMM_SIZE);
	look->sigchld = status.ignored & SIGCHLD_BIT  ? SIGCHLD_IGNORED
			: status.caught & SIGCHLD_BIT ? SIGCHLD_HANDLED
						      : SIGCHLD_DEFAULT;
	look->sigchld_blocked = (status.blocked & SIGCHLD_BIT) != 0;
	look->sigchld_pending = (status.pending & SIGCHLD_BIT) != 0;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/syscall", look->parent);
	look->syscall = read_call(path).number;
	read_waits(look, &stat);
}

/* ---- the walk --------------------------------------------------------------------------------------- */

static void fill_head(struct event *head, uint16_t kind, size_t size, uint32_t pid, const struct stat_fields *fields)
{
	head->kind = kind;
	head->size = (uint32_t)size;
	head->t_ns = live_clock();
	head->pid = head->tid = pid;
	head->start_ns = start_of(fields);
	memcpy(head->comm, fields->comm, COMM_SIZE);
}

/* A Z with more than its leader in /proc/PID/task is alive in its other threads. */
static uint32_t dead_kind(const struct stat_fields *fields)
{
	if (fields->state != 'Z')
		return 0;
	return fields->threads > 1 ? 2 : 1;
}

/* To others the kernel shows 0, which would mean that all went well (fs/proc/array.c do_task_stat). */
static bool may_read_status(uint32_t uid)
{
	return uid == geteuid() || privilege_has(CAP_SYS_PTRACE);
}

static int add_process(struct census *census, uint32_t pid)
{
	struct event_snap_process snap = {0};
	struct event_zombie_look look = {0};
	struct stat_fields fields, parent;
	struct status_fields status;
	int result;

	if (!read_stat(pid, &fields) || !read_status(pid, &status))
		return 0;
	fill_head(&snap.h, EVENT_snap_process, sizeof(snap), pid, &fields);
	snap.parent = snap.parent_tid = (uint32_t)fields.ppid;
	if (fields.ppid && read_stat((uint32_t)fields.ppid, &parent))
		snap.parent_start = start_of(&parent);
	snap.nspid = status.nspid;
	snap.pidns = read_namespace(pid);
	snap.pidns_level = status.level;
	snap.uid = status.uid;
	snap.pgid = (uint32_t)fields.pgrp;
	snap.sid = (uint32_t)fields.session;
	snap.exit_signal = fields.exit_signal;
	snap.dead = dead_kind(&fields);
	snap.status = may_read_status(status.uid) ? fields.status : STATUS_UNKNOWN;
	snap.live_threads = snap.dead == 1 ? 0 : (uint32_t)fields.threads - (snap.dead == 2);
	snap.scope = SCOPE_RELATIVE;
	result = census_add_snap(census, &snap);
	if (result || !snap.dead)
		return result;
	fill_head(&look.h, EVENT_zombie_look, sizeof(look), pid, &fields);
	look.parent = snap.parent;
	look.status = snap.status;
	look.exit_signal = snap.exit_signal;
	look.leader_only = snap.dead == 2;
	look.live_threads = snap.live_threads;
	look.tracer = look.tracer_tid = status.tracer;
	read_parent(&look);
	return census_add_look(census, &look);
}

int census_by_proc(struct census *census, struct error *error)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int result = 0;

	if (!proc) {
		error_errno(error, -errno, "cannot read /proc");
		error_hint(error, "mount it: mount -t proc proc /proc");
		return error->code;
	}
	census->taken_ns = live_clock();
	census->self_pid = (uint32_t)getpid();
	census->self_pidns = read_namespace(census->self_pid);
	while (!result && (entry = readdir(proc))) {
		unsigned long pid = isdigit((unsigned char)entry->d_name[0]) ? strtoul(entry->d_name, NULL, 10) : 0;

		if (pid && pid <= UINT32_MAX)
			result = add_process(census, (uint32_t)pid);
	}
	closedir(proc);
	return result ? error_errno(error, result, "cannot list the processes") : 0;
}
