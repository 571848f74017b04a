/* SPDX-License-Identifier: BSD-2-Clause
 * Facts of the observation itself, and those that belong to no one process: begin and finish, losses, names of cgroups,
 * refused forks. */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

/* A copy with a NUL behind it; NULL when out of memory. */
static char *copy_bytes(const char *bytes, uint32_t length)
{
	char *copy = malloc((size_t)length + 1);

	if (!copy)
		return NULL;
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

int fold_begin(struct model *model, const struct event *event)
{
	const struct event_begin *begin = (const void *)event;
	struct observation *seen = &model->observation;
	uint32_t kernel_length, arch_length, command_length;
	const char *kernel = EVENT_BLOB(event, begin, kernel, &kernel_length);
	const char *arch = EVENT_BLOB(event, begin, arch, &arch_length);
	const char *command = EVENT_BLOB(event, begin, command, &command_length);

	if (seen->begun) {
		model->contradictions++;
		return 0;
	}
	seen->begun = true;
	seen->begin_ns = event->t_ns;
	seen->realtime_ns = begin->realtime_ns;
	seen->zombie_after_ns = begin->zombie_after_ns;
	seen->contended_after_ns = begin->contended_after_ns;
	seen->pid_max = begin->pid_max;
	seen->mode = begin->mode;
	seen->cpus = begin->cpus;
	seen->unseen = begin->unseen;
	seen->target_pid = begin->target;
	seen->kernel = copy_bytes(kernel, kernel_length);
	seen->arch = copy_bytes(arch, arch_length);
	seen->command = copy_bytes(command, command_length);
	seen->command_length = seen->command ? command_length : 0;
	return seen->kernel && seen->arch && seen->command ? 0 : -ENOMEM;
}

int fold_finish(struct model *model, const struct event *event)
{
	const struct event_finish *finish = (const void *)event;
	struct observation *seen = &model->observation;

	if (seen->finished) {
		model->contradictions++;
		return 0;
	}
	seen->finished = true;
	seen->end_ns = model->now;
	seen->ended_by = finish->ended_by;
	seen->exit_status = finish->exit_status;
	return 0;
}

#define SPANS_APART 256 /* losses told one by one; with more of them those of a class that touch become one */

/* A machine that is too busy for hours loses something in every span: then they are one. */
static bool widen_latest(struct model *model, const struct lost_span *more)
{
	struct lost_span *latest = model->latest_lost[more->group];

	if (model->lost_spans < SPANS_APART || !latest || more->since_ns > latest->until_ns)
		return false;
	if (more->since_ns < latest->since_ns)
		latest->since_ns = more->since_ns;
	if (more->until_ns > latest->until_ns)
		latest->until_ns = more->until_ns;
	add_saturated(&latest->count, more->count);
	return true;
}

int fold_lost(struct model *model, const struct event *event)
{
	const struct event_lost *lost = (const void *)event;
	struct lost_span told = {
	    .since_ns = lost->since_ns < event->t_ns ? lost->since_ns : event->t_ns,
	    .until_ns = event->t_ns,
	    .count = lost->count,
	    /* of a newer lifeline: what was lost is unknown, so it counts as the class that makes most doubtful */
	    .group = lost->class < EVENT_GROUP_COUNT ? lost->class : GROUP_LIFE,
	};
	struct lost_span *span;

	if (!lost->count)
		return 0;
	model->lost[told.group] += told.count;
	if (widen_latest(model, &told))
		return 0;
	span = arena_get(&model->arena, sizeof(*span));
	if (!span)
		return -ENOMEM;
	*span = told;
	model->lost_spans++;
	model->latest_lost[told.group] = span;
	if (model->last_lost)
		model->last_lost->next = span;
	else
		model->first_lost = span;
	model->last_lost = span;
	return 0;
}

/* The kernel side walks from the leaf up and so tells "c/b/a"; the path is "/a/b/c". Empty parts are dropped. */
static char *turn_path(const char *path, size_t length)
{
	char *turned = malloc(length + 2);
	size_t used = 0, end = length;

	if (!turned)
		return NULL;
	while (end) {
		size_t start = end;

		while (start && path[start - 1] != '/')
			start--;
		if (start < end) {
			turned[used++] = '/';
			memcpy(turned + used, path + start, end - start);
			used += end - start;
		}
		end = start ? start - 1 : 0;
	}
	if (!used)
		turned[used++] = '/';
	turned[used] = '\0';
	return turned;
}

int fold_cgroup(struct model *model, const struct event *event)
{
	const struct event_cgroup *told = (const void *)event;
	uint32_t length;
	const char *path = EVENT_BLOB(event, cgroup, path, &length);
	char *turned = turn_path(path, strnlen(path, length));

	if (!turned)
		return -ENOMEM;
	free(hash_remove(&model->cgroups, told->cgroup, 0)); /* an id can come back after rmdir */
	if (!hash_put(&model->cgroups, told->cgroup, 0, turned))
		return 0;
	free(turned);
	return -ENOMEM;
}

static struct fork_failure *failure_add(struct model *model, const struct event *event, uint64_t key)
{
	struct fork_failure *failure = arena_get(&model->arena, sizeof(*failure));

	if (!failure || hash_put(&model->failures, key, event->start_ns, failure))
		return NULL;
	failure->at_ns = event->t_ns;
	failure->who = (struct process_ref){event->pid, event->start_ns};
	comm_copy(failure->comm, event->comm);
	if (model->last_failure)
		model->last_failure->next = failure;
	else
		model->first_failure = failure;
	model->last_failure = failure;
	return failure;
}

int fold_fork_failed(struct model *model, const struct event *event)
{
	const struct event_fork_failed *told = (const void *)event;
	uint64_t key = (uint64_t)event->pid << 32 | (uint32_t)told->error;
	struct fork_failure *failure = hash_get(&model->failures, key, event->start_ns);

	if (!failure)
		failure = failure_add(model, event, key);
	if (!failure)
		return -ENOMEM;
	if (!failure->count++) { /* limits as they were at the first refusal */
		failure->error = told->error;
		failure->call = told->call;
		failure->uid = told->uid;
		failure->pids_level = told->pids_level;
		failure->nproc_limit = told->nproc_limit;
		failure->nproc_count = told->nproc_count;
		failure->pids_max = told->pids_max;
		failure->pids_current = told->pids_current;
		failure->pids_cgroup = told->pids_cgroup;
	}
	failure->last_ns = event->t_ns;
	return 0;
}
