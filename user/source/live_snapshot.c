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
#include <unistd.h>

#define PASSES_MAX 8

struct found {
	uint32_t pid, nspid, pidns, parent;
	bool target, dead;
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
						    .dead = snap->dead == 1};
	return 0;
}

static bool is_wanted(const struct live_bpf *bpf, const struct found *item, uint32_t pid)
{
	if (!bpf->shared->self_level)
		return item->pid == pid;
	return item->nspid == pid && item->pidns == bpf->shared->self_pidns;
}

/* Which of the given pids does not exist (or is only a zombie)? 0: all are there. */
static int choose_roots(struct live_bpf *bpf, struct list *list, const struct live_options *options,
			struct error *error)
{
	for (unsigned i = 0; i < options->pid_count; i++) {
		bool there = false;

		for (size_t k = 0; k < list->count; k++) {
			if (!is_wanted(bpf, &list->items[k], (uint32_t)options->pids[i]))
				continue;
			list->items[k].target = there = true;
		}
		if (there)
			continue;
		error_set(error, -ESRCH, "cannot attach to process %d: there is none", (int)options->pids[i]);
		error_hint(error, "it may have ended; `ps -p %d` shows what there is", (int)options->pids[i]);
		return -ESRCH;
	}
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
int live_snapshot_mark(struct live_bpf *bpf, const struct live_options *options, struct error *error)
{
	int result = 0;

	for (int pass = 0; pass < PASSES_MAX; pass++) {
		struct list list = {0};
		size_t fresh = 0;

		result = live_bpf_iterate(bpf, ITERATE_ALL, collect, &list);
		if (result)
			error_errno(error, result, "cannot list the processes");
		else if (!pass)
			result = choose_roots(bpf, &list, options, error);
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
