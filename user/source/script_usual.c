/* SPDX-License-Identifier: BSD-2-Clause
 * What is usual for each event, so that the lines of a text scenario say only what matters to it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "source/script.h"
#include "source/script_line.h"

#define SIGCHLD_NUMBER 17

static void preset_text(struct script_making *making, const char *field, const char *text, size_t length)
{
	event_build_bytes(making->builder, field, text, length);
}

static bool given_pid(const struct script_making *making, const char *field, uint32_t *pid)
{
	const char *text = script_given(making->line, field);

	return text && script_parse_pid(text, strlen(text), pid);
}

/* The other process of an event, as the line names it. NULL: none named. */
static struct person *named_person(struct script_making *making, const char *field)
{
	uint32_t pid;

	if (!given_pid(making, field, &pid))
		return NULL;
	return script_person(making->cast, pid, script_start_of(making->cast, pid, making->head.t_ns));
}

static void usual_fork(struct script_making *making)
{
	const struct person *parent = named_person(making, "parent");
	uint32_t child = 0;

	if (!parent)
		parent = making->actor;
	given_pid(making, "child", &child);
	script_preset(making, "child_start", (int64_t)making->head.t_ns);
	script_preset(making, "child_nspid", child);
	script_preset(making, "parent", parent->pid);
	script_preset(making, "parent_tid", parent == making->actor ? making->head.tid : parent->pid);
	script_preset(making, "exit_signal", SIGCHLD_NUMBER);
	script_preset(making, "pgid", parent->pgid);
	script_preset(making, "sid", parent->sid);
	script_preset(making, "uid", parent->uid);
	script_preset(making, "cgroup", (int64_t)parent->cgroup);
	script_preset(making, "pidns", parent->pidns);
	script_preset(making, "pidns_level", parent->pidns_level);
}

static void usual_thread(struct script_making *making)
{
	uint32_t child = 0;

	given_pid(making, "child", &child);
	script_preset(making, "child_nspid", child);
	script_preset(making, "flags", 0x3d0f00); /* as pthread_create does */
}

static void usual_exec(struct script_making *making)
{
	char path[COMM_SIZE + 8] = "/bin/";

	strcat(path, making->actor->comm);
	script_preset(making, "old_tid", making->head.tid);
	script_preset(making, "pgid", making->actor->pgid);
	script_preset(making, "sid", making->actor->sid);
	script_preset(making, "uid", making->actor->uid);
	script_preset(making, "cgroup", (int64_t)making->actor->cgroup);
	preset_text(making, "filename", path, strlen(path));
	preset_text(making, "exe", path, strlen(path));
	preset_text(making, "argv", making->actor->comm, strlen(making->actor->comm) + 1);
}

static void usual_exit(struct script_making *making)
{
	script_preset(making, "group_dead", 1);
	script_preset(making, "exit_signal", SIGCHLD_NUMBER);
	script_preset(making, "pgid", making->actor->pgid);
	script_preset(making, "sid", making->actor->sid);
	script_preset(making, "parent", making->actor->parent);
}

static void usual_end(struct script_making *making)
{
	script_preset(making, "state", END_ZOMBIE);
	script_preset(making, "parent", making->actor->parent);
}

static void usual_reap(struct script_making *making)
{
	const struct person *child = named_person(making, "child");

	script_preset(making, "status", child ? child->status : 0);
}

static void usual_wait(struct script_making *making)
{
	const char *target = script_given(making->line, "target");
	const char *folded = script_given(making->line, "folded");
	bool again = making->head.info->kind == EVENT_wait_exit && making->thread->in_wait;

	if (!script_given(making->line, "calls"))
		making->actor->wait_calls += !again + (folded ? strtoul(folded, NULL, 0) : 0);
	making->thread->in_wait = making->head.info->kind == EVENT_wait_enter;
	script_preset(making, "calls", (int64_t)making->actor->wait_calls);
	script_preset(making, "type", target && strtol(target, NULL, 0) > 0 ? WAIT_PID : WAIT_ANY);
	script_preset(making, "target", -1);
	script_preset(making, "pidns", making->actor->pidns);
}

static void usual_adopt(struct script_making *making)
{
	const struct person *to = named_person(making, "to");
	uint32_t rule = ADOPT_UNKNOWN;

	if (!to)
		return;
	if (to->pid == 1)
		rule = ADOPT_INIT;
	else if (to == making->actor)
		rule = ADOPT_THREAD;
	script_preset(making, "to_tid", to->pid);
	script_preset(making, "rule", rule);
	preset_text(making, "to_comm", to->comm, strlen(to->comm));
}

static void usual_signal(struct script_making *making)
{
	const char *origin = script_given(making->line, "origin");
	bool kernel = origin && !strcmp(origin, "kernel");
	uint32_t target = 0;

	given_pid(making, "target", &target);
	script_preset(making, "target_tid", target);
	script_preset(making, "group", 1);
	script_preset(making, "code", kernel ? 0x80 : 0);
	script_preset(making, "syscall", kernel ? -1 : 62);
	script_preset(making, "siginfo_pid", kernel ? 0 : making->head.pid);
}

static void usual_fork_failed(struct script_making *making)
{
	script_preset(making, "nproc_limit", -1);
	script_preset(making, "pids_max", -1);
	script_preset(making, "error", -EAGAIN);
	script_preset(making, "call", 56); /* clone */
	script_preset(making, "uid", making->actor->uid);
}

static void usual_setsid(struct script_making *making)
{
	script_preset(making, "sid", making->head.pid);
}

static void usual_setpgid(struct script_making *making)
{
	uint32_t target = making->head.pid;

	given_pid(making, "target", &target);
	script_preset(making, "target", target);
	script_preset(making, "pgid", target);
}

static void usual_subreaper(struct script_making *making)
{
	script_preset(making, "on", 1);
}

static void usual_snap_process(struct script_making *making)
{
	const struct person *actor = making->actor;

	script_preset(making, "nspid", actor->nspid);
	script_preset(making, "parent", actor->parent);
	script_preset(making, "parent_tid", actor->parent_tid);
	script_preset(making, "exit_signal", SIGCHLD_NUMBER);
	script_preset(making, "uid", actor->uid);
	script_preset(making, "cgroup", (int64_t)actor->cgroup);
	script_preset(making, "pgid", actor->pgid);
	script_preset(making, "sid", actor->sid);
	script_preset(making, "pidns", actor->pidns);
	script_preset(making, "pidns_level", actor->pidns_level);
	script_preset(making, "scope", SCOPE_TARGET);
	script_preset(making, "status", actor->status);
	script_preset(making, "live_threads", 1);
}

static void usual_snap_thread(struct script_making *making)
{
	script_preset(making, "thread_start", (int64_t)SCRIPT_BASE_NS - SECOND);
	script_preset(making, "nstid", making->head.tid);
}

static void usual_zombie_look(struct script_making *making)
{
	const struct person *parent = named_person(making, "parent");
	uint32_t pid = making->actor->parent;

	if (!parent && pid)
		parent = script_person(making->cast, pid, script_start_of(making->cast, pid, making->head.t_ns));
	script_preset(making, "parent", pid);
	script_preset(making, "parent_tid", parent ? parent->pid : 0);
	script_preset(making, "parent_state", 'S');
	script_preset(making, "syscall", -1);
	script_preset(making, "exit_signal", SIGCHLD_NUMBER);
	script_preset(making, "status", making->actor->status);
	if (parent)
		preset_text(making, "parent_comm", parent->comm, strlen(parent->comm));
}

static void usual_lock(struct script_making *making)
{
	const char *number = script_given(making->line, "lock");

	script_preset(making, "kind", LOCK_MUTEX);
	script_preset(making, "address", 0x1000LL * (number ? strtol(number, NULL, 0) & 0xffff : 1));
}

/* A holder that is named by its tid is a thread, of the actor's process unless another is named. */
static void usual_holder(struct script_making *making)
{
	uint32_t tid;

	if (!given_pid(making, "holder_tid", &tid))
		return;
	script_preset(making, "holder", HOLDER_THREAD);
	script_preset(making, "holder_pid", making->head.pid);
}

static void usual_lock_wait_end(struct script_making *making)
{
	const char *outcome = script_given(making->line, "outcome");
	uint32_t tid;

	script_preset(making, "lock", making->thread->lock);
	if (making->thread->lock)
		script_preset(making, "waited_ns", (int64_t)(making->head.t_ns - making->thread->lock_wait_ns));
	if (outcome && !strcmp(outcome, "timeout"))
		script_preset(making, "result", -ETIMEDOUT);
	if (given_pid(making, "waker_tid", &tid))
		script_preset(making, "waker_pid", making->head.pid);
}

static void usual_lock_sum(struct script_making *making)
{
	const char *ns = script_given(making->line, "wait_ns");
	int64_t length;

	usual_holder(making);
	script_preset(making, "waits", 1);
	if (ns && !script_parse_time(ns, &length)) /* one wait is the longest as well */
		script_preset(making, "max_ns", length);
}

static void usual_lock_wakes(struct script_making *making)
{
	script_preset(making, "wakes", 1);
}

static void usual_thread_look(struct script_making *making)
{
	usual_holder(making);
	script_preset(making, "state", 'S');
	script_preset(making, "lock", making->thread->lock);
	script_preset(making, "syscall", making->thread->lock || script_given(making->line, "lock") ? 202 : -1);
}

static void usual_look_done(struct script_making *making)
{
	script_preset(making, "threads", making->actor->looks);
	script_preset(making, "whole", 1);
}

static void usual_lock_hold(struct script_making *making)
{
	script_preset(making, "acquisitions", 1);
}

static void usual_lock_order(struct script_making *making)
{
	script_preset(making, "count", 1);
	script_preset(making, "first_ns", (int64_t)making->head.t_ns);
	script_preset(making, "last_ns", (int64_t)making->head.t_ns);
}

static void usual_switch(struct script_making *making)
{
	const struct person *next = named_person(making, "next_pid"), *waker = named_person(making, "waker_pid");
	const char *reason = script_given(making->line, "reason");

	script_preset(making, "state", reason && strcmp(reason, "involuntary") ? 'S' : 'R');
	if (next)
		script_preset(making, "next_tid", next->pid);
	if (next)
		preset_text(making, "next_comm", next->comm, strlen(next->comm));
	if (waker)
		script_preset(making, "waker_tid", waker->pid);
}

/* A daemon as it should be. */
static void usual_session_look(struct script_making *making)
{
	const struct person *actor = making->actor;

	script_preset(making, "parent", actor->parent);
	script_preset(making, "sid", actor->sid);
	script_preset(making, "pgid", actor->pgid);
	script_preset(making, "leader", actor->sid == actor->pid);
	script_preset(making, "leader_alive", actor->sid == actor->pid);
	script_preset(making, "cwd_root", 1);
	script_preset(making, "stdin_kind", DESCRIPTOR_NULL);
	script_preset(making, "stdout_kind", DESCRIPTOR_NULL);
	script_preset(making, "stderr_kind", DESCRIPTOR_NULL);
	script_preset(making, "adopted", 1);
}

static void usual_chdir(struct script_making *making)
{
	const char *path = script_given(making->line, "path");

	script_preset(making, "root", !path || !strcmp(path, "/"));
	preset_text(making, "path", "/", 1);
}

static void usual_umask(struct script_making *making)
{
	script_preset(making, "before", 022);
}

static void usual_dup(struct script_making *making)
{
	script_preset(making, "from", 3);
	script_preset(making, "kind", DESCRIPTOR_NULL);
}

static void usual_close(struct script_making *making)
{
	const char *first = script_given(making->line, "first");

	script_preset(making, "last", first ? strtol(first, NULL, 0) : 0);
}

static void usual_open(struct script_making *making)
{
	script_preset(making, "descriptor", 3);
	script_preset(making, "flags", O_WRONLY | O_CREAT);
	script_preset(making, "created", 1);
	script_preset(making, "kind", DESCRIPTOR_FILE);
	script_preset(making, "mntns", INITIAL_MNTNS);
}

static void usual_file_lock(struct script_making *making)
{
	script_preset(making, "descriptor", 3);
	script_preset(making, "how", 1);
	script_preset(making, "mntns", INITIAL_MNTNS);
}

static void usual_mntns(struct script_making *making)
{
	script_preset(making, "mntns", INITIAL_MNTNS);
}

static void usual_listen(struct script_making *making)
{
	script_preset(making, "descriptor", 3);
	script_preset(making, "family", 2); /* AF_INET */
	script_preset(making, "backlog", 128);
}

/* As it was written just now. */
static void usual_pidfile_look(struct script_making *making)
{
	const char *holds = script_given(making->line, "holds");

	script_preset(making, "mntns", INITIAL_MNTNS);
	script_preset(making, "state", PIDFILE_PRESENT);
	script_preset(making, "holds", making->head.pid);
	script_preset(making, "alive", !holds || strcmp(holds, "0"));
	script_preset(making, "modified_ns", (int64_t)making->head.t_ns - 10000000);
	script_preset(making, "slack_ns", 4000000);
}

static void usual_begin(struct script_making *making)
{
	script_preset(making, "realtime_ns", 1767225600 * SECOND); /* 2026-01-01T00:00:00Z */
	script_preset(making, "zombie_after_ns", SECOND);
	script_preset(making, "contended_after_ns", SECOND / 100);
	script_preset(making, "pid_max", 32768);
	script_preset(making, "cpus", 2);
	script_preset(making, "self_pidns", INITIAL_PIDNS);
	preset_text(making, "kernel", "6.1.0", 5);
	preset_text(making, "arch", "x86_64", 6);
}

static void usual_finish(struct script_making *making)
{
	script_preset(making, "exit_status", making->cast->mode == MODE_RUN ? 0 : -1);
}

static void usual_lost(struct script_making *making)
{
	script_preset(making, "count", 1);
	script_preset(making, "since_ns", (int64_t)SCRIPT_BASE_NS);
}

static void (*const usual[EVENT_KIND_LIMIT])(struct script_making *making) = {
    [EVENT_fork] = usual_fork,
    [EVENT_thread] = usual_thread,
    [EVENT_exec] = usual_exec,
    [EVENT_exit] = usual_exit,
    [EVENT_end] = usual_end,
    [EVENT_reap] = usual_reap,
    [EVENT_wait_enter] = usual_wait,
    [EVENT_wait_exit] = usual_wait,
    [EVENT_adopt] = usual_adopt,
    [EVENT_signal] = usual_signal,
    [EVENT_fork_failed] = usual_fork_failed,
    [EVENT_setsid] = usual_setsid,
    [EVENT_setpgid] = usual_setpgid,
    [EVENT_subreaper] = usual_subreaper,
    [EVENT_snap_process] = usual_snap_process,
    [EVENT_snap_thread] = usual_snap_thread,
    [EVENT_zombie_look] = usual_zombie_look,
    [EVENT_lock] = usual_lock,
    [EVENT_lock_wait] = usual_holder,
    [EVENT_lock_wait_end] = usual_lock_wait_end,
    [EVENT_lock_sum] = usual_lock_sum,
    [EVENT_lock_wakes] = usual_lock_wakes,
    [EVENT_thread_look] = usual_thread_look,
    [EVENT_look_done] = usual_look_done,
    [EVENT_lock_hold] = usual_lock_hold,
    [EVENT_lock_order] = usual_lock_order,
    [EVENT_session_look] = usual_session_look,
    [EVENT_chdir] = usual_chdir,
    [EVENT_umask] = usual_umask,
    [EVENT_dup] = usual_dup,
    [EVENT_close] = usual_close,
    [EVENT_open] = usual_open,
    [EVENT_file_lock] = usual_file_lock,
    [EVENT_unlink] = usual_mntns,
    [EVENT_move] = usual_mntns,
    [EVENT_listen] = usual_listen,
    [EVENT_pidfile_look] = usual_pidfile_look,
    [EVENT_begin] = usual_begin,
    [EVENT_finish] = usual_finish,
    [EVENT_lost] = usual_lost,
    [EVENT_switch] = usual_switch,
};

void script_set_usual(struct script_making *making)
{
	if (usual[making->head.info->kind])
		usual[making->head.info->kind](making);
}
