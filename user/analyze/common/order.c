/* SPDX-License-Identifier: BSD-2-Clause
 * Locks taken in both orders; see order.h. */
#include "analyze/common/order.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/common/lock_words.h"
#include "base/hash.h"

#define NOTES_MAX 1024            /* ends of waits kept of one thread; with more, all its phases may be kept apart */
#define COMPARISONS_MAX (1 << 24) /* a trace that needs more is forged */

struct note {
	uint64_t begin_ns, end_ns;
};

struct notes { /* when a thread waited for signals, slept or not */
	struct note *items;
	unsigned count, capacity;
	bool full;
};

struct orders {
	struct hash notes; /* thread -> struct notes */
};

struct orders *orders_new(void)
{
	return calloc(1, sizeof(struct orders));
}

static void free_notes(struct notes *notes)
{
	if (notes)
		free(notes->items);
	free(notes);
}

void orders_free(struct orders *orders)
{
	struct notes *notes;
	size_t cursor = 0;

	if (!orders)
		return;
	while ((notes = hash_next(&orders->notes, &cursor)))
		free_notes(notes);
	hash_free(&orders->notes);
	free(orders);
}

/* ---- what keeps phases apart */

static bool is_signalling(const struct lock *lock)
{
	switch (lock ? lock->kind : LOCK_FUTEX) {
	case LOCK_MUTEX:
	case LOCK_PI_MUTEX:
	case LOCK_RWLOCK:
	case LOCK_GIL:
	case LOCK_FILE:
		return false;
	default:
		return true;
	}
}

static struct notes *notes_get(struct orders *orders, const struct thread *thread)
{
	struct notes *notes = hash_get(&orders->notes, (uintptr_t)thread, 0);

	if (notes)
		return notes;
	notes = calloc(1, sizeof(*notes));
	if (notes && !hash_put(&orders->notes, (uintptr_t)thread, 0, notes))
		return notes;
	free(notes);
	return NULL;
}

static int add_note(struct notes *notes, struct note note)
{
	if (notes->count == notes->capacity && notes->count < NOTES_MAX) {
		unsigned capacity = notes->capacity ? notes->capacity * 2 : 8;
		struct note *larger = realloc(notes->items, capacity * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		notes->items = larger;
		notes->capacity = capacity;
	}
	if (notes->count == notes->capacity)
		notes->full = true;
	else
		notes->items[notes->count++] = note;
	return 0;
}

static int note_of(struct orders *orders, const struct model *model, const struct event *event, struct note note)
{
	const struct process *process = model_find(model, (struct process_ref){event->pid, event->start_ns});
	const struct thread *thread = process ? model_thread(process, event->tid) : NULL;
	struct notes *notes = thread ? notes_get(orders, thread) : NULL;

	if (!thread)
		return 0;
	return notes ? add_note(notes, note) : -ENOMEM;
}

int orders_note_wait(struct orders *orders, const struct model *model, const struct event *event)
{
	const struct event_lock_wait_end *told = (const void *)event;
	const uint64_t begin_ns = told->waited_ns < event->t_ns ? event->t_ns - told->waited_ns : 0;

	if (told->outcome == LOCK_TIMEOUT || !is_signalling(model_lock(model, told->lock)))
		return 0;
	return note_of(orders, model, event, (struct note){begin_ns, event->t_ns});
}

int orders_note_hold(struct orders *orders, const struct model *model, const struct event *event)
{
	const struct event_lock_hold *told = (const void *)event;
	const struct lock *lock = model_lock(model, told->lock);

	if (!lock || lock->kind != LOCK_SEMAPHORE || !told->acquisitions || told->first_ns > told->last_ns)
		return 0;
	return note_of(orders, model, event, (struct note){told->first_ns, told->last_ns});
}

void orders_forget(struct orders *orders, const struct thread *thread)
{
	free_notes(orders->notes.count ? hash_remove(&orders->notes, (uintptr_t)thread, 0) : NULL);
}

static bool waited_within(const struct orders *orders, const struct thread *thread, uint64_t from_ns, uint64_t to_ns)
{
	const struct notes *notes = hash_get(&orders->notes, (uintptr_t)thread, 0);

	for (unsigned i = 0; notes && i < notes->count; i++)
		if (notes->items[i].end_ns >= from_ns && notes->items[i].begin_ns <= to_ns)
			return true;
	return notes && notes->full;
}

/* ---- could they have met? */

static bool lived_during(const struct thread *thread, const struct lock_order *order)
{
	return thread->started_ns <= order->last_ns && (!thread->exited_ns || thread->exited_ns >= order->first_ns);
}

static bool is_gate_of(const struct lock_order *order, const struct lock *lock)
{
	for (unsigned i = 0; i < ORDER_GATES && order->gates[i]; i++)
		if (order->gates[i] == lock)
			return true;
	return false;
}

/* Was one lock held around both? Not all may have been told: then it may. */
static bool share_gate(const struct lock_order *one, const struct lock_order *other)
{
	const bool more = (one->flags | other->flags) & ORDER_MORE_GATES;

	for (unsigned i = 0; i < ORDER_GATES && one->gates[i]; i++)
		if (is_gate_of(other, one->gates[i]))
			return true;
	return more && (one->gates[0] || (one->flags & ORDER_MORE_GATES)) &&
	       (other->gates[0] || (other->flags & ORDER_MORE_GATES));
}

/* Does the one wait for what the other holds? Readers share. */
static bool waits_for(const struct lock_order *one, const struct lock_order *other)
{
	return !(one->flags & ORDER_READS) || !(other->flags & ORDER_HELD_READS);
}

static bool could_have_met(const struct orders *orders, const struct model *model, const struct lock_order *one,
			   const struct lock_order *other)
{
	const struct thread *a = lock_holder_thread(model, &one->who, NULL);
	const struct thread *b = lock_holder_thread(model, &other->who, NULL);
	uint64_t from_ns = one->last_ns < other->last_ns ? one->last_ns : other->last_ns;
	uint64_t to_ns = one->first_ns > other->first_ns ? one->first_ns : other->first_ns;

	if (!a || !b || a == b || !lived_during(a, other) || !lived_during(b, one))
		return false;
	if (share_gate(one, other) || !waits_for(one, other) || !waits_for(other, one))
		return false;
	if (to_ns <= from_ns)
		return true;
	return !waited_within(orders, a, from_ns, to_ns) && !waited_within(orders, b, from_ns, to_ns);
}

/* The first order of `held` taken under `lock` that could have met this one. */
static const struct lock_order *find_reverse(const struct orders *orders, const struct model *model,
					     const struct lock *lock, const struct lock_order *order, unsigned *budget)
{
	const struct lock_order *reverse = order->held->orders;

	for (; reverse && *budget; reverse = reverse->next, --*budget)
		if (reverse->held == lock && could_have_met(orders, model, order, reverse))
			return reverse;
	return NULL;
}

int orders_each_inversion(const struct orders *orders, const struct model *model,
			  int (*found)(const void *context, const struct lock *lock, const struct lock_order *order,
				       const struct lock_order *reverse),
			  const void *context)
{
	unsigned budget = COMPARISONS_MAX;
	struct hash told = {0};
	int err = 0;

	for (const struct lock *lock = model_locks(model); lock && !err; lock = lock->next)
		for (const struct lock_order *order = lock->orders; order && !err; order = order->next) {
			const struct lock_order *reverse;

			if (lock->number > order->held->number || hash_get(&told, lock->number, order->held->number))
				continue;
			reverse = find_reverse(orders, model, lock, order, &budget);
			if (!reverse)
				continue;
			err = hash_put(&told, lock->number, order->held->number, &told);
			err = err ? err : found(context, lock, order, reverse);
		}
	hash_free(&told);
	return err;
}

/* ---- telling */

static void add_evidence(const struct model *model, struct finding *finding, const struct lock *lock,
			 const struct lock_order *order)
{
	struct words held_place = words_place(order->held_site);

	finding_evidence(finding, order->first_ns, "%s took %s%s while it held %s%s%s%s",
			 words_holder(model, &order->who).text, words_lock(lock).text, words_place(order->site).text,
			 words_lock(order->held).text, *held_place.text ? ", taken" : "", held_place.text,
			 order->count > 1 ? words_format(": %llu times", (unsigned long long)order->count).text : "");
}

static void write_detail(const struct model *model, struct finding *finding, const struct lock *lock,
			 const struct lock_order *order, const struct lock_order *reverse)
{
	struct lock_link links[2] = {
	    {.lock = lock, .site = order->site, .held_by_tid = reverse->who.tid},
	    {.lock = order->held, .site = reverse->site, .held_by_tid = order->who.tid},
	};
	struct buffer text = {0};
	struct json json;

	links[0].thread = lock_holder_thread(model, &order->who, &links[0].process);
	links[1].thread = lock_holder_thread(model, &reverse->who, &links[1].process);
	json_begin(&json, &text, false);
	json_object_open(&json);
	json_key_unsigned(&json, "lock", lock->number);
	words_json_cycle(&json, links, 2);
	json_object_close(&json);
	finding_detail(finding, &text);
}

int order_say(const struct analysis *analysis, const struct verdict *verdict, const struct lock *lock,
	      const struct lock_order *order, const struct lock_order *reverse, unsigned groups)
{
	const struct model *model = analysis->model;
	const struct process *process;
	struct finding finding;

	lock_holder_thread(model, &order->who, &process);
	finding_begin(&finding, verdict, process);
	finding_title(&finding, "%s and %s were taken in both orders, by %s and %s", words_lock(lock).text,
		      words_lock(order->held).text, words_holder(model, &order->who).text,
		      words_holder(model, &reverse->who).text);
	add_evidence(model, &finding, lock, order);
	add_evidence(model, &finding, order->held, reverse);
	finding_help(&finding,
		     "Take them in one order everywhere: %s first, as %s does, or the other way round in both.",
		     words_lock(order->held).text, words_holder(model, &order->who).text);
	finding_lock(&finding, lock->number);
	finding_lock(&finding, order->held->number);
	write_detail(model, &finding, lock, order, reverse);
	finding.key = (uint64_t)lock->number << 32 | order->held->number;
	return findings_add(analysis->findings, &finding, groups);
}
