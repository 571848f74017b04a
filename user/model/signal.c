/* SPDX-License-Identifier: BSD-2-Clause
 * Signals that mattered, and the OOM killer's choice.
 *
 * Two kinds of signals are made by a dying thread after its exit was told, when it runs no code of its own any more:
 * those to its children (parent-death signal, hang-up of a process group that it leaves orphaned) and SIGCHLD to its
 * parent. */
#include <signal.h>

#include "model/internal.h"

static bool actor_is_dying(const struct model *model, const struct event *event)
{
	const struct process *process = process_find(model, event->pid, event->start_ns);
	const struct thread *thread = process && event->start_ns ? thread_find(process, event->tid) : NULL;

	return process && (process->exited_ns || (thread && thread->exited_ns));
}

static bool is_or_was_child(const struct process *process, const struct event *event)
{
	const struct process_ref actor = {event->pid, event->start_ns};

	if (process_ref_equal(process->parent, actor) || process_ref_equal(process->born_to, actor))
		return true;
	for (const struct adoption *adoption = process->adoptions; adoption; adoption = adoption->next)
		if (process_ref_equal(adoption->to, actor))
			return true;
	return false;
}

static struct signal_note *note(struct model *model, const struct event_signal *told, bool dying)
{
	struct signal_note *note = arena_get(&model->arena, sizeof(*note));

	if (!note)
		return NULL;
	*note = (struct signal_note){
	    .at_ns = told->h.t_ns,
	    .signal = told->signal,
	    .code = told->code,
	    .syscall = told->syscall,
	    .origin = told->origin,
	    .fatal = told->fatal,
	    .result = told->result,
	    .sender_tid = told->h.tid,
	    .sender = {told->h.pid, told->h.start_ns},
	    .addr = told->addr,
	    .sender_is_dying_parent = dying,
	};
	comm_copy(note->sender_comm, told->h.comm);
	return note;
}

/* Kept where the place is free; `better` lets a later one take it. */
static int keep(struct model *model, struct signal_note **place, const struct event_signal *told, bool dying,
		bool better)
{
	if (*place && !better)
		return 0;
	arena_put(&model->arena, *place, sizeof(**place));
	*place = note(model, told, dying);
	return needed(*place);
}

/*
 * A process that is being killed drops further signals (kernel/signal.c, prepare_signal), so one that was delivered
 * came after an earlier "fatal" one that did not do it: blocked, taken by a debugger, or for a thread that was exiting
 * already. The last one delivered before the exit is the killer.
 */
static int take_fatal(struct model *model, struct process *target, const struct event_signal *told, bool dying)
{
	if (!told->fatal || target->exited_ns)
		return 0;
	return keep(model, &target->killer, told, dying, told->result == 0);
}

static bool asks_to_end(int signal)
{
	return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

/* A dying thread sends nothing of its own accord: what comes in its name without the kernel's mark (SEND_SIG_NOINFO) is
 * a parent-death signal, and SIGHUP with that mark is for a group that it leaves orphaned. */
static int take_family(struct model *model, struct process *target, const struct event_signal *told)
{
	bool child = is_or_was_child(target, &told->h);

	if (told->signal == SIGCHLD || (told->h.pid == told->target && told->h.start_ns == told->target_start))
		return 0;
	if (child && told->origin == SIGNAL_USER)
		return keep(model, &target->pdeath, told, true, false);
	if (told->signal == SIGHUP && told->origin == SIGNAL_KERNEL)
		return keep(model, &target->hangup, told, true, false);
	return 0;
}

/* Whose death a SIGCHLD is about: the sender, or (told again to an adopter) the dead child of the sender that siginfo
 * names. */
static struct process *whose_death(const struct model *model, const struct event_signal *told,
				   const struct process *target)
{
	struct process *sender = process_find(model, told->h.pid, told->h.start_ns);
	struct process *named = NULL;

	if (told->siginfo_pid)
		named = target->pidns_level ? hash_get(&model->ns_pids, told->siginfo_pid, target->pidns)
					    : hash_get(&model->pids, told->siginfo_pid, 0);
	if (named && named != sender && named->dead_ns)
		return named;
	return sender && process_ref_equal(sender->parent, target->id) ? sender : NULL;
}

static void take_merged(struct model *model, const struct event_signal *told, const struct process *target)
{
	struct process *dead = whose_death(model, told, target);

	if (!dead || dead == target || !dead->exited_ns)
		return;
	dead->sigchld_merged_ns = told->h.t_ns;
	dead->sigchld_merged_for = target->id;
}

static struct process *target_of(struct model *model, const struct event_signal *told)
{
	struct process *target = process_find(model, told->target, told->target_start);

	/* A stranger is worth a record only if it dies of it, or if it is a parent whose adoption is told a moment
	 * later. */
	if (target || (!told->fatal && told->signal != SIGCHLD))
		return target;
	return process_get(model, told->target, told->target_start);
}

int fold_signal(struct model *model, const struct event *event)
{
	const struct event_signal *told = (const void *)event;
	struct process *target = target_of(model, told);
	bool dying = actor_is_dying(model, event);

	if (!target)
		return 0;
	if (told->signal == SIGCHLD && told->result == 2 && dying)
		take_merged(model, told, target);
	if (take_fatal(model, target, told, dying))
		return -ENOMEM;
	if (asks_to_end(told->signal) && (told->result == 0 || told->result == 2) &&
	    keep(model, &target->term, told, dying, false))
		return -ENOMEM;
	return dying ? take_family(model, target, told) : 0;
}

int fold_oom(struct model *model, const struct event *event)
{
	const struct event_oom *oom = (const void *)event;
	struct process *victim = process_get(model, oom->victim, oom->victim_start);

	if (!victim) {
		model->contradictions++;
		return oom->victim && oom->victim_start ? -ENOMEM : 0;
	}
	victim->oom_victim = true;
	victim->oom_ns = event->t_ns;
	return 0;
}
