/* SPDX-License-Identifier: BSD-2-Clause
 * Records of processes and threads: finding and making them, who is whose child, and the questions asked about them.
 *
 * Identity is (pid, start of the leader since boot). A process can be heard of before, after or without its birth being
 * told (late attach, losses, a parent outside the watched set): then there is a sparse record, whose scope stays 0. */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

#define TIDS_HASHED_FROM 16   /* threads of one process, from which looking through the list gets slow */
#define GENERATIONS_MAX 65536 /* more than pids can be alive in a row: a longer chain is a forged one */

void comm_copy(char *to, const char *from)
{
	memcpy(to, from, COMM_SIZE);
	to[COMM_SIZE - 1] = '\0';
}

bool process_ref_equal(struct process_ref a, struct process_ref b)
{
	return a.pid == b.pid && a.start_ns == b.start_ns;
}

struct process *process_find(const struct model *model, uint32_t pid, uint64_t start_ns)
{
	if (!pid)
		return NULL;
	return start_ns ? hash_get(&model->processes, pid, start_ns) : hash_get(&model->pids, pid, 0);
}

static int index_process(struct model *model, struct process *process)
{
	const struct process *latest = hash_get(&model->pids, process->id.pid, 0);

	if (hash_put(&model->processes, process->id.pid, process->id.start_ns, process))
		return -ENOMEM;
	if (latest && latest->id.start_ns > process->id.start_ns)
		return 0;
	return hash_put(&model->pids, process->id.pid, 0, process);
}

struct process *process_get(struct model *model, uint32_t pid, uint64_t start_ns)
{
	struct process *process = process_find(model, pid, start_ns);
	struct record *record;

	if (process || !pid || !start_ns)
		return process;
	record = arena_get(&model->arena, sizeof(*record));
	if (!record)
		return NULL;
	process = &record->process;
	process->id = (struct process_ref){pid, start_ns};
	process->started_ns = start_ns;
	process->exit_signal = 17; /* SIGCHLD, until told otherwise */
	if (index_process(model, process))
		return NULL;
	if (model->last)
		model->last->next = process;
	else
		model->first = process;
	model->last = process;
	return process;
}

/* ---- threads */

static struct thread *latest_with_tid(const struct process *process, uint32_t tid)
{
	struct thread *found = NULL;

	for (struct thread *thread = process->threads; thread; thread = thread->next)
		if (thread->tid == tid)
			found = thread;
	return found;
}

struct thread *thread_find(const struct process *process, uint32_t tid)
{
	const struct record *record = (const struct record *)process;

	if (process->threads && process->threads->tid == tid && process->thread_count == 1)
		return process->threads;
	return record->tids.count ? hash_get(&record->tids, tid, 0) : latest_with_tid(process, tid);
}

static int index_thread(struct model *model, struct process *process, struct thread *thread)
{
	struct record *record = record_of(process);
	const struct process *bearer = hash_get(&model->tids, thread->tid, 0);

	if ((!bearer || bearer->id.start_ns <= process->id.start_ns || bearer->exited_ns) &&
	    hash_put(&model->tids, thread->tid, 0, process))
		return -ENOMEM;
	if (record->tids.count)
		return hash_put(&record->tids, thread->tid, 0, thread);
	if (process->thread_count < TIDS_HASHED_FROM)
		return 0;
	for (struct thread *each = process->threads; each; each = each->next)
		if (hash_put(&record->tids, each->tid, 0, each))
			return -ENOMEM;
	return 0;
}

struct thread *thread_add(struct model *model, struct process *process, uint32_t tid, uint64_t started_ns)
{
	struct record *record = record_of(process);
	struct thread *thread = arena_get(&model->arena, sizeof(*thread));

	if (!thread)
		return NULL;
	thread->tid = tid;
	thread->started_ns = tid == process->id.pid ? process->started_ns : started_ns;
	comm_copy(thread->comm, process->comm);
	if (tid == process->id.pid) { /* the leader stands first, also if others were seen before it */
		thread->next = process->threads;
		process->threads = thread;
	} else if (record->last_thread) {
		record->last_thread->next = thread;
	} else {
		process->threads = thread;
	}
	if (!thread->next)
		record->last_thread = thread;
	process->thread_count++;
	return index_thread(model, process, thread) ? NULL : thread;
}

static void drop(struct hash *hash, uint32_t tid, const void *value)
{
	if (hash_get(hash, tid, 0) == value)
		hash_remove(hash, tid, 0);
}

void thread_release(struct model *model, struct process *process, struct thread *before)
{
	struct record *record = record_of(process);
	struct thread **place = before ? &before->next : &process->threads, *thread = *place;

	if (thread_find(process, thread->tid) == thread)
		drop(&model->tids, thread->tid, process); /* not if a later one has the number now */
	drop(&record->tids, thread->tid, thread);
	*place = thread->next;
	if (record->last_thread == thread)
		record->last_thread = before;
	thread_release_lock_wait(model, thread);
	arena_put(&model->arena, thread, sizeof(*thread));
}

/* Names are in each record's head: a rename or exec that was lost is made good by the next event of that thread. */
static void take_comm(struct process *process, struct thread *thread, const struct event *event)
{
	if (!event->comm[0])
		return;
	if (thread)
		comm_copy(thread->comm, event->comm);
	if (event->tid == event->pid || !process->comm[0])
		comm_copy(process->comm, event->comm);
}

/* The kernel side tells these of targets alone: who does one is a target, though its birth was lost. */
static bool only_of_targets(const struct event *event)
{
	switch (event->kind) {
	case EVENT_thread:
	case EVENT_exec:
	case EVENT_rename:
	case EVENT_fork_failed:
	case EVENT_setsid:
	case EVENT_setpgid:
	case EVENT_subreaper:
	case EVENT_pdeathsig:
	case EVENT_snap_thread:
	case EVENT_counters:
	case EVENT_zombie_look:
		return true;
	default:
		return event_info(event->kind)->group == GROUP_LOCK;
	}
}

struct process *process_actor(struct model *model, const struct event *event, struct thread **thread)
{
	struct process *process = process_get(model, event->pid, event->start_ns);
	struct thread *found;

	if (!process) {
		model->contradictions += !event->pid || !event->start_ns;
		return NULL;
	}
	if (!process->scope && only_of_targets(event))
		process->scope = SCOPE_TARGET;
	found = thread_find(process, event->tid);
	if (!found && thread && event->tid)
		found = thread_add(model, process, event->tid, 0);
	take_comm(process, found, event);
	if (!thread)
		return process;
	*thread = found;
	return found ? process : NULL;
}

/* ---- relations */

int process_set_namespace(struct model *model, struct process *process, uint32_t nspid, uint32_t pidns, uint32_t level)
{
	if (nspid)
		process->nspid = nspid;
	if (!pidns)
		return 0;
	process->pidns = pidns;
	process->pidns_level = level;
	if (!level) {
		model->root_pidns = pidns;
		return 0;
	}
	return nspid ? hash_put(&model->ns_pids, nspid, pidns, process) : 0;
}

static void unlink_child(struct process *parent, struct process *child)
{
	struct process *before = NULL;

	for (struct process *each = parent->first_child; each && each != child; each = each->next_sibling)
		before = each;
	if (before)
		before->next_sibling = child->next_sibling;
	else
		parent->first_child = child->next_sibling;
	if (parent->last_child == child)
		parent->last_child = before;
	child->next_sibling = NULL;
	parent->children_born--;
}

void process_born_to(struct model *model, struct process *child, struct process *parent, uint32_t tid)
{
	struct process *before = hash_get(&model->processes, child->born_to.pid, child->born_to.start_ns);

	child->born_to_tid = tid;
	if (before == parent || parent == child)
		return;
	if (before)
		unlink_child(before, child);
	child->born_to = parent->id;
	if (parent->last_child)
		parent->last_child->next_sibling = child;
	else
		parent->first_child = child;
	parent->last_child = child;
	parent->children_born++;
}

void process_set_parent(struct model *model, struct process *process, uint32_t pid, uint64_t start_ns)
{
	const struct process *known = process_get(model, pid, start_ns);
	struct process_ref parent = known ? known->id : (struct process_ref){pid, start_ns};

	if (!pid || known == process || process_ref_equal(parent, process->parent))
		return;
	process->parent = parent;
	process->parent_tid = 0;
	process_account(model, process);
}

void process_account(struct model *model, struct process *process)
{
	struct record *record = record_of(process);
	struct process *debtor = NULL;

	if (process_is_zombie(process))
		debtor = process_find(model, process->parent.pid, process->parent.start_ns);
	if (debtor)
		process->parent = debtor->id; /* whose start was not known when it became the parent */
	if (debtor == record->owed_by)
		return;
	if (record->owed_by)
		record->owed_by->children_unreaped--;
	if (debtor)
		debtor->children_unreaped++;
	record->owed_by = debtor;
}

/* ---- questions */

const struct process *model_find(const struct model *model, struct process_ref id)
{
	return id.start_ns ? process_find(model, id.pid, id.start_ns) : NULL;
}

const struct process *model_by_pid(const struct model *model, uint32_t pid)
{
	return process_find(model, pid, 0);
}

const struct process *model_by_tid(const struct model *model, uint32_t tid)
{
	return tid ? hash_get(&model->tids, tid, 0) : NULL;
}

const struct thread *model_thread(const struct process *process, uint32_t tid)
{
	return thread_find(process, tid);
}

void counters_add(struct counters *sum, const struct counters *more)
{
	sum->voluntary += more->voluntary;
	sum->involuntary += more->involuntary;
	sum->cpu_ns += more->cpu_ns;
	sum->runqueue_ns += more->runqueue_ns;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		sum->blocked_ns[i] += more->blocked_ns[i];
	sum->wakes += more->wakes;
	sum->waker_wakes += more->waker_wakes;
	sum->spins += more->spins;
	sum->spin_ns += more->spin_ns;
	if (more->cpus_allowed > sum->cpus_allowed)
		sum->cpus_allowed = more->cpus_allowed;
}

bool process_counters(const struct process *process, struct counters *sum)
{
	bool known = process->threads || process->gone;

	*sum = process->gone ? process->gone->counters : (struct counters){0};
	for (const struct thread *thread = process->threads; thread; thread = thread->next) {
		known = known && thread->has_counters;
		counters_add(sum, &thread->counters);
	}
	if (process->thread_count == 1 && process->threads)
		sum->waker_tid = process->threads->counters.waker_tid;
	return known;
}

bool process_is_zombie(const struct process *process)
{
	return process->dead_ns && !process->reaped_ns && !process->autoreaped;
}

uint64_t process_zombie_ns(const struct model *model, const struct process *process)
{
	uint64_t until = process->reaped_ns ? process->reaped_ns : model->now;

	if (!process->dead_ns || process->autoreaped || until < process->dead_ns)
		return 0;
	return until - process->dead_ns;
}

/* Adopters are relatives by birth already (an older ancestor, or another thread of the parent), but for those that
 * entered the namespace from outside; so it is enough to follow births and to compare with every adopter on the way. */
bool model_is_ancestor(const struct model *model, struct process_ref a, struct process_ref b)
{
	const struct process *process = model_find(model, b);

	if (!a.pid)
		return false;
	for (unsigned i = 0; process && i < GENERATIONS_MAX; i++) {
		if (process_ref_equal(a, process->born_to) || process_ref_equal(a, process->creator) ||
		    process_ref_equal(a, process->parent))
			return true;
		for (const struct adoption *adoption = process->adoptions; adoption; adoption = adoption->next)
			if (process_ref_equal(a, adoption->to))
				return true;
		process = model_find(model, process->born_to);
	}
	return false;
}
