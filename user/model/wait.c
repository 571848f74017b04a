/* SPDX-License-Identifier: BSD-2-Clause
 * Waiting, reaping and adoption: who can collect a dead child, who did, and who has to from when on.
 *
 * The rule of who may collect whom is the kernel's (kernel/exit.c, eligible_child and eligible_pid), told once, at
 * wait_could_match. Numbers of wait calls are the kernel side's own count: polls that found nothing are not told one by
 * one, so that counting records would count too few. */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

#define OPTION_WEXITED 0x00000004u
#define OPTION_WNOWAIT 0x01000000u
#define OPTION_WNOTHREAD 0x20000000u
#define OPTION_WALL 0x40000000u
#define OPTION_WCLONE 0x80000000u
#define SIGCHLD_NUMBER 17

void thread_stop_waiting(struct thread *thread, uint64_t t_ns)
{
	if (!thread->waiting)
		return;
	thread->wait->last_ns = t_ns;
	thread->wait->waiters--;
	thread->waiting = false;
	thread->wait = NULL;
}

/* The kernel side's count only grows. */
void take_wait_calls(struct process *process, uint64_t calls)
{
	if (calls > process->wait_calls)
		process->wait_calls = calls;
}

void forget_waits(struct process *process, uint64_t t_ns)
{
	for (struct thread *thread = process->threads; process->wait_count && thread; thread = thread->next)
		thread_stop_waiting(thread, t_ns);
	process->wait_count = 0;
}

/* ---- ways of waiting */

struct way { /* what both wait events say */
	uint32_t call, type, options, pidns;
	int32_t target;
	uint64_t calls;
};

static bool sign_is(const struct wait_sign *sign, const struct way *way, uint32_t tid)
{
	return sign->type == way->type && sign->options == way->options && sign->call == way->call &&
	       (sign->target == way->target || way->type == WAIT_ANY) &&
	       (sign->tid == tid || !(way->options & OPTION_WNOTHREAD));
}

/* Threads point into the array: it can only move together with them. */
static int grow_waits(struct process *process)
{
	unsigned capacity = process->wait_count ? process->wait_count * 2 : 2;
	struct wait_sign *old = process->waits;
	struct wait_sign *larger = malloc(capacity * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	if (old)
		memcpy(larger, old, process->wait_count * sizeof(*larger));
	for (struct thread *thread = process->threads; old && thread; thread = thread->next)
		if (thread->wait)
			thread->wait = larger + (thread->wait - old);
	free(old);
	process->waits = larger;
	return 0;
}

/* The one to forget: of those that no thread is in, a wait for a single pid first, then the longest unused. */
static struct wait_sign *least_needed(struct process *process)
{
	struct wait_sign *least = NULL;

	for (unsigned i = 0; i < process->wait_count; i++) {
		struct wait_sign *sign = &process->waits[i];
		bool single = sign->type == WAIT_PID;

		if (sign->waiters)
			continue;
		if (!least || (single && least->type != WAIT_PID) ||
		    (single == (least->type == WAIT_PID) && sign->last_ns < least->last_ns))
			least = sign;
	}
	return least;
}

/* Capacity is a power of two from 2 on: it is used up when the count is one. */
static bool is_full(const struct process *process)
{
	return !process->wait_count || (process->wait_count >= 2 && !(process->wait_count & (process->wait_count - 1)));
}

static struct wait_sign *sign_get(struct process *process, const struct way *way, const struct event *event)
{
	struct wait_sign *sign = NULL;

	for (unsigned i = 0; i < process->wait_count; i++)
		if (sign_is(&process->waits[i], way, event->tid))
			return &process->waits[i];
	if (process->wait_count >= WAIT_SIGNS_MAX)
		sign = least_needed(process);
	if (!sign) {
		if (is_full(process) && grow_waits(process))
			return NULL;
		sign = &process->waits[process->wait_count++];
	}
	*sign = (struct wait_sign){
	    .type = way->type, .target = way->target, .options = way->options, .first_ns = event->t_ns};
	return sign;
}

/* Notes on the child that somebody waited for exactly it. The number is that of the waiter's pid namespace. */
static void note_waited_for(struct model *model, const struct process *waiter, const struct way *way, uint64_t t_ns)
{
	bool root =
	    waiter->pidns ? !waiter->pidns_level : !way->pidns || !model->root_pidns || way->pidns == model->root_pidns;
	uint32_t number = (uint32_t)way->target;
	struct process *child;

	if (way->type != WAIT_PID || way->target <= 0)
		return;
	child = root ? hash_get(&model->pids, number, 0)
		     : hash_get(&model->ns_pids, number, waiter->pidns ? waiter->pidns : way->pidns);
	if (child)
		child->waited_for_ns = t_ns;
}

static struct wait_sign *sign_use(struct model *model, struct process *process, const struct way *way,
				  const struct event *event)
{
	struct wait_sign *sign = sign_get(process, way, event);

	if (!sign)
		return NULL;
	sign->call = way->call;
	sign->tid = event->tid;
	sign->last_ns = event->t_ns;
	process->wait_last_ns = event->t_ns;
	take_wait_calls(process, way->calls);
	note_waited_for(model, process, way, event->t_ns);
	return sign;
}

int fold_wait_enter(struct model *model, const struct event *event)
{
	const struct event_wait_enter *enter = (const void *)event;
	const struct way way = {enter->call, enter->type, enter->options, enter->pidns, enter->target, enter->calls};
	struct thread *thread = NULL;
	struct process *process = process_actor(model, event, &thread);
	struct wait_sign *sign;

	if (!process)
		return 0;
	thread_stop_waiting(thread, event->t_ns);
	sign = sign_use(model, process, &way, event);
	if (!sign)
		return -ENOMEM;
	sign->count++;
	sign->waiters++;
	thread->waiting = true;
	thread->wait = sign;
	return 0;
}

int fold_wait_exit(struct model *model, const struct event *event)
{
	const struct event_wait_exit *leave = (const void *)event;
	struct way way = {leave->call, leave->type, leave->options, leave->pidns, leave->target, leave->calls};
	struct thread *thread = NULL;
	struct process *process = process_actor(model, event, &thread);
	struct wait_sign *sign;
	bool entered;

	if (!process)
		return 0;
	if (way.type == WAIT_PID && !way.target && thread->waiting && thread->wait->type == WAIT_PID)
		way.target = thread->wait->target; /* by a pidfd: the entry knew whose */
	entered = thread->waiting && sign_is(thread->wait, &way, event->tid);
	thread_stop_waiting(thread, event->t_ns);
	sign = sign_use(model, process, &way, event);
	if (!sign)
		return -ENOMEM;
	sign->count += !entered + (uint64_t)leave->folded;
	sign->last_result = leave->result;
	return 0;
}

/* ---- who may collect whom */

/* kernel/exit.c eligible_pid, with the waiter's number translated: numbers are those of the waiter's pid namespace,
 * while the model's are of the initial one. What cannot be translated (a namespace between the two) may match. */
static bool pid_matches(const struct wait_sign *wait, const struct process *waiter, const struct process *child)
{
	if (!wait->target)
		return true; /* by a pidfd, whose process is not known at the call's return */
	if (!waiter->pidns_level || !child->pidns)
		return child->id.pid == (uint32_t)wait->target;
	return child->pidns != waiter->pidns || child->nspid == (uint32_t)wait->target;
}

static bool group_matches(const struct wait_sign *wait, const struct process *waiter, const struct process *child)
{
	uint32_t group = (uint32_t)(wait->target < 0 ? -(int64_t)wait->target : wait->target);

	if (!child->pgid)
		return true;
	if (!group) /* 0: the waiter's own */
		return child->pgid == waiter->pgid;
	if (!waiter->pidns_level)
		return child->pgid == group;
	if (child->pgid == child->id.pid)
		return child->pidns != waiter->pidns || child->nspid == group;
	if (child->pgid == waiter->id.pid)
		return waiter->nspid == group;
	return true; /* the group's leader is a third process, whose number there is not at hand */
}

static bool target_matches(const struct wait_sign *wait, const struct process *waiter, const struct process *child)
{
	if (wait->type == WAIT_PID)
		return pid_matches(wait, waiter, child);
	if (wait->type == WAIT_PGID)
		return group_matches(wait, waiter, child);
	return true;
}

/*
 * kernel/exit.c: a child is eligible if its number matches and, unless __WALL is given or the waiter traces it,
 * __WCLONE is given exactly for a child that reports with another signal than SIGCHLD. __WNOTHREAD restricts to
 * children of the calling thread. wait4 implies WEXITED, waitid needs it said; WNOWAIT looks at the dead but leaves
 * them.
 */
bool wait_could_match(const struct wait_sign *wait, const struct process *waiter, const struct process *child)
{
	bool clone_child = child->exit_signal != SIGCHLD_NUMBER;

	if (wait->options & OPTION_WNOWAIT)
		return false;
	if (wait->call == WAIT_CALL_WAITID && !(wait->options & OPTION_WEXITED))
		return false;
	if ((wait->options & OPTION_WNOTHREAD) && child->parent_tid && child->parent_tid != wait->tid)
		return false;
	if (!target_matches(wait, waiter, child))
		return false;
	if ((wait->options & OPTION_WALL) || (child->tracer && child->tracer == waiter->id.pid))
		return true;
	return clone_child == !!(wait->options & OPTION_WCLONE);
}

/* ---- reaping */

/* A tracer's wait returns the dead tracee as well, but only the real parent's one releases it. */
static bool only_traces(const struct process *child, const struct event *event)
{
	return child->tracer && child->tracer == event->pid && child->parent.pid && child->parent.pid != event->pid;
}

static void note_reaped(struct process *child, const struct event_reap *reap)
{
	struct record *record = record_of(child);

	if (!child->reaped_ns || (!record->reap_implied && reap->h.t_ns < child->reaped_ns))
		child->reaped_ns = reap->h.t_ns;
	record->reap_implied = false;
	child->reap_how = reap->how;
	if (!child->exited_ns)
		child->exited_ns = child->reaped_ns;
	/* Without an `end` the exit is nearest to the death, unless that end is still to come: see take_end_state. */
	if (!child->dead_ns)
		child->dead_ns = child->exited_ns;
	if (child->dead_ns > child->reaped_ns)
		child->dead_ns = child->reaped_ns;
}

int fold_reap(struct model *model, const struct event *event)
{
	const struct event_reap *reap = (const void *)event;
	struct process *child = process_get(model, reap->child, reap->child_start);
	struct process *waiter = NULL;
	bool reaped;

	if (!child) {
		model->contradictions++;
		return reap->child && reap->child_start ? -ENOMEM : 0;
	}
	reaped = child->reaped_ns && !record_of(child)->reap_implied;
	if (reap->how == REAP_WAITED && event->pid) {
		waiter = process_actor(model, event, NULL);
		if (!waiter)
			return 0;
		if (only_traces(child, event))
			return 0;
		if (reaped && (child->autoreaped || child->reaper.pid)) {
			model->contradictions++;
			return 0;
		}
		child->reaper = waiter->id;
		child->reaper_tid = event->tid;
		comm_copy(child->reaper_comm, event->comm);
		waiter->wait_reaped++;
		if (!child->has_status) {
			child->status = reap->status;
			child->has_status = true;
		}
	} else if (reaped) {
		return 0; /* known better already */
	}
	note_reaped(child, reap);
	process_account(model, child);
	return 0;
}

/* ---- adoption */

static bool told_already(const struct adoption *last, const struct event_adopt *adopt)
{
	return last && last->to.pid == adopt->to && last->to_tid == adopt->to_tid && last->from.pid == adopt->h.pid &&
	       last->told_ns == adopt->h.t_ns;
}

/* It is told when the parent leaves the processor for the last time. By then the adopter can have let the child end,
 * and collected it; if it was another's child when it exited, it was adopted before, at the end of its parent. */
static uint64_t adopted_ns(const struct event_adopt *adopt, const struct process *child, const struct thread *from)
{
	if (adopt->zombie || !child->exited_ns || child->exited_ns > adopt->h.t_ns || !child->parent_at_exit ||
	    child->parent_at_exit == adopt->h.pid)
		return adopt->h.t_ns;
	if (from && from->exited_ns && from->exited_ns < child->exited_ns)
		return from->exited_ns;
	return child->exited_ns - 1;
}

int fold_adopt(struct model *model, const struct event *event)
{
	const struct event_adopt *adopt = (const void *)event;
	struct thread *thread = NULL;
	struct process *from = process_actor(model, event, &thread);
	struct process *child = process_get(model, adopt->child, adopt->child_start);
	struct process *to = process_get(model, adopt->to, adopt->to_start);
	struct adoption *adoption;
	struct record *record;

	if (!child || child == to) {
		model->contradictions++;
		return adopt->child && adopt->child_start ? needed(child) : 0;
	}
	record = record_of(child);
	if (told_already(record->last_adoption, adopt))
		return 0;
	adoption = arena_get(&model->arena, sizeof(*adoption));
	if (!adoption)
		return -ENOMEM;
	*adoption = (struct adoption){.at_ns = adopted_ns(adopt, child, thread),
				      .told_ns = event->t_ns,
				      .from = {event->pid, event->start_ns},
				      .to = to ? to->id : (struct process_ref){adopt->to, adopt->to_start},
				      .to_tid = adopt->to_tid,
				      .rule = adopt->rule,
				      .pdeathsig = adopt->pdeathsig,
				      .was_zombie = adopt->zombie};
	comm_copy(adoption->to_comm, adopt->to_comm);
	if (record->last_adoption)
		record->last_adoption->next = adoption;
	else
		child->adoptions = adoption;
	record->last_adoption = adoption;
	process_set_parent(model, child, adopt->to, adopt->to_start);
	child->parent_tid = adopt->to_tid;
	if (adopt->pdeathsig)
		child->pdeathsig = adopt->pdeathsig;
	if (!to || to == from)
		return 0;
	child->exit_signal = SIGCHLD_NUMBER; /* reparent_leader: an adopter is told of its death in the usual way */
	to->children_born++;
	if (!to->comm[0])
		comm_copy(to->comm, adopt->to_comm);
	return 0;
}

/* ---- looks at what a zombie's parent does */

static struct zombie_look read_look(const struct event_zombie_look *told)
{
	struct zombie_look look = {
	    .at_ns = told->h.t_ns,
	    .dead_for_ns = told->dead_for_ns,
	    .parent_blocked_ns = told->parent_blocked_ns,
	    .parent = {told->parent, told->parent_start},
	    .parent_tid = told->parent_tid,
	    .parent_state = told->parent_state,
	    .sigchld = told->sigchld,
	    .sigchld_blocked = told->sigchld_blocked,
	    .sigchld_pending = told->sigchld_pending,
	    .parent_stopped = told->parent_stopped,
	    .tracer = told->tracer,
	    .tracer_tid = told->tracer_tid,
	    .wait_tid = told->wait_tid,
	    .wait_type = told->wait_type,
	    .wait_options = told->wait_options,
	    .wait_target = told->wait_target,
	    .syscall = told->syscall,
	    .exit_signal = told->exit_signal,
	    .leader_only = told->leader_only,
	    .live_threads = told->live_threads,
	};

	comm_copy(look.parent_comm, told->parent_comm);
	return look;
}

static int keep_look(struct model *model, struct zombie_look **place, const struct zombie_look *look)
{
	if (!*place)
		*place = arena_get(&model->arena, sizeof(**place));
	if (!*place)
		return -ENOMEM;
	**place = *look;
	return 0;
}

/* Seen dead although its death was never told (lost): dead at the latest now. */
static void take_unseen_death(struct process *process, const struct event_zombie_look *told)
{
	process->dead_ns = told->h.t_ns;
	process->dead_before = true;
	process->dead_for_ns = told->dead_for_ns;
	if (!process->exited_ns)
		process->exited_ns = told->h.t_ns;
	if (process->has_status || told->status == STATUS_UNKNOWN)
		return;
	process->status = told->status;
	process->has_status = true;
}

int fold_zombie_look(struct model *model, const struct event *event)
{
	const struct event_zombie_look *told = (const void *)event;
	struct zombie_look look = read_look(told);
	struct process *process = process_actor(model, event, NULL);
	struct process *parent = process_get(model, told->parent, told->parent_start);

	if (!process || process->reaped_ns)
		return 0; /* looked at before it was reaped, told after */
	if (parent && !parent->comm[0])
		comm_copy(parent->comm, told->parent_comm);
	if (keep_look(model, &process->look, &look))
		return -ENOMEM;
	process_set_parent(model, process, told->parent, told->parent_start);
	if (told->leader_only) {
		if (!process->leader_exited_ns)
			process->leader_exited_ns = event->t_ns;
		return 0;
	}
	if (told->tracer)
		process->tracer = told->tracer;
	if (!process->dead_ns)
		take_unseen_death(process, told);
	process_account(model, process);
	if (process->overdue_look || event->t_ns < process->dead_ns + model->observation.zombie_after_ns)
		return 0;
	return keep_look(model, &process->overdue_look, &look);
}
