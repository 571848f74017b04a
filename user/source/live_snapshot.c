/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was there before: finding the targets' process trees, and telling the state at start as events. The programs are
 * attached already, so whoever is forked meanwhile is either on a later pass's list or told by its fork. */
#include "source/live_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/cgroup.h"

#define PASSES_MAX 8

struct found {
	uint64_t cgroup;
	uint32_t pid, nspid, pidns, parent, uid;
	bool target, dead;
	char comm[COMM_SIZE];
};

struct list {
	struct found *items;
	size_t count, capacity;
};

static int collect(void *context, const void *record, size_t available)
{
	const struct event_snap_process *snap = record;
	struct list *list = context;
	struct found *items;

	if (available < sizeof(*snap) || snap->h.kind != EVENT_snap_process)
		return 0;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 1024;
		items = realloc(list->items, list->capacity * sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
	}
	list->items[list->count++] = (struct found){.pid = snap->h.pid,
						    .nspid = snap->nspid,
						    .pidns = snap->pidns,
						    .parent = snap->parent,
						    .uid = snap->uid,
						    .cgroup = snap->cgroup,
						    .dead = snap->dead == 1};
	memcpy(list->items[list->count - 1].comm, snap->h.comm, COMM_SIZE);
	return 0;
}

/* Whose pid is `pid`, where those who gave it look at it from? */
static bool is_called(const struct live_bpf *bpf, const struct found *item, uint32_t pid, uint32_t pidns)
{
	if (!pidns && !bpf->shared->self_level)
		return item->pid == pid;
	return item->nspid == pid && item->pidns == (pidns ? pidns : bpf->shared->self_pidns);
}

static int refuse_pid(int pid, const struct live_options *options, struct error *error)
{
	if (options->in_ns)
		error_set(error, -ESRCH,
			  "cannot attach to process %d in the pid namespace of process %d: there is none", pid,
			  (int)options->in_ns);
	else
		error_set(error, -ESRCH, "cannot attach to process %d: there is none", pid);
	error_hint(error, "it may have ended; `ps -p %d` shows what there is", pid);
	return -ESRCH;
}

/* The namespace that pids are given in; 0: lifeline's own. */
static int find_namespace(const struct live_bpf *bpf, const struct list *list, const struct live_options *options,
			  uint32_t *pidns, struct error *error)
{
	*pidns = 0;
	if (!options->in_ns)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		if (!is_called(bpf, &list->items[i], (uint32_t)options->in_ns, 0))
			continue;
		*pidns = list->items[i].pidns;
		return 0;
	}
	error_set(error, -ESRCH, "cannot look into the pid namespace of process %d: there is no such process",
		  (int)options->in_ns);
	error_hint(error, "give --in-ns any process of that namespace, by its pid here");
	return -ESRCH;
}

/* What lifeline itself calls it; -1: it has no name for it (it looks from a nested namespace into another). */
static pid_t name_here(const struct live_bpf *bpf, const struct found *item)
{
	if (!bpf->shared->self_level)
		return (pid_t)item->pid;
	return item->pidns == bpf->shared->self_pidns ? (pid_t)item->nspid : -1;
}

static int choose_pids(const struct live_bpf *bpf, struct list *list, const struct live_options *options,
		       pid_t *here, struct error *error)
{
	uint32_t pidns;
	int result = find_namespace(bpf, list, options, &pidns, error);

	for (unsigned i = 0; !result && i < options->pid_count; i++) {
		bool there = false;

		for (size_t k = 0; k < list->count; k++) {
			if (!is_called(bpf, &list->items[k], (uint32_t)options->pids[i], pidns))
				continue;
			list->items[k].target = there = true;
			here[i] = name_here(bpf, &list->items[k]);
		}
		if (!there)
			result = refuse_pid((int)options->pids[i], options, error);
	}
	return result;
}

/* The groups themselves, so that those who enter them later are known to the kernel side. */
static bool choose_members(struct live_bpf *bpf, struct found *item, const char *wanted)
{
	if (!cgroup_holds(wanted, item->pid))
		return false;
	item->target = true;
	if (item->cgroup > 1) /* 1: the root of version 2, where everybody is if only version 1 is used */
		live_bpf_select_cgroup(bpf, 0, item->cgroup);
	return true;
}

static int choose_groups(struct live_bpf *bpf, struct list *list, const struct live_options *options,
			 struct error *error)
{
	for (unsigned i = 0; i < options->cgroup_count; i++) {
		const char *wanted = options->cgroups[i];
		struct stat folder;
		uint32_t hierarchy;
		bool any = wanted[0] == '/' && !stat(wanted, &folder) && S_ISDIR(folder.st_mode);

		if (any && cgroup_hierarchy(wanted, &hierarchy)) /* a kernfs node's number is that of its folder */
			live_bpf_select_cgroup(bpf, hierarchy, folder.st_ino);
		for (size_t k = 0; k < list->count; k++)
			any |= choose_members(bpf, &list->items[k], wanted);
		if (any)
			continue;
		error_set(error, -ESRCH, "cannot attach to control group %s: no process is in it", wanted);
		error_hint(error, "/proc/PID/cgroup shows a process' own; a folder below /sys/fs/cgroup can be empty");
		return -ESRCH;
	}
	return 0;
}

static void choose_by_name_and_user(struct list *list, const struct live_options *options)
{
	for (size_t i = 0; i < list->count; i++) {
		struct found *item = &list->items[i];

		if ((options->comm && !strncmp(item->comm, options->comm, COMM_SIZE - 1)) ||
		    (options->by_uid && item->uid == options->uid))
			item->target = true;
	}
}

/* 0: all that were named one by one are there. */
static int choose_roots(struct live_bpf *bpf, struct list *list, const struct live_options *options, pid_t *here,
			struct error *error)
{
	int result = choose_pids(bpf, list, options, here, error);

	if (!result)
		result = choose_groups(bpf, list, options, error);
	if (result)
		return result;
	choose_by_name_and_user(list, options);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].pid == bpf->shared->self_tgid)
			list->items[i].target = false;
	return 0;
}

static struct found *find(struct list *list, uint32_t pid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].pid == pid)
			return &list->items[i];
	return NULL;
}

/* Marks children of marked ones until nothing changes. Lifeline itself is never a target, even below one. */
static void close_over_children(struct live_bpf *bpf, struct list *list)
{
	struct hash targets = {0};
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < list->count; i++) {
			struct found *item = &list->items[i];

			if (item->target && !hash_get(&targets, item->pid, 0))
				changed |= !hash_put(&targets, item->pid, 0, item);
			if (item->target || item->pid == bpf->shared->self_tgid || !hash_get(&targets, item->parent, 0))
				continue;
			item->target = changed = true;
		}
	} while (changed);
	hash_free(&targets);
}

/* Puts the marks where the kernel side sees them. Returns how many were new. */
static size_t publish(struct live_bpf *bpf, struct list *list)
{
	size_t fresh = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct found *item = &list->items[i], *parent;

		if (!item->target)
			continue;
		if (!(bpf->scope[item->pid] & IN_SCOPE_TARGET))
			fresh++;
		live_bpf_mark(bpf, item->pid, IN_SCOPE_TARGET);
		parent = find(list, item->parent);
		if (parent && !parent->target && !(bpf->scope[parent->pid] & IN_SCOPE_RELATIVE))
			live_bpf_mark(bpf, parent->pid, IN_SCOPE_RELATIVE);
	}
	return fresh;
}

/* A child forked before its parent was marked shows up in the next pass; so passes go on until one finds nobody new. */
int live_snapshot_mark(struct live_bpf *bpf, const struct live_options *options, pid_t *here, struct error *error)
{
	int result = 0;

	for (int pass = 0; pass < PASSES_MAX; pass++) {
		struct list list = {0};
		size_t fresh = 0;

		result = live_bpf_iterate(bpf, ITERATE_ALL, collect, &list);
		if (result)
			error_errno(error, result, "cannot list the processes");
		else if (!pass)
			result = choose_roots(bpf, &list, options, here, error);
		if (!result) {
			for (size_t i = 0; i < list.count; i++)
				list.items[i].target |= (bpf->scope[list.items[i].pid] & IN_SCOPE_TARGET) != 0;
			close_over_children(bpf, &list);
			fresh = publish(bpf, &list);
		}
		free(list.items);
		if (result || !fresh)
			return result;
	}
	return 0;
}

/* ---- telling ------------------------------------------------------------------------------------- */

struct teller {
	record_fn record;
	void *context;
	_Alignas(8) unsigned char bytes[EVENT_SIZE_MAX];
};

static size_t read_exe(uint32_t pid, char *text, size_t size)
{
	char path[48];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/exe", pid);
	length = readlink(path, text, size);
	return length > 0 ? (size_t)length : 0;
}

static size_t read_arguments(uint32_t pid, char *text, size_t size)
{
	char path[48];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, size);
	close(fd);
	return length > 0 ? (size_t)length : 0;
}

int live_snapshot_add_texts(const struct event_snap_process *snap, record_fn record, void *context)
{
	_Alignas(8) unsigned char bytes[EVENT_SIZE_MAX];
	struct event_snap_process *event = (struct event_snap_process *)bytes;
	char *blobs = (char *)bytes + sizeof(*event);

	memcpy(event, snap, sizeof(*event));
	if (!event->dead) {
		event->exe_len = (uint32_t)read_exe(event->h.pid, blobs, PATH_MAX_LEN);
		event->argv_len = (uint32_t)read_arguments(event->h.pid, blobs + event->exe_len, ARGV_MAX);
	}
	event->h.size = (uint32_t)((sizeof(*event) + event->exe_len + event->argv_len + 7) & ~(size_t)7);
	memset(blobs + event->exe_len + event->argv_len, 0, 8);
	return record(context, event, event->h.size);
}

static int tell(void *context, const void *record, size_t available)
{
	const struct event *event = record;
	struct teller *teller = context;

	if (event->kind == EVENT_snap_process && available >= sizeof(struct event_snap_process))
		return live_snapshot_add_texts(record, teller->record, teller->context);
	memcpy(teller->bytes, record, available); /* aligned for the receiver */
	return teller->record(teller->context, teller->bytes, available);
}

int live_snapshot_tell(struct live_bpf *bpf, record_fn record, void *context)
{
	struct teller *teller = malloc(sizeof(*teller));
	int result;

	if (!teller)
		return -ENOMEM;
	teller->record = record;
	teller->context = context;
	result = live_bpf_iterate(bpf, ITERATE_SNAPSHOT, tell, teller);
	free(teller);
	return result;
}
