/* SPDX-License-Identifier: BSD-2-Clause
 * The model as a whole: its life, which event is folded where, and what it says of the observation; see model.h. */
#include "model/model.h"

#include <stdlib.h>

#include "model/internal.h"

static fold_fn *const folds[EVENT_KIND_LIMIT] = {
    [EVENT_fork] = fold_fork,
    [EVENT_thread] = fold_thread,
    [EVENT_exec] = fold_exec,
    [EVENT_exit] = fold_exit,
    [EVENT_end] = fold_end,
    [EVENT_rename] = fold_rename,
    [EVENT_reap] = fold_reap,
    [EVENT_wait_enter] = fold_wait_enter,
    [EVENT_wait_exit] = fold_wait_exit,
    [EVENT_adopt] = fold_adopt,
    [EVENT_signal] = fold_signal,
    [EVENT_oom] = fold_oom,
    [EVENT_fork_failed] = fold_fork_failed,
    [EVENT_setsid] = fold_setsid,
    [EVENT_setpgid] = fold_setpgid,
    [EVENT_subreaper] = fold_subreaper,
    [EVENT_pdeathsig] = fold_pdeathsig,
    [EVENT_session_look] = fold_session_look,
    [EVENT_chdir] = fold_chdir,
    [EVENT_umask] = fold_umask,
    [EVENT_dup] = fold_dup,
    [EVENT_close] = fold_close,
    [EVENT_open] = fold_open,
    [EVENT_file_lock] = fold_file_lock,
    [EVENT_unlink] = fold_unlink,
    [EVENT_move] = fold_move,
    [EVENT_listen] = fold_listen,
    [EVENT_pidfile_look] = fold_pidfile_look,
    [EVENT_cgroup] = fold_cgroup,
    [EVENT_snap_process] = fold_snap_process,
    [EVENT_snap_thread] = fold_snap_thread,
    [EVENT_counters] = fold_counters,
    [EVENT_zombie_look] = fold_zombie_look,
    [EVENT_lock] = fold_lock,
    [EVENT_site] = fold_site,
    [EVENT_lock_wait] = fold_lock_wait,
    [EVENT_lock_wait_end] = fold_lock_wait_end,
    [EVENT_lock_sum] = fold_lock_sum,
    [EVENT_lock_wakes] = fold_lock_wakes,
    [EVENT_thread_look] = fold_thread_look,
    [EVENT_look_done] = fold_look_done,
    [EVENT_lock_hold] = fold_lock_hold,
    [EVENT_lock_order] = fold_lock_order,
    [EVENT_begin] = fold_begin,
    [EVENT_finish] = fold_finish,
    [EVENT_lost] = fold_lost,
};

struct model *model_new(void)
{
	struct model *model = calloc(1, sizeof(*model));

	if (model)
		model->observation.exit_status = -1;
	if (model)
		model->observation.ended_by = ENDED_CUT; /* until a `finish` says otherwise */
	return model;
}

void process_free(struct process *process)
{
	free(process->waits);
	hash_free(&record_of(process)->tids);
}

void model_free(struct model *model)
{
	size_t cursor = 0;
	char *path;

	if (!model)
		return;
	for (struct process *process = model->first; process; process = process->next)
		process_free(process);
	while ((path = hash_next(&model->cgroups, &cursor)))
		free(path);
	free(model->observation.kernel);
	free(model->observation.arch);
	free(model->observation.command);
	hash_free(&model->processes);
	hash_free(&model->pids);
	hash_free(&model->tids);
	hash_free(&model->ns_pids);
	hash_free(&model->cgroups);
	hash_free(&model->failures);
	hash_free(&model->pidfiles);
	texts_free(model);
	hash_free(&model->locks);
	hash_free(&model->sites);
	hash_free(&model->parties);
	hash_free(&model->places);
	hash_free(&model->orders);
	hash_free(&model->retired_names);
	arena_free(&model->arena);
	free(model);
}

int model_event(struct model *model, const struct event *event)
{
	fold_fn *fold = event->kind < EVENT_KIND_LIMIT ? folds[event->kind] : NULL;

	model->events++;
	if (event->t_ns > model->now)
		model->now = event->t_ns;
	if (!model->observation.finished)
		model->observation.end_ns = model->now;
	return fold ? fold(model, event) : 0;
}

const struct observation *model_observation(const struct model *model)
{
	return &model->observation;
}

uint64_t model_now(const struct model *model)
{
	return model->now;
}

uint64_t model_events(const struct model *model)
{
	return model->events;
}

uint64_t model_contradictions(const struct model *model)
{
	return model->contradictions;
}

uint64_t model_lost(const struct model *model, enum event_group group)
{
	uint64_t total = 0;

	if ((unsigned)group < EVENT_GROUP_COUNT)
		return model->lost[group];
	for (unsigned i = 0; i < EVENT_GROUP_COUNT; i++)
		total += model->lost[i];
	return total;
}

const struct lost_span *model_lost_spans(const struct model *model)
{
	return model->first_lost;
}

const struct process *model_first(const struct model *model)
{
	return model->first;
}

const char *model_cgroup_path(const struct model *model, uint64_t cgroup)
{
	return hash_get(&model->cgroups, cgroup, 0);
}

const struct fork_failure *model_fork_failures(const struct model *model)
{
	return model->first_failure;
}
