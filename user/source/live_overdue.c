/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which deaths are overdue for reaping, so that the kernel is asked what their parents are doing at the moment when it
 * matters. Deaths come in order of time, and the limit is one for all, so a queue is enough. */
#include "source/live_internal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_STEP_NS 1000000000ULL
#define LAST_STEP_NS 30000000000ULL

static void add(struct overdue *overdue, const struct event *event, bool leader_only)
{
	struct overdue_entry *queue;

	if (overdue->count == overdue->capacity) {
		size_t capacity = overdue->capacity ? overdue->capacity * 2 : 256;

		/* what lies before head is done with */
		if (overdue->head > overdue->count / 2) {
			overdue->count -= overdue->head;
			memmove(overdue->queue, overdue->queue + overdue->head,
				overdue->count * sizeof(*overdue->queue));
			overdue->head = 0;
		} else {
			queue = realloc(overdue->queue, capacity * sizeof(*queue));
			if (!queue)
				return; /* a look less: the verdict is then issued without the parent's state */
			overdue->queue = queue;
			overdue->capacity = capacity;
		}
	}
	overdue->queue[overdue->count++] = (struct overdue_entry){
		.start_ns = event->start_ns, .dead_ns = event->t_ns, .pid = event->pid, .leader_only = leader_only};
	if (!leader_only)
		hash_put(&overdue->unreaped, event->pid, event->start_ns, overdue);
}

static void remove_reaped(struct overdue *overdue, uint32_t pid, uint64_t start_ns)
{
	hash_remove(&overdue->unreaped, pid, start_ns);
}

void overdue_event(struct overdue *overdue, const struct event *event)
{
	const struct event_exit *exit = (const void *)event;
	const struct event_reap *reap = (const void *)event;
	const struct event_end *end = (const void *)event;
	const struct event_snap_process *snap = (const void *)event;

	switch (event->kind) {
	case EVENT_exit:
		if (exit->group_dead || event->pid == event->tid)
			add(overdue, event, !exit->group_dead);
		break;
	case EVENT_end:
		if (end->state == END_AUTOREAPED)
			remove_reaped(overdue, event->pid, event->start_ns);
		break;
	case EVENT_reap:
		remove_reaped(overdue, reap->child, reap->child_start);
		break;
	case EVENT_snap_process:
		if (snap->dead && snap->scope == SCOPE_TARGET)
			add(overdue, event, snap->dead == 2);
		break;
	}
}

static bool is_waiting(const struct overdue *overdue, const struct overdue_entry *entry)
{
	return entry->leader_only || hash_get(&overdue->unreaped, entry->pid, entry->start_ns);
}

bool overdue_look_due(struct overdue *overdue, uint64_t now_ns, uint64_t limit_ns)
{
	bool due = false;

	while (overdue->head < overdue->count && overdue->queue[overdue->head].dead_ns + limit_ns <= now_ns)
		due |= is_waiting(overdue, &overdue->queue[overdue->head++]);
	if (overdue->head == overdue->count)
		overdue->head = overdue->count = 0;
	if (due) {
		overdue->step_ns = FIRST_STEP_NS;
		overdue->next_look_ns = now_ns + overdue->step_ns;
		return true;
	}
	if (!overdue->next_look_ns || now_ns < overdue->next_look_ns || !overdue->unreaped.count)
		return false;
	if (overdue->step_ns < LAST_STEP_NS)
		overdue->step_ns *= 2;
	overdue->next_look_ns = now_ns + overdue->step_ns;
	return true;
}

bool overdue_any(const struct overdue *overdue)
{
	return overdue->unreaped.count || overdue->head < overdue->count;
}

void overdue_free(struct overdue *overdue)
{
	hash_free(&overdue->unreaped);
	free(overdue->queue);
	*overdue = (struct overdue){0};
}
