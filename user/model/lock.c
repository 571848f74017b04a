/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks and places, and what was counted of them. A number can be heard of before, or without, what it stands for (a
 * record was lost, or came later): then there is a sparse record. Whatever numbers a trace holds, each event makes a
 * fixed number of records at most, and finds them by hash.
 */
#include "model/lock.h"

#include <string.h>

#include "model/internal.h"

const char *lock_kind_name(uint32_t kind)
{
	static const char *const names[] = {
#define KIND(upper, lower) #lower,
	    LOCK_KINDS(KIND)
#undef KIND
	};

	return kind < LOCK_KIND_COUNT ? names[kind] : NULL;
}

/* What take_name gave. "" is no text that was kept. */
static void name_release(struct model *model, const char *name)
{
	if (*name)
		text_release(model, name);
}

/* ---- finding and making */

struct lock *lock_get(struct model *model, uint32_t number, uint64_t t_ns)
{
	struct lock *lock = number ? hash_get(&model->locks, number, 0) : NULL;

	if (lock || !number)
		return lock;
	lock = arena_get(&model->arena, sizeof(*lock));
	if (!lock || hash_put(&model->locks, number, 0, lock))
		return NULL;
	lock->number = number;
	lock->first_ns = t_ns;
	lock->name = lock->object = "";
	if (model->last_lock)
		model->last_lock->next = lock;
	else
		model->first_lock = lock;
	model->last_lock = lock;
	return lock;
}

static struct lock_site *site_make(struct model *model, uint32_t number)
{
	struct lock_site *site = hash_get(&model->sites, number, 0);

	if (site)
		return site;
	site = arena_get(&model->arena, sizeof(*site));
	if (!site || hash_put(&model->sites, number, 0, site))
		return NULL;
	site->number = number;
	site->call = "";
	return site;
}

int site_get(struct model *model, uint32_t number, const struct lock_site **site)
{
	*site = number ? site_make(model, number) : NULL;
	return number ? needed(*site) : 0;
}

struct lock_holder_id holder_read(uint32_t known, uint32_t pid, uint32_t tid, uint64_t start_ns)
{
	struct lock_holder_id holder = {.known = known};

	if (known > HOLDER_FORK || (known == HOLDER_THREAD && (!pid || !tid || !start_ns)))
		holder.known = HOLDER_UNKNOWN;
	if (holder.known == HOLDER_THREAD) {
		holder.pid = pid;
		holder.start_ns = start_ns;
	}
	if (holder.known == HOLDER_THREAD || holder.known == HOLDER_GONE || holder.known == HOLDER_FORK)
		holder.tid = tid;
	return holder;
}

struct lock_holder_id holder_actor(const struct event *event)
{
	return (struct lock_holder_id){HOLDER_THREAD, event->pid, event->tid, event->start_ns};
}

bool lock_holder_equal(const struct lock_holder_id *a, const struct lock_holder_id *b)
{
	return a->known == b->known && a->pid == b->pid && a->tid == b->tid && a->start_ns == b->start_ns;
}

const struct thread *lock_holder_thread(const struct model *model, const struct lock_holder_id *holder,
					const struct process **process)
{
	const struct process *found = NULL;
	const struct thread *thread;

	if (holder->known == HOLDER_THREAD)
		found = process_find(model, holder->pid, holder->start_ns);
	thread = found ? thread_find(found, holder->tid) : NULL;
	if (process)
		*process = thread ? found : NULL;
	return thread;
}

struct lock_party **party_list(struct lock *lock, enum lock_part part)
{
	if (part == PART_WAITER)
		return &lock->waiters;
	return part == PART_HOLDER ? &lock->holders : &lock->wakers;
}

struct party_key {
	uint64_t a, b;
};

/* Two threads of one lock and part can only share this key if the trace is forged; they then count as one. */
static struct party_key party_key(const struct lock *lock, enum lock_part part, const struct lock_holder_id *who)
{
	return (struct party_key){(uint64_t)lock->number << 32 | who->tid,
				  (who->start_ns ^ (uint64_t)who->pid << 40) << 5 | who->known << 2 | part};
}

struct lock_party *party_find(const struct model *model, const struct lock *lock, enum lock_part part,
			      const struct lock_holder_id *who)
{
	const struct party_key key = party_key(lock, part, who);

	return hash_get(&model->parties, key.a, key.b);
}

static void party_remove(struct model *model, const struct lock *lock, enum lock_part part, struct lock_party **place)
{
	struct lock_party *party = *place;
	const struct party_key key = party_key(lock, part, &party->who);

	*place = party->next;
	hash_remove(&model->parties, key.a, key.b);
	arena_put(&model->arena, party, sizeof(*party));
}

static void parties_release(struct model *model, struct lock *lock, enum lock_part part)
{
	struct lock_party **list = party_list(lock, part);

	while (*list)
		party_remove(model, lock, part, list);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

int party_fold(struct model *model, struct lock *lock, enum lock_part part, struct lock_party **place)
{
	struct lock_gone *gone = lock->gone;
	const struct lock_party *party = *place;

	if (!gone) {
		gone = arena_get(&model->arena, LOCK_PARTS * sizeof(*gone));
		if (!gone)
			return -ENOMEM;
		lock->gone = gone;
	}
	gone += part;
	gone->threads++;
	add_saturated(&gone->waits, party->waits);
	add_saturated(&gone->timeouts, party->timeouts);
	add_saturated(&gone->wait_ns, party->wait_ns);
	gone->max_ns = larger(gone->max_ns, party->max_ns);
	add_saturated(&gone->wakes, party->wakes);
	add_saturated(&gone->acquisitions, party->acquisitions);
	add_saturated(&gone->hold_ns, party->hold_ns);
	gone->max_hold_ns = larger(gone->max_hold_ns, party->max_hold_ns);
	party_remove(model, lock, part, place);
	return 0;
}

void lock_release(struct model *model, struct lock *lock)
{
	parties_release(model, lock, PART_WAITER);
	parties_release(model, lock, PART_HOLDER);
	parties_release(model, lock, PART_WAKER);
	for (struct lock_place *place = lock->places, *next; place; place = next) {
		next = place->next;
		hash_remove(&model->places, lock->number, place->site->number);
		arena_put(&model->arena, place, sizeof(*place));
	}
	arena_put(&model->arena, lock->gone, LOCK_PARTS * sizeof(*lock->gone));
	hash_remove(&model->locks, lock->number, 0);
	name_release(model, lock->name);
	name_release(model, lock->object);
	arena_put(&model->arena, lock, sizeof(*lock));
}

struct lock_party *party_get(struct model *model, struct lock *lock, enum lock_part part,
			     const struct lock_holder_id *who)
{
	const struct thread *thread = lock_holder_thread(model, who, NULL);
	struct lock_party *party = party_find(model, lock, part, who), **list = party_list(lock, part);

	if (!party) {
		const struct party_key key = party_key(lock, part, who);

		party = arena_get(&model->arena, sizeof(*party));
		if (!party || hash_put(&model->parties, key.a, key.b, party))
			return NULL;
		party->who = *who;
		party->next = *list;
		*list = party;
	}
	if (thread && thread->comm[0])
		comm_copy(party->comm, thread->comm);
	return party;
}

static struct lock_place *place_get(struct model *model, struct lock *lock, const struct lock_site *site)
{
	struct lock_place *place = hash_get(&model->places, lock->number, site->number);

	if (place)
		return place;
	place = arena_get(&model->arena, sizeof(*place));
	if (!place || hash_put(&model->places, lock->number, site->number, place))
		return NULL;
	place->site = site;
	place->next = lock->places;
	lock->places = place;
	return place;
}

/* ---- what they are */

/* Text up to its first zero byte; "" stays what it is. NULL: out of memory. */
static const char *take_name(struct model *model, const char *bytes, uint32_t length)
{
	uint32_t used = (uint32_t)strnlen(bytes, length);

	return used ? text_keep(model, bytes, used) : "";
}

int fold_lock(struct model *model, const struct event *event)
{
	const struct event_lock *told = (const void *)event;
	const struct process *process = process_actor(model, event, NULL);
	struct lock *lock = lock_get(model, told->lock, event->t_ns);
	uint32_t name_length, object_length;
	const char *name = EVENT_BLOB(event, lock, name, &name_length);
	const char *object = EVENT_BLOB(event, lock, object, &object_length);

	if (!lock) {
		model->contradictions += !told->lock;
		return told->lock ? -ENOMEM : 0;
	}
	lock->told = true;
	lock->kind = told->kind < LOCK_KIND_COUNT ? told->kind : LOCK_FUTEX;
	lock->op = told->op;
	lock->shared = told->shared;
	lock->address = told->address;
	lock->device = told->device;
	lock->inode = told->inode;
	lock->offset = told->offset;
	if (!lock->pid && process) { /* who met it first, though more may become known of it in another one */
		lock->pid = process->id.pid;
		lock->start_ns = process->id.start_ns;
	}
	name_release(model, lock->name);
	name_release(model, lock->object);
	lock->name = take_name(model, name, name_length);
	lock->object = take_name(model, object, object_length);
	return lock->name && lock->object ? site_get(model, told->site, &lock->site) : -ENOMEM;
}

/* Cuts the text at its zero bytes; empty parts are dropped. */
static unsigned split_frames(const char *text, uint32_t length, const char **frames)
{
	unsigned count = 0;

	for (uint32_t at = 0; at < length && count < SITE_FRAMES_MAX; at += (uint32_t)strlen(text + at) + 1)
		if (text[at])
			frames[count++] = text + at;
	return count;
}

int fold_site(struct model *model, const struct event *event)
{
	const struct event_site *told = (const void *)event;
	struct lock_site *site = told->site ? site_make(model, told->site) : NULL;
	const char *found[SITE_FRAMES_MAX], **frames;
	uint32_t frames_length, call_length;
	const char *text = EVENT_BLOB(event, site, frames, &frames_length);
	const char *call = EVENT_BLOB(event, site, call, &call_length);

	if (!site) {
		model->contradictions += !told->site;
		return told->site ? -ENOMEM : 0;
	}
	site->cut = told->cut <= SITE_UNREADABLE ? told->cut : SITE_UNREADABLE;
	site->call = take_name(model, call, call_length);
	text = frames_length ? text_keep(model, text, frames_length) : "";
	if (!site->call || !text)
		return -ENOMEM;
	site->frame_count = 0;
	frames_length = split_frames(text, frames_length, found);
	frames = frames_length ? arena_get(&model->arena, frames_length * sizeof(*frames)) : NULL;
	if (!frames)
		return frames_length ? -ENOMEM : 0;
	memcpy(frames, found, frames_length * sizeof(*frames));
	site->frames = frames;
	site->frame_count = frames_length;
	return 0;
}

/* ---- counts */

/* The lock and the thread that an event is about. *lock NULL: passed over. */
static int subjects(struct model *model, const struct event *event, uint32_t number, struct lock **lock)
{
	struct thread *thread = NULL;
	const struct process *process = process_actor(model, event, &thread);

	*lock = NULL;
	if (!process || !number) {
		model->contradictions += !number;
		return 0;
	}
	*lock = lock_get(model, number, event->t_ns);
	return needed(*lock);
}

static int sum_for_party(struct model *model, struct lock *lock, enum lock_part part, const struct lock_holder_id *who,
			 const struct event_lock_sum *sum)
{
	struct lock_party *party = party_get(model, lock, part, who);

	if (!party)
		return -ENOMEM;
	add_saturated(&party->waits, sum->waits);
	add_saturated(&party->timeouts, sum->timeouts);
	add_saturated(&party->wait_ns, sum->wait_ns);
	party->max_ns = larger(party->max_ns, sum->max_ns);
	return 0;
}

static int sum_for_place(struct model *model, struct lock *lock, const struct event_lock_sum *sum)
{
	const struct lock_site *site;
	struct lock_place *place;

	if (site_get(model, sum->site, &site))
		return -ENOMEM;
	if (!site)
		return 0;
	place = place_get(model, lock, site);
	if (!place)
		return -ENOMEM;
	add_saturated(&place->waits, sum->waits);
	add_saturated(&place->wait_ns, sum->wait_ns);
	place->max_ns = larger(place->max_ns, sum->max_ns);
	return 0;
}

int fold_lock_sum(struct model *model, const struct event *event)
{
	const struct event_lock_sum *sum = (const void *)event;
	struct lock_holder_id holder = holder_read(sum->holder, sum->holder_pid, sum->holder_tid, sum->holder_start);
	struct lock_holder_id actor = holder_actor(event);
	struct lock *lock;
	int err = subjects(model, event, sum->lock, &lock);

	if (err || !lock || !sum->waits)
		return err;
	add_saturated(&lock->waits, sum->waits);
	add_saturated(&lock->timeouts, sum->timeouts);
	add_saturated(&lock->wait_ns, sum->wait_ns);
	lock->max_ns = larger(lock->max_ns, sum->max_ns);
	err = sum_for_party(model, lock, PART_WAITER, &actor, sum);
	if (!err)
		err = sum_for_party(model, lock, PART_HOLDER, &holder, sum);
	return err ? err : sum_for_place(model, lock, sum);
}

int fold_lock_wakes(struct model *model, const struct event *event)
{
	const struct event_lock_wakes *told = (const void *)event;
	struct lock_holder_id actor = holder_actor(event);
	struct lock_party *party;
	struct lock *lock;
	int err = subjects(model, event, told->lock, &lock);

	if (err || !lock || !told->wakes)
		return err;
	party = party_get(model, lock, PART_WAKER, &actor);
	if (!party)
		return -ENOMEM;
	add_saturated(&party->wakes, told->wakes);
	add_saturated(&lock->wakes, told->wakes);
	add_saturated(&lock->broadcasts, told->broadcasts);
	return 0;
}

int fold_lock_hold(struct model *model, const struct event *event)
{
	const struct event_lock_hold *told = (const void *)event;
	struct lock_holder_id actor = holder_actor(event);
	const struct lock_site *site;
	struct lock_place *place;
	struct lock_party *party;
	struct lock *lock;
	int err = subjects(model, event, told->lock, &lock);

	if (err || !lock || (!told->acquisitions && !told->hold_ns))
		return err;
	party = party_get(model, lock, PART_HOLDER, &actor);
	if (!party)
		return -ENOMEM;
	add_saturated(&party->acquisitions, told->acquisitions);
	add_saturated(&party->hold_ns, told->hold_ns);
	party->max_hold_ns = larger(party->max_hold_ns, told->max_hold_ns);
	if (site_get(model, told->site, &site))
		return -ENOMEM;
	place = site ? place_get(model, lock, site) : NULL;
	if (!place)
		return site ? -ENOMEM : 0;
	add_saturated(&place->acquisitions, told->acquisitions);
	add_saturated(&place->hold_ns, told->hold_ns);
	place->max_hold_ns = larger(place->max_hold_ns, told->max_hold_ns);
	return 0;
}

/* ---- order */

/* Equal ones are one record; so is what a forged trace makes collide in these 128 bits. */
static struct lock_order *order_find(struct model *model, const struct event_lock_order *told, struct lock_order *put)
{
	uint64_t a = (uint64_t)told->lock << 32 | told->held;
	uint64_t b = told->h.start_ns;
	const uint32_t parts[] = {told->h.pid, told->h.tid, told->gate,  told->site,  told->held_site,
				  told->gate2, told->gate3, told->gate4, told->flags, told->phase};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		b = (b ^ parts[i]) * 0x9e3779b97f4a7c15ULL, b ^= b >> 29;
	if (!put)
		return hash_get(&model->orders, a, b);
	return hash_put(&model->orders, a, b, put) ? NULL : put;
}

static const struct lock *lock_named(struct model *model, uint32_t number, uint64_t t_ns)
{
	struct lock *lock = lock_get(model, number, t_ns);

	if (lock)
		lock->ordered = true;
	return lock;
}

static int order_gates(struct model *model, struct lock_order *order, const struct event_lock_order *told)
{
	const uint32_t numbers[ORDER_GATES] = {told->gate, told->gate2, told->gate3, told->gate4};
	unsigned count = 0;

	for (unsigned i = 0; i < ORDER_GATES; i++) {
		if (!numbers[i])
			continue;
		order->gates[count] = lock_named(model, numbers[i], told->h.t_ns);
		if (!order->gates[count++])
			return -ENOMEM;
	}
	return 0;
}

static struct lock_order *order_make(struct model *model, struct lock *lock, const struct event_lock_order *told)
{
	struct lock_order *order = arena_get(&model->arena, sizeof(*order));

	if (!order || !order_find(model, told, order))
		return NULL;
	order->who = holder_actor(&told->h);
	order->held = lock_named(model, told->held, told->h.t_ns);
	order->flags = told->flags;
	if (!order->held || order_gates(model, order, told) || site_get(model, told->site, &order->site) ||
	    site_get(model, told->held_site, &order->held_site))
		return NULL;
	order->first_ns = told->first_ns;
	order->next = lock->orders;
	lock->orders = order;
	return order;
}

int fold_lock_order(struct model *model, const struct event *event)
{
	const struct event_lock_order *told = (const void *)event;
	struct lock_order *order;
	struct lock *lock;
	int err = subjects(model, event, told->lock, &lock);

	if (err || !lock || !told->count)
		return err;
	if (!told->held || told->held == told->lock || told->first_ns > told->last_ns) {
		model->contradictions++;
		return 0;
	}
	order = order_find(model, told, NULL);
	if (!order)
		order = order_make(model, lock, told);
	if (!order)
		return -ENOMEM;
	add_saturated(&order->count, told->count);
	order->first_ns = told->first_ns < order->first_ns ? told->first_ns : order->first_ns;
	order->last_ns = larger(order->last_ns, told->last_ns);
	return 0;
}

/* ---- questions */

const struct lock *model_locks(const struct model *model)
{
	return model->first_lock;
}

const struct lock *model_lock(const struct model *model, uint32_t number)
{
	return number ? hash_get(&model->locks, number, 0) : NULL;
}

const struct lock_site *model_site(const struct model *model, uint32_t number)
{
	return number ? hash_get(&model->sites, number, 0) : NULL;
}

uint64_t lock_waiting_ns(const struct model *model, const struct lock *lock)
{
	uint64_t sum = 0;

	for (const struct lock_party *party = lock->waiting ? lock->waiters : NULL; party; party = party->next) {
		const struct thread *thread = party->now ? lock_holder_thread(model, &party->who, NULL) : NULL;
		const struct thread_wait *wait = thread ? thread_wait_now(thread) : NULL;

		if (wait && wait->lock == lock && wait->since_ns && wait->since_ns < model->observation.end_ns)
			add_saturated(&sum, model->observation.end_ns - wait->since_ns);
	}
	return sum;
}
