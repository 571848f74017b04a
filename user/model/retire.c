/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What keeps the model from growing with the number of processes that came and went: the records of those that are
 * over, and of whom nothing can be said any more, are folded into totals.
 *
 * Whom somebody needs is asked (analyzers know what they conclude from). Whom others refer to is found by marking: all
 * that stay for a reason of their own, then whoever these name, and so on. What is left goes. That is done once in
 * some thousand ends, so it costs each end a few looks at a record. It depends on events alone, so a replay retires
 * the same. Threads that ended before their process: retire_threads.c.
 */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

#define NAMES_MAX 512 /* programs counted by name; who has more is naming them at random */

struct sweep {
	struct model *model;
	const struct retire_rule *rule;
	const struct retire_users *users;
	struct record *worklist; /* marked, their references not yet followed */
};

/* ---- who can go ------------------------------------------------------------------------------------------- */

static uint64_t latest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static bool is_over(const struct sweep *sweep, const struct process *process)
{
	const uint64_t last_ns = latest(latest(process->exited_ns, process->dead_ns), process->reaped_ns);

	if (!process->exited_ns || !process->dead_ns || process_is_zombie(process) ||
	    !((const struct record *)process)->ended)
		return false;
	return last_ns <= sweep->model->now && sweep->model->now - last_ns >= sweep->rule->grace_ns;
}

/* Threads may leave the processor for the last time when their process has been collected: their counters come then. On
 * a machine so busy that it takes longer than this they are given up. */
#define LAST_SWITCH_NS 5000000000ULL

static bool is_awaited(const struct sweep *sweep, const struct thread *thread)
{
	return thread->exited_ns && !thread->has_counters &&
	       model_now(sweep->model) < thread->exited_ns + LAST_SWITCH_NS;
}

/* Its parent has exited but not left the processor: who adopted it is told then. */
static bool awaits_adoption(const struct sweep *sweep, const struct process *process)
{
	const struct adoption *last = ((const struct record *)process)->last_adoption;
	const struct process *parent = model_find(sweep->model, last ? last->to : process->born_to);

	return parent && parent->exited_ns && !((const struct record *)parent)->ended &&
	       model_now(sweep->model) < parent->exited_ns + LAST_SWITCH_NS;
}

static bool can_go(const struct sweep *sweep, const struct process *process)
{
	const struct retire_users *users = sweep->users;

	if (!is_over(sweep, process) || process->id.pid == sweep->model->observation.target_pid ||
	    awaits_adoption(sweep, process) || users->needs(users->context, process))
		return false;
	for (const struct thread *thread = process->threads; thread; thread = thread->next)
		if (is_awaited(sweep, thread) || users->needs_thread(users->context, process, thread))
			return false;
	return true;
}

/* ---- who is referred to ------------------------------------------------------------------------------------- */

static void mark(struct sweep *sweep, struct process *process)
{
	struct record *record = process ? record_of(process) : NULL;

	if (!record || record->marked)
		return;
	record->marked = true;
	record->next_marked = sweep->worklist;
	sweep->worklist = record;
}

static void mark_ref(struct sweep *sweep, struct process_ref ref)
{
	if (ref.start_ns)
		mark(sweep, process_find(sweep->model, ref.pid, ref.start_ns));
}

static void mark_sender(struct sweep *sweep, const struct signal_note *note)
{
	if (note)
		mark_ref(sweep, note->sender);
}

static void mark_from(struct sweep *sweep, const struct process *process)
{
	const struct record *record = (const struct record *)process;

	mark_ref(sweep, process->born_to);
	mark_ref(sweep, process->creator);
	mark_ref(sweep, process->parent);
	mark_ref(sweep, process->sigchld_merged_for);
	mark(sweep, record->owed_by);
	if (process->tracer)
		mark(sweep, process_find(sweep->model, process->tracer, 0));
	for (const struct adoption *adoption = process->adoptions; adoption; adoption = adoption->next) {
		mark_ref(sweep, adoption->from);
		mark_ref(sweep, adoption->to);
	}
	mark_sender(sweep, process->killer);
	mark_sender(sweep, process->term);
	mark_sender(sweep, process->hangup);
	mark_sender(sweep, process->pdeath);
	if (process->look)
		mark_ref(sweep, process->look->parent);
	if (process->overdue_look)
		mark_ref(sweep, process->overdue_look->parent);
	if (process->steps) {
		mark_ref(sweep, process->steps->exec_by);
		mark_ref(sweep, process->steps->setsid_by);
	}
}

static void mark_pidfiles(struct sweep *sweep)
{
	for (const struct pidfile *file = sweep->model->first_pidfile; file; file = file->next) {
		mark_ref(sweep, file->opened_by);
		mark_ref(sweep, file->owner);
		mark_ref(sweep, file->removed_by);
	}
}

static void mark_parties(struct sweep *sweep, const struct lock_party *party)
{
	for (; party; party = party->next)
		mark_ref(sweep, (struct process_ref){party->who.pid, party->who.start_ns});
}

static bool parties_are(const struct lock_party *party, struct process_ref owner)
{
	for (; party; party = party->next)
		if (party->who.start_ns &&
		    !process_ref_equal(owner, (struct process_ref){party->who.pid, party->who.start_ns}))
			return false;
	return true;
}

/* A lock within one process that made nobody wait for long: it can go with its process. */
static bool goes_with_process(const struct model *model, const struct lock *lock)
{
	const struct process_ref owner = {lock->pid, lock->start_ns};

	/* the futexes of a GIL are added up: none of a few may come near the limit */
	const uint64_t limit_ns = model->observation.contended_after_ns / (lock->kind == LOCK_GIL ? 8 : 1);

	return lock->told && lock->pid && !lock->shared && lock->kind != LOCK_FILE && !lock->orders && !lock->ordered &&
	       !lock->waiting &&
	       lock->wait_ns <= limit_ns && parties_are(lock->waiters, owner) &&
	       parties_are(lock->holders, owner) && parties_are(lock->wakers, owner);
}

static void mark_locks(struct sweep *sweep)
{
	for (const struct lock *lock = sweep->model->first_lock; lock; lock = lock->next) {
		if (goes_with_process(sweep->model, lock))
			continue;
		mark_ref(sweep, (struct process_ref){lock->pid, lock->start_ns});
		mark_parties(sweep, lock->waiters);
		mark_parties(sweep, lock->holders);
		mark_parties(sweep, lock->wakers);
	}
}

/* Marks all that stay; how many do not. */
static uint64_t mark_all(struct sweep *sweep)
{
	uint64_t able = 0, going = 0;

	for (struct process *process = sweep->model->first; process; process = process->next) {
		record_of(process)->marked = false;
		record_of(process)->able = can_go(sweep, process);
		able += record_of(process)->able;
	}
	if (able <= sweep->rule->keep)
		return 0;
	able -= sweep->rule->keep;
	for (struct process *process = sweep->model->first; process; process = process->next) {
		if (able && record_of(process)->able)
			able--;
		else
			mark(sweep, process);
	}
	mark_pidfiles(sweep);
	mark_locks(sweep);
	for (const struct fork_failure *failure = sweep->model->first_failure; failure; failure = failure->next)
		mark_ref(sweep, failure->who);
	while (sweep->worklist) {
		const struct record *record = sweep->worklist;

		sweep->worklist = record->next_marked;
		mark_from(sweep, &record->process);
	}
	for (const struct process *process = sweep->model->first; process; process = process->next)
		going += !((const struct record *)process)->marked;
	return going;
}

/* ---- what stays of them ---------------------------------------------------------------------------------------- */

static struct retired_name *name_get(struct model *model, const char comm[COMM_SIZE])
{
	struct retired_name *name;
	uint64_t halves[2];

	memcpy(halves, comm, sizeof(halves));
	name = hash_get(&model->retired_names, halves[0], halves[1]);
	if (name || model->retired_names.count >= NAMES_MAX)
		return name;
	name = arena_get(&model->arena, sizeof(*name));
	if (!name || hash_put(&model->retired_names, halves[0], halves[1], name))
		return NULL;
	comm_copy(name->comm, comm);
	name->next = model->retired.names;
	model->retired.names = name;
	return name;
}

static void count(struct model *model, const struct process *process)
{
	struct retired *retired = &model->retired;
	struct retired_name *name;
	struct counters sum;
	char comm[COMM_SIZE] = {0};

	if (process->scope != SCOPE_TARGET)
		return;
	retired->processes++;
	retired->threads += process->thread_count ? process->thread_count : 1;
	if (process_counters(process, &sum)) {
		retired->with_counters++;
		counters_add(&retired->counters, &sum);
	}
	memcpy(comm, process->comm, strnlen(process->comm, COMM_SIZE - 1)); /* no bytes behind its end in the key */
	name = name_get(model, comm);
	retired->unnamed += !name;
	if (!name)
		return;
	name->processes++;
	name->cpu_ns += sum.cpu_ns;
}

/* ---- going ------------------------------------------------------------------------------------------------------- */

static void drop(struct hash *hash, uint64_t a, uint64_t b, const void *value)
{
	if (hash_get(hash, a, b) == value)
		hash_remove(hash, a, b);
}

static void release_threads(struct sweep *sweep, struct process *process)
{
	while (process->threads) {
		sweep->users->forget_thread(sweep->users->context, process->threads);
		thread_release(sweep->model, process, NULL);
	}
	arena_put(&sweep->model->arena, process->gone, sizeof(*process->gone));
}

static void release_story(struct model *model, struct process *process)
{
	struct signal_note *const notes[] = {process->killer, process->term, process->hangup, process->pdeath};

	for (struct adoption *adoption = process->adoptions, *next; adoption; adoption = next) {
		next = adoption->next;
		arena_put(&model->arena, adoption, sizeof(*adoption));
	}
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		arena_put(&model->arena, notes[i], sizeof(*notes[i]));
	arena_put(&model->arena, process->look, sizeof(*process->look));
	arena_put(&model->arena, process->overdue_look, sizeof(*process->overdue_look));
	session_release(model, process);
	process_release_lock_look(model, process);
	text_release(model, process->exe);
	text_release(model, process->argv);
}

static void release(struct sweep *sweep, struct process *process)
{
	struct model *model = sweep->model;

	drop(&model->processes, process->id.pid, process->id.start_ns, process);
	drop(&model->pids, process->id.pid, 0, process);
	if (process->nspid && process->pidns_level)
		drop(&model->ns_pids, process->nspid, process->pidns, process);
	release_threads(sweep, process);
	release_story(model, process);
	process_free(process);
	arena_put(&model->arena, record_of(process), sizeof(struct record));
}

static void keep_marked_children(struct process *parent)
{
	struct process **place = &parent->first_child, *last = NULL;

	for (struct process *child = parent->first_child; child; child = child->next_sibling) {
		if (!record_of(child)->marked)
			continue;
		*place = child;
		place = &child->next_sibling;
		last = child;
	}
	*place = NULL;
	parent->last_child = last;
}

/* Those of processes that go. */
static void retire_locks(struct model *model)
{
	struct lock **place = &model->first_lock;

	model->last_lock = NULL;
	for (struct lock *lock = model->first_lock, *next; lock; lock = next) {
		const struct process *process = process_find(model, lock->pid, lock->start_ns);

		next = lock->next;
		if (!process || ((const struct record *)process)->marked || !lock->start_ns ||
		    !goes_with_process(model, lock)) {
			*place = lock;
			place = &lock->next;
			model->last_lock = lock;
			continue;
		}
		model->retired.locks++;
		add_saturated(&model->retired.lock_waits, lock->waits);
		add_saturated(&model->retired.lock_wait_ns, lock->wait_ns);
		lock_release(model, lock);
	}
	*place = NULL;
}

static void retire_processes(struct sweep *sweep)
{
	struct model *model = sweep->model;
	struct process **place = &model->first;

	for (struct process *process = model->first; process; process = process->next)
		keep_marked_children(process);
	model->last = NULL;
	for (struct process *process = model->first, *next; process; process = next) {
		next = process->next;
		if (record_of(process)->marked) {
			*place = process;
			place = &process->next;
			model->last = process;
			continue;
		}
		count(model, process);
		sweep->users->forget(sweep->users->context, process);
		release(sweep, process);
	}
	*place = NULL;
}

static bool is_due(uint64_t ends, uint64_t *ends_retired, uint32_t keep)
{
	if (keep && ends - *ends_retired < keep)
		return false;
	*ends_retired = ends;
	return true;
}

void model_retire(struct model *model, const struct retire_rule *rule, const struct retire_users *users)
{
	const bool threads = is_due(model->thread_ends, &model->thread_ends_retired, rule->keep);
	const bool processes = is_due(model->ends, &model->ends_retired, rule->keep);
	struct sweep sweep = {.model = model, .rule = rule, .users = users};

	if (threads || processes)
		retire_threads(model, rule, users); /* first: whom a lock's lists name stays */
	if (!processes || !mark_all(&sweep))
		return;
	retire_locks(model);
	retire_processes(&sweep);
}

const struct retired *model_retired(const struct model *model)
{
	return &model->retired;
}
