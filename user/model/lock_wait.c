/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What threads wait for now: waits as they begin and end, and looks at blocked threads. What a proof of a deadlock
 * rests on is the row of looks in which nothing changed: the same wait, the same holder, and no switch, so that the
 * thread has not run from the first to the last of them.
 */
#include <errno.h>

#include "model/internal.h"

struct wait_record {                        /* struct thread_wait, with what only the model needs of it */
	struct thread_wait wait;            /* first */
	struct lock *lock;                  /* wait.lock */
	struct lock_party *waiter, *holder; /* those that count this wait as one that goes on; NULL none */
};

struct look_record {              /* a process' look, and what is told for the next one */
	struct process_look last; /* first */
	uint32_t round, told;
};

static struct wait_record *record_get(struct model *model, struct thread *thread)
{
	struct wait_record *record = (struct wait_record *)thread->lock_wait;

	if (record)
		return record;
	record = arena_get(&model->arena, sizeof(*record));
	thread->lock_wait = record ? &record->wait : NULL;
	return record;
}

static void count_out(struct wait_record *record)
{
	if (record->waiter)
		record->waiter->now = 0;
	if (record->holder)
		record->holder->now--;
	if (record->lock)
		record->lock->waiting--;
	record->waiter = record->holder = NULL;
	record->lock = NULL;
}

static void end_wait(struct wait_record *record)
{
	count_out(record);
	record->wait = (struct thread_wait){0};
}

void thread_stop_lock_wait(struct thread *thread)
{
	if (thread->lock_wait)
		end_wait((struct wait_record *)thread->lock_wait);
}

void thread_release_lock_wait(struct model *model, struct thread *thread)
{
	thread_stop_lock_wait(thread);
	arena_put(&model->arena, thread->lock_wait, sizeof(struct wait_record));
	thread->lock_wait = NULL;
}

/* Says for what the thread waits from now on, behind whom. */
static int set_wait(struct model *model, struct wait_record *record, struct lock *lock,
		    const struct lock_holder_id *waiter, const struct lock_holder_id *holder)
{
	struct lock_party *waits = party_get(model, lock, PART_WAITER, waiter);
	struct lock_party *holds = holder->known == HOLDER_THREAD ? party_get(model, lock, PART_HOLDER, holder) : NULL;

	if (!waits || (holder->known == HOLDER_THREAD && !holds))
		return -ENOMEM;
	count_out(record);
	if (!waits->now) { /* else a forged twin of this thread is counted already */
		waits->now = 1;
		record->waiter = waits;
	}
	record->holder = holds;
	if (holds)
		holds->now++;
	record->lock = lock;
	lock->waiting++;
	record->wait.lock = lock;
	record->wait.holder = *holder;
	return 0;
}

/* The record of the actor's thread. *record NULL: passed over. */
static int actor_record(struct model *model, const struct event *event, struct wait_record **record)
{
	struct thread *thread = NULL;
	const struct process *process = process_actor(model, event, &thread);

	*record = NULL;
	if (!process || thread->exited_ns)
		return 0; /* nobody, or told late of a thread that has ended */
	*record = record_get(model, thread);
	return needed(*record);
}

/* A new wait. glibc parks a thread that was refused in a wait of its own: what was refused is known until that ends. */
static void begin_wait(struct wait_record *record)
{
	const struct thread_wait before = record->wait;

	end_wait(record);
	if (before.lock)
		return;
	record->wait.refused = before.refused;
	record->wait.refused_site = before.refused_site;
	record->wait.refused_ns = before.refused_ns;
	record->wait.refused_holder = before.refused_holder;
}

int fold_lock_wait(struct model *model, const struct event *event)
{
	const struct event_lock_wait *told = (const void *)event;
	struct lock_holder_id holder =
	    holder_read(told->holder, told->holder_pid, told->holder_tid, told->holder_start);
	struct lock_holder_id actor = holder_actor(event);
	struct wait_record *record;
	struct lock *lock;
	int err = actor_record(model, event, &record);

	if (err || !record)
		return err;
	lock = lock_get(model, told->lock, event->t_ns);
	if (!lock) {
		model->contradictions += !told->lock;
		return told->lock ? -ENOMEM : 0;
	}
	begin_wait(record);
	if (set_wait(model, record, lock, &actor, &holder) || site_get(model, told->site, &record->wait.site))
		return -ENOMEM;
	record->wait.since_ns = event->t_ns;
	record->wait.timed = told->timed;
	record->wait.syscall = -1; /* not told */
	return 0;
}

int fold_lock_wait_end(struct model *model, const struct event *event)
{
	const struct event_lock_wait_end *told = (const void *)event;
	struct wait_record *record;
	struct thread_wait ended;
	int err = actor_record(model, event, &record);

	if (err || !record)
		return err;
	ended = record->wait;
	end_wait(record);
	if (!ended.lock)
		return 0;
	if (ended.lock->number != told->lock) {
		model->contradictions++;
		return 0;
	}
	if (told->outcome != LOCK_FAILED || told->result != -EDEADLK)
		return 0;
	record->wait.refused = ended.lock;
	record->wait.refused_site = ended.site;
	record->wait.refused_ns = event->t_ns;
	record->wait.refused_holder = ended.holder;
	return 0;
}

/* ---- looks */

static struct look_record *look_get(struct model *model, struct process *process)
{
	struct look_record *record = (struct look_record *)process->lock_look;

	if (record)
		return record;
	record = arena_get(&model->arena, sizeof(*record));
	if (!record)
		return NULL;
	record->round = 1;
	process->lock_look = &record->last;
	return record;
}

void process_release_lock_look(struct model *model, struct process *process)
{
	arena_put(&model->arena, process->lock_look, sizeof(struct look_record));
	process->lock_look = NULL;
}

/* A thread that is told twice within one look counts once. */
static int count_look(struct model *model, const struct event *event, struct thread_wait *wait)
{
	struct look_record *record = look_get(model, process_find(model, event->pid, event->start_ns));

	if (!record)
		return -ENOMEM;
	record->told += wait->round != record->round;
	wait->round = record->round;
	return 0;
}

/* Who took a semaphore last may become known from one look to the next, or be known no more; that does not move who
 * waits, and nothing is proven by it. */
static bool is_same_holder(const struct thread_wait *wait, const struct lock_holder_id *holder)
{
	return (wait->lock && wait->lock->kind == LOCK_SEMAPHORE) || lock_holder_equal(&wait->holder, holder);
}

/* Has the thread been where the last look saw it ever since? */
static bool is_unchanged(const struct thread_wait *wait, const struct event_thread_look *look,
			 const struct lock_holder_id *holder)
{
	return wait->unchanged_looks && (wait->lock ? wait->lock->number : 0) == look->lock &&
	       wait->switches == look->switches && wait->state == look->state && wait->syscall == look->syscall &&
	       wait->timed == (look->timed != 0) && is_same_holder(wait, holder);
}

static int see_wait(struct model *model, const struct event *event, struct wait_record *record,
		    const struct lock_holder_id *holder)
{
	const struct event_thread_look *look = (const void *)event;
	struct lock_holder_id actor = holder_actor(event);
	uint64_t since_ns = look->blocked_ns && look->blocked_ns < event->t_ns ? event->t_ns - look->blocked_ns : 0;
	struct lock *lock = lock_get(model, look->lock, event->t_ns);
	const struct lock_site *site;

	if (look->lock && !lock)
		return -ENOMEM;
	if (record->lock != lock)
		begin_wait(record);
	record->wait.holder = *holder;
	if (lock && set_wait(model, record, lock, &actor, holder))
		return -ENOMEM;
	if (!record->wait.since_ns)
		record->wait.since_ns = since_ns;
	if (site_get(model, look->site, &site))
		return -ENOMEM;
	if (site || !lock)
		record->wait.site = site;
	return 0;
}

int fold_thread_look(struct model *model, const struct event *event)
{
	const struct event_thread_look *look = (const void *)event;
	struct lock_holder_id holder =
	    holder_read(look->holder, look->holder_pid, look->holder_tid, look->holder_start);
	struct wait_record *record;
	struct thread_wait *wait;
	bool unchanged;
	int err = actor_record(model, event, &record);

	if (err || !record)
		return err;
	wait = &record->wait;
	unchanged = is_unchanged(wait, look, &holder);
	err = see_wait(model, event, record, &holder);
	if (err)
		return err;
	if (!unchanged) {
		wait->unchanged_looks = 0;
		wait->unchanged_since_ns = event->t_ns;
	}
	if (wait->unchanged_looks < UINT32_MAX)
		wait->unchanged_looks++;
	wait->looked_ns = event->t_ns;
	wait->switches = look->switches;
	wait->handlers = look->handlers;
	wait->state = look->state;
	wait->syscall = look->syscall;
	wait->timed = look->timed;
	wait->alarms = look->alarms;
	return count_look(model, event, wait);
}

int fold_look_done(struct model *model, const struct event *event)
{
	const struct event_look_done *done = (const void *)event;
	struct process *process = process_actor(model, event, NULL);
	struct look_record *record = process ? look_get(model, process) : NULL;

	if (!record)
		return process ? -ENOMEM : 0;
	record->last = (struct process_look){.at_ns = event->t_ns,
					     .round = record->round++,
					     .threads = done->threads,
					     .whole = done->whole,
					     .outsiders = done->outsiders,
					     .told = record->told};
	record->told = 0;
	return 0;
}

/* ---- questions */

const struct thread_wait *thread_wait_now(const struct thread *thread)
{
	const struct thread_wait *wait = thread->lock_wait;

	return wait && !thread->exited_ns && (wait->lock || wait->looked_ns) ? wait : NULL;
}

const struct process_look *process_look_last(const struct process *process)
{
	const struct look_record *record = (const struct look_record *)process->lock_look;

	return record && record->last.round ? &record->last : NULL;
}
