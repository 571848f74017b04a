/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Follows who owes the wait for each dead child. Deaths come in order of time and the limit is one for all, so those
 * whose limit passes next stand at the head of a plain queue.
 *
 * Who owes it (kernel/exit.c): the real parent, any of whose threads may collect (wait_consider_task), until it ends;
 * then forget_original_parent gives the child, dead or alive, to another thread, a subreaper or the init of the pid
 * namespace. A child handed over dead begins a new custody: its new parent has had no chance before.
 */
#include "analyze/common/custody.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "event/event.h"

/* A release that nobody's wait was seen for is told when the task is freed, up to some 30 ms after it (event.h). */
#define GONE_LATE_NS (50 * 1000000ULL)

/* Threads of a parent that are looked at for a wait in progress; a bound for what one overdue child may cost. */
#define THREADS_LOOKED_AT 4096

struct parent_record {
	uint64_t reaped;    /* children that it collected so far */
	uint64_t unseen;    /* children of it that were collected without a wait that was seen */
	uint64_t merged_ns; /* last time that a SIGCHLD about a death met one still pending */
	uint64_t custodies; /* open and kept ones that point to its process */
};

struct record {
	struct custody custody;
	struct process_ref child;
	uint64_t reaped_before; /* parent_record.reaped when custody began */
	bool overdue;
	struct record *next; /* among the kept ones */
};

struct queued {
	struct process_ref child;
	uint64_t since_ns;
};

struct custodies {
	struct hash open;    /* child → struct record */
	struct hash held;    /* children of the kept ones */
	struct hash parents; /* parent → struct parent_record */
	struct queued *queue;
	size_t head, tail, capacity;
	struct record **kept;
	size_t kept_count, kept_capacity;
	size_t kept_for_good; /* while previewed: those behind it are copies of open ones */
	uint32_t self; /* lifeline's own pid: it reaps CMD, and is nobody's suspect */
};

struct custodies *custodies_new(void)
{
	return calloc(1, sizeof(struct custodies));
}

static void free_values(struct hash *hash)
{
	size_t cursor = 0;
	void *value;

	while ((value = hash_next(hash, &cursor)))
		free(value);
	hash_free(hash);
}

void custodies_free(struct custodies *custodies)
{
	if (!custodies)
		return;
	free_values(&custodies->open);
	hash_free(&custodies->held);
	free_values(&custodies->parents);
	for (size_t i = 0; i < custodies->kept_count; i++)
		free(custodies->kept[i]);
	free(custodies->kept);
	free(custodies->queue);
	free(custodies);
}

size_t custodies_count(const struct custodies *custodies)
{
	return custodies->kept_count;
}

const struct custody *custodies_get(const struct custodies *custodies, size_t index)
{
	return index < custodies->kept_count ? &custodies->kept[index]->custody : NULL;
}

static struct parent_record *parent_record(struct custodies *custodies, struct process_ref id)
{
	struct parent_record *record = hash_get(&custodies->parents, id.pid, id.start_ns);

	if (record || !id.pid)
		return record;
	record = calloc(1, sizeof *record);
	if (record && hash_put(&custodies->parents, id.pid, id.start_ns, record)) {
		free(record);
		return NULL;
	}
	return record;
}

static int enqueue(struct custodies *custodies, struct process_ref child, uint64_t since_ns)
{
	if (custodies->tail == custodies->capacity && custodies->head > custodies->capacity / 2) {
		memmove(custodies->queue, custodies->queue + custodies->head,
			(custodies->tail - custodies->head) * sizeof *custodies->queue);
		custodies->tail -= custodies->head;
		custodies->head = 0;
	}
	if (custodies->tail == custodies->capacity) {
		const size_t capacity = custodies->capacity ? custodies->capacity * 2 : 64;
		struct queued *queue = realloc(custodies->queue, capacity * sizeof *queue);

		if (!queue)
			return -ENOMEM;
		custodies->queue = queue;
		custodies->capacity = capacity;
	}
	custodies->queue[custodies->tail++] = (struct queued){child, since_ns};
	return 0;
}

/* Times can be hostile: no sum that could wrap. */
static bool lasted_longer(uint64_t since_ns, uint64_t until_ns, uint64_t limit_ns)
{
	return until_ns > since_ns && until_ns - since_ns > limit_ns;
}

/* ---- what the parent was seen doing --------------------------------------------------------------- */

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static const struct adoption *last_adoption(const struct process *child, const struct process *parent)
{
	const struct adoption *last = NULL;

	for (const struct adoption *a = child->adoptions; a; a = a->next)
		if (a->rule != ADOPT_THREAD && process_ref_equal(a->to, parent->id))
			last = a;
	return last;
}

/* The ways of waiting that the parent used from the custody's begin (or before it) up to `until_ns`. */
static void read_waits(struct custody *custody, uint64_t until_ns)
{
	const struct process *parent = custody->parent;

	for (unsigned i = 0; i < parent->wait_count; i++) {
		const struct wait_sign *wait = &parent->waits[i];
		/* Used again after the moment that is asked about: of its earlier uses only the first is known. */
		const uint64_t used_ns = wait->last_ns <= until_ns ? wait->last_ns : wait->first_ns;

		if (used_ns < custody->owed_ns || used_ns > until_ns)
			continue;
		if (wait_could_match(wait, parent, custody->child)) {
			if (used_ns >= custody->since_ns)
				custody->waited_since = true;
			else
				custody->waited_before = true;
		} else if (used_ns >= custody->since_ns && !custody->blocked) {
			if (!custody->waited_otherwise || used_ns > custody->other_wait.last_ns)
				custody->other_wait = *wait;
			custody->waited_otherwise = true;
		}
	}
}

/* The waits that threads of the parent were in when the limit passed. */
static void read_blocked(struct custody *custody, uint64_t limit_passed_ns)
{
	const struct process *parent = custody->parent;
	unsigned looked_at = 0;

	for (const struct thread *t = parent->threads; t && looked_at < THREADS_LOOKED_AT; t = t->next, looked_at++) {
		if (!t->waiting || !t->wait || t->exited_ns || t->wait->last_ns > limit_passed_ns)
			continue;
		if (wait_could_match(t->wait, parent, custody->child)) {
			custody->waiting_now = true;
		} else if (!custody->blocked) {
			custody->blocked = true;
			custody->other_wait = *t->wait;
		}
	}
}

static const struct zombie_look *look_at(const struct custody *custody)
{
	const struct zombie_look *const looks[] = {custody->child->overdue_look, custody->child->look};

	for (size_t i = 0; i < 2; i++)
		if (looks[i] && looks[i]->at_ns >= custody->since_ns && !looks[i]->leader_only &&
		    process_ref_equal(looks[i]->parent, custody->parent->id))
			return looks[i];
	return NULL;
}

/* A look also knows of a wait that the parent entered before it was observed. */
static void read_look(struct custody *custody)
{
	const struct zombie_look *look = look_at(custody);
	struct wait_sign wait;

	if (!look)
		return;
	custody->looked = true;
	custody->look = *look; /* a copy: the model goes on looking, at the next parent perhaps */
	if (!look->wait_tid)
		return;
	wait = (struct wait_sign){.type = look->wait_type,
				  .target = look->wait_target,
				  .options = look->wait_options,
				  .call = custody->blocked ? custody->other_wait.call : WAIT_CALL_WAIT4,
				  .tid = look->wait_tid,
				  .first_ns = look->at_ns,
				  .last_ns = look->at_ns,
				  .count = 1};
	if (wait_could_match(&wait, custody->parent, custody->child)) {
		custody->waiting_now = true;
		custody->blocked = false;
		return;
	}
	if (!custody->blocked)
		custody->other_wait = wait;
	custody->blocked = true;
}

static void read_merges(struct custodies *custodies, struct record *record)
{
	struct custody *custody = &record->custody;
	const struct process *child = custody->child;
	const struct parent_record *parent =
	    hash_get(&custodies->parents, custody->parent->id.pid, custody->parent->id.start_ns);

	if (child->sigchld_merged_ns && process_ref_equal(child->sigchld_merged_for, custody->parent->id))
		custody->merged_ns = child->sigchld_merged_ns;
	else if (parent && parent->merged_ns >= custody->since_ns)
		custody->merged_ns = parent->merged_ns;
}

/* ---- a custody's life ------------------------------------------------------------------------------ */

static bool name_parent(struct custodies *custodies, struct record *record, const struct model *model)
{
	struct custody *custody = &record->custody;
	const struct process *parent = custody->parent ? NULL : model_find(model, custody->child->parent);
	struct parent_record *counted = parent ? parent_record(custodies, parent->id) : NULL;

	if (counted) {
		counted->custodies++;
		custody->parent = parent;
	}
	return custody->parent != NULL;
}

static void free_record(struct custodies *custodies, struct record *record)
{
	const struct process *parent = record->custody.parent;
	struct parent_record *counted = parent ? parent_record(custodies, parent->id) : NULL;

	if (counted)
		counted->custodies--;
	free(record);
}

static void pass_limit(struct custodies *custodies, const struct analysis *analysis, struct record *record)
{
	struct custody *custody = &record->custody;
	const uint64_t passed_ns = custody->since_ns + analysis->zombie_after_ns;

	if (record->overdue || !name_parent(custodies, record, analysis->model))
		return;
	record->overdue = true;
	custody->adoption = last_adoption(custody->child, custody->parent);
	custody->owed_ns = later(custody->child->started_ns, model_observation(analysis->model)->begin_ns);
	if (custody->adoption)
		custody->owed_ns = later(custody->owed_ns, custody->adoption->at_ns);
	custody->became = custody->parent->exec_ns > custody->owed_ns && custody->parent->exec_ns <= passed_ns;
	if (custody->became)
		custody->owed_ns = custody->parent->exec_ns;
	read_blocked(custody, passed_ns);
	read_waits(custody, passed_ns);
	read_merges(custodies, record);
}

static int keep(struct custodies *custodies, struct record *record)
{
	if (custodies->kept_count == custodies->kept_capacity) {
		const size_t capacity = custodies->kept_capacity ? custodies->kept_capacity * 2 : 16;
		struct record **kept = realloc(custodies->kept, capacity * sizeof *kept);

		if (!kept) {
			free_record(custodies, record);
			return -ENOMEM;
		}
		custodies->kept = kept;
		custodies->kept_capacity = capacity;
	}
	if (hash_put(&custodies->held, record->child.pid, record->child.start_ns, custodies)) {
		free_record(custodies, record);
		return -ENOMEM;
	}
	custodies->kept[custodies->kept_count++] = record;
	return 0;
}

/* It is over: kept if it lasted too long, else forgotten. The record is out of the table of open ones already. */
static int settle(struct custodies *custodies, const struct analysis *analysis, struct record *record,
		  enum custody_end end, uint64_t until_ns)
{
	struct custody *custody = &record->custody;
	const struct parent_record *parent;
	const uint64_t limit_ns = analysis->zombie_after_ns;

	custody->end = end;
	custody->until_ns = until_ns;
	if (!name_parent(custodies, record, analysis->model) || !lasted_longer(custody->since_ns, until_ns, limit_ns) ||
	    (end == CUSTODY_GONE && !lasted_longer(custody->since_ns + limit_ns, until_ns, GONE_LATE_NS))) {
		free_record(custodies, record);
		return 0;
	}
	pass_limit(custodies, analysis, record);
	if (end != CUSTODY_REAPED)
		read_waits(custody, until_ns);
	read_merges(custodies, record);
	read_look(custody);
	parent = hash_get(&custodies->parents, custody->parent->id.pid, custody->parent->id.start_ns);
	if (parent)
		custody->collected_others = parent->reaped > record->reaped_before + (end == CUSTODY_REAPED);
	return keep(custodies, record);
}

static int begin(struct custodies *custodies, const struct analysis *analysis, const struct process *child,
		 uint64_t since_ns)
{
	struct record *record;
	struct parent_record *parent;

	if (!child->parent.pid || child->parent.pid == custodies->self || child->scope != SCOPE_TARGET ||
	    hash_get(&custodies->open, child->id.pid, child->id.start_ns))
		return 0;
	record = calloc(1, sizeof *record);
	if (!record)
		return -ENOMEM;
	record->child = child->id;
	record->custody.child = child;
	record->custody.since_ns = since_ns;
	parent = parent_record(custodies, child->parent);
	record->reaped_before = parent ? parent->reaped : 0;
	if (!parent || hash_put(&custodies->open, child->id.pid, child->id.start_ns, record)) {
		free(record);
		return -ENOMEM;
	}
	name_parent(custodies, record, analysis->model);
	return enqueue(custodies, child->id, since_ns);
}

/* In a snapshot, what the scheduler remembers of the death is all there is; an observation counts what it saw. */
static uint64_t dead_since(const struct model *model, const struct process *child, const struct event *event)
{
	const uint64_t seen_ns = child->dead_ns ? child->dead_ns : event->t_ns;

	if (model_observation(model)->mode != MODE_SNAPSHOT || child->dead_for_ns >= seen_ns)
		return seen_ns;
	return seen_ns - child->dead_for_ns;
}

static int on_dead(struct custodies *custodies, const struct analysis *analysis, const struct event *event)
{
	const struct process *child = model_find(analysis->model, (struct process_ref){event->pid, event->start_ns});

	if (!child || !process_is_zombie(child))
		return 0;
	return begin(custodies, analysis, child, dead_since(analysis->model, child, event));
}

static struct record *take(struct custodies *custodies, uint32_t pid, uint64_t start_ns)
{
	return hash_remove(&custodies->open, pid, start_ns);
}

static int on_reap(struct custodies *custodies, const struct analysis *analysis, const struct event_reap *reap)
{
	const struct process_ref reaper = {reap->h.pid, reap->h.start_ns};
	const struct process *parent,
	    *child = model_find(analysis->model, (struct process_ref){reap->child, reap->child_start});
	struct parent_record *by;
	struct record *record;

	if (child && process_is_zombie(child))
		return 0; /* a tracer's wait returned it and left it to its parent */
	by = parent_record(custodies, reaper);
	if (by)
		by->reaped++;
	record = take(custodies, reap->child, reap->child_start);
	if (!record)
		return 0;
	name_parent(custodies, record, analysis->model);
	parent = record->custody.parent;
	if (parent && process_ref_equal(parent->id, reaper))
		return settle(custodies, analysis, record, CUSTODY_REAPED, reap->h.t_ns);
	/* Its parent ended and somebody else was quicker than the news of the adoption. */
	if (parent && parent->exited_ns && parent->exited_ns <= reap->h.t_ns)
		return settle(custodies, analysis, record, CUSTODY_PARENT_ENDED, parent->exited_ns);
	/* Nobody else can have: it waits in a way that is not seen (io_uring, inside the kernel). */
	if (parent && (by = parent_record(custodies, parent->id)))
		by->unseen++;
	return settle(custodies, analysis, record, CUSTODY_GONE, reap->h.t_ns);
}

static int on_adopt(struct custodies *custodies, const struct analysis *analysis, const struct event_adopt *adopt)
{
	const struct process_ref child_id = {adopt->child, adopt->child_start};
	const struct process *child = model_find(analysis->model, child_id);
	struct record *record;
	int error = 0;

	if (!adopt->zombie || (adopt->to == adopt->h.pid && adopt->to_start == adopt->h.start_ns))
		return 0; /* alive, or another thread of the same process: it owes the wait as before */
	record = take(custodies, adopt->child, adopt->child_start);
	if (record) {
		const struct process *parent = record->custody.parent;
		const uint64_t ended_ns = parent && parent->exited_ns ? parent->exited_ns : adopt->h.t_ns;

		error = settle(custodies, analysis, record, CUSTODY_PARENT_ENDED, ended_ns);
	}
	if (error || !child || !process_is_zombie(child))
		return error;
	return begin(custodies, analysis, child, adopt->h.t_ns);
}

/* si_code of a SIGCHLD that tells of a death, not of a stop or a continuation */
static bool tells_death(int32_t code)
{
	return code != CLD_STOPPED && code != CLD_CONTINUED && code != CLD_TRAPPED;
}

static int on_signal(struct custodies *custodies, const struct event_signal *signal)
{
	struct parent_record *parent;

	if (signal->signal != SIGCHLD || signal->result != 2 || !tells_death(signal->code))
		return 0;
	parent = parent_record(custodies, (struct process_ref){signal->target, signal->target_start});
	if (!parent)
		return signal->target ? -ENOMEM : 0;
	parent->merged_ns = signal->h.t_ns;
	return 0;
}

static void pass_time(struct custodies *custodies, const struct analysis *analysis, uint64_t now_ns)
{
	while (custodies->head < custodies->tail) {
		const struct queued *first = &custodies->queue[custodies->head];
		struct record *record;

		if (!lasted_longer(first->since_ns, now_ns, analysis->zombie_after_ns))
			return;
		record = hash_get(&custodies->open, first->child.pid, first->child.start_ns);
		if (record && record->custody.since_ns == first->since_ns)
			pass_limit(custodies, analysis, record);
		custodies->head++;
	}
}

int custodies_event(struct custodies *custodies, const struct analysis *analysis, const struct event *event)
{
	pass_time(custodies, analysis, event->t_ns);
	switch (event->kind) {
	case EVENT_begin:
		custodies->self = event->pid;
		return 0;
	case EVENT_end:
		return event_is_process_end(event) ? on_dead(custodies, analysis, event) : 0;
	case EVENT_snap_process:
		return on_dead(custodies, analysis, event);
	case EVENT_reap:
		return on_reap(custodies, analysis, (const struct event_reap *)event);
	case EVENT_adopt:
		return on_adopt(custodies, analysis, (const struct event_adopt *)event);
	case EVENT_signal:
		return on_signal(custodies, (const struct event_signal *)event);
	default:
		return 0;
	}
}

static void mark_unseen_waits(struct custodies *custodies)
{
	for (size_t i = 0; i < custodies->kept_count; i++) {
		struct custody *custody = &custodies->kept[i]->custody;
		const struct process_ref id = custody->parent->id;
		const struct parent_record *parent = hash_get(&custodies->parents, id.pid, id.start_ns);

		custody->unseen_waits = parent && parent->unseen;
	}
}

bool custodies_need(const struct custodies *custodies, const struct process *process)
{
	const struct parent_record *parent = hash_get(&custodies->parents, process->id.pid, process->id.start_ns);

	return (parent && parent->custodies) || hash_get(&custodies->open, process->id.pid, process->id.start_ns) ||
	       hash_get(&custodies->held, process->id.pid, process->id.start_ns);
}

void custodies_forget(struct custodies *custodies, const struct process *process)
{
	free(hash_remove(&custodies->parents, process->id.pid, process->id.start_ns));
}

/* What became of it if the observation ended now. Takes the record. */
static int settle_open(struct custodies *custodies, const struct analysis *analysis, struct record *record)
{
	const struct process *parent;

	name_parent(custodies, record, analysis->model);
	parent = record->custody.parent;
	if (parent && parent->exited_ns) /* who adopted it was never told */
		return settle(custodies, analysis, record, CUSTODY_PARENT_ENDED, parent->exited_ns);
	return settle(custodies, analysis, record, CUSTODY_OPEN, model_now(analysis->model));
}

static int preview_one(struct custodies *custodies, const struct analysis *analysis, struct record *record)
{
	struct record *copy;

	name_parent(custodies, record, analysis->model); /* so that the copy is counted as well */
	copy = malloc(sizeof *copy);
	if (!copy)
		return -ENOMEM;
	*copy = *record;
	if (copy->custody.parent)
		parent_record(custodies, copy->custody.parent->id)->custodies++;
	return settle_open(custodies, analysis, copy);
}

int custodies_preview(struct custodies *custodies, const struct analysis *analysis)
{
	const uint64_t now_ns = model_now(analysis->model);
	struct record *record;
	size_t cursor = 0;
	int error = 0;

	custodies->kept_for_good = custodies->kept_count;
	while (!error && (record = hash_next(&custodies->open, &cursor)))
		if (lasted_longer(record->custody.since_ns, now_ns, analysis->zombie_after_ns))
			error = preview_one(custodies, analysis, record);
	mark_unseen_waits(custodies);
	return error;
}

void custodies_preview_end(struct custodies *custodies)
{
	while (custodies->kept_count > custodies->kept_for_good)
		free_record(custodies, custodies->kept[--custodies->kept_count]);
}

int custodies_close(struct custodies *custodies, const struct analysis *analysis)
{
	const uint64_t now_ns = model_now(analysis->model);

	pass_time(custodies, analysis, now_ns);
	/* In order of death, as the queue remembers only the young: walk the processes. */
	for (const struct process *p = model_first(analysis->model); p; p = p->next) {
		struct record *record = hash_get(&custodies->open, p->id.pid, p->id.start_ns);
		int error;

		if (!record || !lasted_longer(record->custody.since_ns, now_ns, analysis->zombie_after_ns))
			continue;
		take(custodies, p->id.pid, p->id.start_ns);
		error = settle_open(custodies, analysis, record);
		if (error)
			return error;
	}
	mark_unseen_waits(custodies);
	return 0;
}

void custodies_recent(const struct custodies *custodies, void (*tell)(void *context, const struct process *child),
		      void *context)
{
	for (size_t i = custodies->head; i < custodies->tail; i++) {
		const struct queued *young = &custodies->queue[i];
		const struct record *record = hash_get(&custodies->open, young->child.pid, young->child.start_ns);

		if (record && record->custody.since_ns == young->since_ns)
			tell(context, record->custody.child);
	}
}
