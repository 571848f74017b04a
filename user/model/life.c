/* SPDX-License-Identifier: BSD-2-Clause
 * Births, execs, names, exits and ends, and the snapshot of what was there before.
 *
 * The kernel side tells each fact where it is final, so records of one process can come in an order that is not that of
 * the story: a waiter can have collected the status before the dead task's last switch (the `end`), the snapshot can
 * meet a process whose fork is told as well. Every fold therefore adds what it knows and takes nothing back. */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

#define SIGCHLD_NUMBER 17

/* Replaces *text by what the blob says; an empty blob says nothing. */
static int take_text(struct model *model, char **text, const char *bytes, uint32_t length)
{
	char *kept;

	if (!length)
		return 0;
	kept = text_keep(model, bytes, length);
	if (!kept)
		return -ENOMEM;
	text_release(model, *text);
	*text = kept;
	return 0;
}

static int take_argv(struct model *model, struct process *process, const char *bytes, uint32_t length,
		     uint32_t true_size)
{
	if (!length)
		return 0;
	if (take_text(model, &process->argv, bytes, length))
		return -ENOMEM;
	process->argv_length = length;
	process->argv_size = true_size > length ? true_size : length;
	return 0;
}

/* Until it calls exec a child runs its creator's program with its creator's arguments. */
static void take_image(struct model *model, struct process *child, const struct process *creator)
{
	text_share(creator->exe);
	text_share(creator->argv);
	text_release(model, child->exe);
	text_release(model, child->argv);
	child->exe = creator->exe;
	child->argv = creator->argv;
	child->argv_length = creator->argv_length;
	child->argv_size = creator->argv_size;
}

static void take_groups(struct process *process, uint32_t pgid, uint32_t sid)
{
	if (pgid)
		process->pgid = pgid;
	if (sid)
		process->sid = sid;
}

/* What a birth says that may have changed since: not taken over what a later snapshot said. */
static void take_birth_state(struct process *child, const struct event_fork *fork)
{
	child->exit_signal = fork->exit_signal;
	child->uid = fork->uid;
	child->cgroup = fork->cgroup;
	take_groups(child, fork->pgid, fork->sid);
}

int fold_fork(struct model *model, const struct event *event)
{
	const struct event_fork *fork = (const void *)event;
	struct process *creator = process_actor(model, event, NULL);
	struct process *child = process_get(model, fork->child, fork->child_start);
	struct process *parent;
	bool known_state;

	if (!child || child == creator || record_of(child)->forked) {
		model->contradictions++;
		return fork->child && fork->child_start ? needed(child) : 0;
	}
	known_state = record_of(child)->snapped || child->execs || child->exited_ns;
	record_of(child)->forked = true;
	child->scope = SCOPE_TARGET; /* the kernel side only tells births to the watched */
	child->present_at_start = false;
	child->creator = (struct process_ref){event->pid, event->start_ns};
	child->clone_flags = fork->flags;
	child->clone_flags_known = 1;
	if (!child->comm[0])
		comm_copy(child->comm, event->comm);
	if (!known_state)
		take_birth_state(child, fork);
	if (!known_state && creator)
		take_image(model, child, creator);
	if (creator)
		steps_inherit(child, creator);
	parent = process_get(model, fork->parent, fork->parent_start);
	if (parent && parent != child)
		process_born_to(model, child, parent, fork->parent_tid);
	if (!child->parent.pid) {
		process_set_parent(model, child, fork->parent, fork->parent_start);
		child->parent_tid = fork->parent_tid;
	}
	if (process_set_namespace(model, child, fork->child_nspid, fork->pidns, fork->pidns_level))
		return -ENOMEM;
	return thread_find(child, fork->child) ? 0 : needed(thread_add(model, child, fork->child, fork->child_start));
}

int fold_thread(struct model *model, const struct event *event)
{
	const struct event_thread *told = (const void *)event;
	struct process *process = process_actor(model, event, NULL);
	struct thread *thread;

	if (!process || !told->child)
		return 0;
	thread = thread_find(process, told->child);
	if (!thread || (thread->exited_ns && thread->exited_ns <= event->t_ns)) {
		thread = thread_add(model, process, told->child, event->t_ns);
		if (!thread)
			return -ENOMEM;
		comm_copy(thread->comm, event->comm);
	}
	if (!thread->started_ns)
		thread->started_ns = event->t_ns;
	return 0;
}

/*
 * exec by another thread than the leader (fs/exec.c, de_thread): the caller takes the leader's pid and start, the old
 * leader is released under the caller's tid. So from outside the leader lives on and the tid of the caller is gone; the
 * records keep their tids and change places in all else.
 */
static int take_leader_place(struct model *model, struct process *process, uint32_t old_tid, uint64_t t_ns)
{
	struct thread *leader = thread_find(process, process->id.pid);
	struct thread *caller = thread_find(process, old_tid);
	struct thread old_leader;

	if (!leader)
		leader = thread_add(model, process, process->id.pid, process->started_ns);
	if (!caller)
		caller = thread_add(model, process, old_tid, 0);
	if (!leader || !caller)
		return -ENOMEM;
	thread_stop_lock_wait(caller);
	old_leader = *leader;
	memcpy(leader->comm, caller->comm, COMM_SIZE);
	leader->has_counters = caller->has_counters;
	leader->counters = caller->counters;
	leader->ended = false;
	leader->exited_ns = 0;
	memcpy(caller->comm, old_leader.comm, COMM_SIZE);
	caller->has_counters = old_leader.has_counters;
	caller->counters = old_leader.counters;
	caller->ended = old_leader.ended;
	caller->exited_ns = t_ns;
	process->leader_exited_ns = 0;
	return 0;
}

int fold_exec(struct model *model, const struct event *event)
{
	const struct event_exec *exec = (const void *)event;
	uint32_t name_length, exe_length, argv_length;
	const char *name = EVENT_BLOB(event, exec, filename, &name_length);
	const char *exe = EVENT_BLOB(event, exec, exe, &exe_length);
	const char *argv = EVENT_BLOB(event, exec, argv, &argv_length);
	struct thread *thread = NULL;
	struct process *process = process_actor(model, event, NULL);

	if (!process)
		return 0;
	if (exec->old_tid && exec->old_tid != event->tid && event->tid == event->pid &&
	    take_leader_place(model, process, exec->old_tid, event->t_ns))
		return -ENOMEM;
	if (!process_actor(model, event, &thread)) /* again: the name goes to the thread that is the leader now */
		return event->tid ? -ENOMEM : 0;
	process->execs++;
	process->exec_ns = event->t_ns;
	forget_waits(process, event->t_ns);
	thread_stop_lock_wait(thread); /* what it was seen waiting for went with the old program */
	if (steps_exec(model, process, event->t_ns))
		return -ENOMEM;
	process->exit_signal = SIGCHLD_NUMBER; /* exec resets it, whatever clone was told */
	process->uid = exec->uid;
	if (exec->cgroup)
		process->cgroup = exec->cgroup;
	take_groups(process, exec->pgid, exec->sid);
	if (take_text(model, &process->exe, exe_length ? exe : name, exe_length ? exe_length : name_length))
		return -ENOMEM;
	return take_argv(model, process, argv, argv_length, exec->args_size);
}

int fold_rename(struct model *model, const struct event *event)
{
	const struct event_rename *rename = (const void *)event;
	struct thread *thread = NULL;
	struct process *process = process_actor(model, event, &thread);

	if (!process)
		return 0;
	comm_copy(thread->comm, rename->new_comm);
	if (event->tid == event->pid)
		comm_copy(process->comm, rename->new_comm);
	return 0;
}

/* ---- ends */

/* A signal was decided to be fatal, but the process had begun to exit of its own accord, or of another one. */
static void check_killer(struct model *model, struct process *process)
{
	if (!process->killer || process->killer->signal == (process->status & 0x7f))
		return;
	arena_put(&model->arena, process->killer, sizeof(*process->killer));
	process->killer = NULL;
}

int fold_exit(struct model *model, const struct event *event)
{
	const struct event_exit *exit = (const void *)event;
	struct thread *thread = NULL;
	struct process *process = process_actor(model, event, &thread);

	if (!process)
		return 0;
	thread->exited_ns = event->t_ns;
	thread_stop_waiting(thread, event->t_ns);
	thread_stop_lock_wait(thread);
	take_groups(process, exit->pgid, exit->sid);
	take_wait_calls(process, exit->wait_calls);
	if (!exit->group_dead) {
		if (event->tid == event->pid && exit->live) {
			process->leader_exited_ns = event->t_ns;
			process->leader_ended_all = exit->group_exit;
		}
		return 0;
	}
	if (process->has_status && record_of(process)->ended && process->exited_ns < event->t_ns)
		model->contradictions++;
	process->exited_ns = event->t_ns;
	process->parent_at_exit = exit->parent;
	process->status = exit->status;
	process->has_status = true;
	if (exit->exit_signal >= 0)
		process->exit_signal = exit->exit_signal;
	check_killer(model, process);
	return 0;
}

static void take_end_state(struct process *process, uint32_t state, uint64_t t_ns)
{
	struct record *record = record_of(process);

	record->ended = true;
	process->dead_before = false;
	/* collected before the last switch: it was never seen as a zombie */
	process->dead_ns = process->reaped_ns && process->reaped_ns < t_ns ? process->reaped_ns : t_ns;
	if (!process->exited_ns)
		process->exited_ns = process->dead_ns;
	if (state == END_AUTOREAPED)
		process->autoreaped = true;
	if (state == END_ZOMBIE || process->reaped_ns)
		return;
	process->reaped_ns = process->dead_ns;
	record->reap_implied = state == END_REAPED;
}

#define TAKE_COUNTERS(thread, event)                                                                                   \
	do {                                                                                                           \
		(thread)->has_counters = true;                                                                         \
		(thread)->counters = (struct counters){                                                                \
		    .voluntary = (event)->voluntary,                                                                   \
		    .involuntary = (event)->involuntary,                                                               \
		    .cpu_ns = (event)->cpu_ns,                                                                         \
		    .runqueue_ns = (event)->runqueue_ns,                                                               \
		    .blocked_ns = {(event)->blocked_futex, (event)->blocked_sleep, (event)->blocked_wait,              \
				   (event)->blocked_poll, (event)->blocked_read, (event)->blocked_write,               \
				   (event)->blocked_network, (event)->blocked_disk, (event)->blocked_other},           \
		    .wakes = (event)->wakes,                                                                           \
		    .waker_wakes = (event)->waker_wakes,                                                               \
		    .waker_tid = (event)->waker_tid,                                                                   \
		    .cpus_allowed = (event)->cpus_allowed,                                                             \
		    .spins = (event)->spins,                                                                           \
		    .spin_ns = (event)->spin_ns,                                                                       \
		    .spin_call = (event)->spin_call,                                                                   \
		};                                                                                                     \
	} while (0)

/*
 * During an exec by another thread than the leader the two tasks change their pids some time before the exec is told
 * (fs/exec.c, de_thread). If the old leader's last switch falls in between, its end comes under the tid of the caller,
 * which has not exited, while the leader has and still lacks its end.
 */
static struct thread *whose_end(struct process *process, struct thread *thread)
{
	struct thread *leader = thread_find(process, process->id.pid);

	if (thread == leader || thread->exited_ns || !leader || !leader->exited_ns || leader->has_counters)
		return thread;
	return leader;
}

int fold_end(struct model *model, const struct event *event)
{
	const struct event_end *end = (const void *)event;
	struct thread *thread = NULL;
	struct process *process = process_actor(model, event, &thread);

	if (!process)
		return 0;
	if (end->state == END_THREAD)
		thread = whose_end(process, thread);
	TAKE_COUNTERS(thread, end);
	thread->ended = true;
	if (!thread->exited_ns)
		thread->exited_ns = event->t_ns;
	thread_stop_waiting(thread, event->t_ns);
	thread_stop_lock_wait(thread);
	if (end->state == END_THREAD || end->state > END_REAPED) {
		model->thread_ends++;
		return 0;
	}
	if (record_of(process)->ended) {
		model->contradictions++;
		return 0;
	}
	model->ends++;
	process->tracer = end->tracer;
	process_set_parent(model, process, end->parent, end->parent_start);
	take_end_state(process, end->state, event->t_ns);
	process_account(model, process);
	return 0;
}

int fold_counters(struct model *model, const struct event *event)
{
	const struct event_counters *counters = (const void *)event;
	struct thread *thread = NULL;
	struct process *process = process_actor(model, event, &thread);

	if (!process)
		return 0;
	take_wait_calls(process, counters->wait_calls);
	if (thread->exited_ns && thread->has_counters)
		return 0; /* a sample taken before the end and told after it */
	TAKE_COUNTERS(thread, counters);
	return 0;
}

/* ---- snapshot */

static void take_snapped_death(struct process *process, const struct event_snap_process *snap, uint64_t t_ns)
{
	if (snap->dead == 2) {
		if (!process->leader_exited_ns)
			process->leader_exited_ns = t_ns;
		return;
	}
	if (snap->dead != 1 || process->dead_ns)
		return;
	process->dead_ns = t_ns;
	process->dead_before = true;
	process->dead_for_ns = snap->dead_for_ns;
	if (!process->exited_ns)
		process->exited_ns = t_ns;
	if (process->has_status || snap->status == STATUS_UNKNOWN)
		return;
	process->status = snap->status;
	process->has_status = true;
}

static int take_snapped_state(struct model *model, struct process *process, const struct event_snap_process *snap)
{
	struct process *parent = process_get(model, snap->parent, snap->parent_start);

	if (parent && parent != process) {
		if (!process->born_to.pid)
			process_born_to(model, process, parent, snap->parent_tid);
		process_set_parent(model, process, snap->parent, snap->parent_start);
		process->parent_tid = snap->parent_tid;
	}
	process->exit_signal = snap->exit_signal;
	process->uid = snap->uid;
	process->subreaper = snap->subreaper;
	process->pdeathsig = snap->pdeathsig;
	if (snap->cgroup)
		process->cgroup = snap->cgroup;
	take_groups(process, snap->pgid, snap->sid);
	return process_set_namespace(model, process, snap->nspid, snap->pidns, snap->pidns_level);
}

int fold_snap_process(struct model *model, const struct event *event)
{
	const struct event_snap_process *snap = (const void *)event;
	uint32_t exe_length, argv_length;
	const char *exe = EVENT_BLOB(event, snap_process, exe, &exe_length);
	const char *argv = EVENT_BLOB(event, snap_process, argv, &argv_length);
	struct process *process = process_actor(model, event, NULL);
	struct thread *leader;

	if (!process)
		return 0;
	if (snap->scope == SCOPE_TARGET || (snap->scope == SCOPE_RELATIVE && !process->scope))
		process->scope = snap->scope;
	if (process->exited_ns || process->reaped_ns)
		return 0; /* its end was told meanwhile; the snapshot can only be older */
	if (!record_of(process)->forked)
		process->present_at_start = true;
	record_of(process)->snapped = true;
	if (take_snapped_state(model, process, snap))
		return -ENOMEM;
	leader = thread_find(process, event->pid);
	if (!leader)
		leader = thread_add(model, process, event->pid, event->start_ns);
	if (!leader)
		return -ENOMEM;
	take_snapped_death(process, snap, event->t_ns);
	if (snap->dead && !leader->exited_ns)
		leader->exited_ns = event->t_ns;
	process_account(model, process);
	if (take_text(model, &process->exe, exe, exe_length))
		return -ENOMEM;
	return take_argv(model, process, argv, argv_length, argv_length);
}

int fold_snap_thread(struct model *model, const struct event *event)
{
	const struct event_snap_thread *snap = (const void *)event;
	struct process *process = process_actor(model, event, NULL);
	struct thread *thread;

	if (!process || !event->tid || process->exited_ns)
		return 0;
	thread = thread_find(process, event->tid);
	if (!thread || (thread->exited_ns && thread->exited_ns <= snap->thread_start)) {
		thread = thread_add(model, process, event->tid, snap->thread_start);
		if (!thread)
			return -ENOMEM;
		comm_copy(thread->comm, event->comm);
	}
	if (!thread->started_ns)
		thread->started_ns = snap->thread_start;
	return 0;
}
