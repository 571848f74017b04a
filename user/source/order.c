/* SPDX-License-Identifier: BSD-2-Clause
 * The reorder window: a min-heap of copied records by (time, arrival); see order.h.
 *
 * Copies live in cells of a few sizes that are used again and again: after the first few milliseconds of a storm
 * nothing is allocated any more. */
#include "source/order.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST_CELL 64 /* bytes; each class doubles it, the last holds EVENT_SIZE_MAX */
#define CLASSES 9

_Static_assert((SMALLEST_CELL << (CLASSES - 1)) >= EVENT_SIZE_MAX, "the largest record must fit the largest cell");

struct cell {
	struct cell *next; /* while it is free */
	uint64_t bytes[];  /* the record */
};

struct held {
	uint64_t t_ns, arrival;
	struct cell *cell;
};

struct order {
	uint64_t window_ns;
	event_fn deliver;
	void *context;
	struct held *heap; /* the earliest at [0] */
	size_t count, capacity;
	struct cell *free_cells[CLASSES];
	uint64_t arrivals, newest_ns, delivered_ns, late;
};

struct order *order_new(uint64_t window_ns, event_fn deliver, void *context)
{
	struct order *order = calloc(1, sizeof(*order));

	if (!order)
		return NULL;
	order->window_ns = window_ns;
	order->deliver = deliver;
	order->context = context;
	return order;
}

static unsigned class_of(uint32_t size)
{
	unsigned class = 0;

	while ((uint32_t)SMALLEST_CELL << class < size)
		class ++;
	return class;
}

static struct cell *copy_record(struct order *order, const struct event *event)
{
	unsigned class = class_of(event->size);
	struct cell *cell = order->free_cells[class];

	if (cell)
		order->free_cells[class] = cell->next;
	else
		cell = malloc(sizeof(*cell) + ((size_t)SMALLEST_CELL << class));
	if (cell)
		memcpy(cell->bytes, event, event->size);
	return cell;
}

static const struct event *record_in(const struct cell *cell)
{
	return (const struct event *)cell->bytes;
}

static void recycle(struct order *order, struct cell *cell)
{
	unsigned class = class_of(record_in(cell)->size);

	cell->next = order->free_cells[class];
	order->free_cells[class] = cell;
}

static bool earlier(const struct held *a, const struct held *b)
{
	return a->t_ns != b->t_ns ? a->t_ns < b->t_ns : a->arrival < b->arrival;
}

static int push(struct order *order, struct held held)
{
	size_t place = order->count;

	if (order->count == order->capacity) {
		size_t capacity = order->capacity ? order->capacity * 2 : 256;
		struct held *larger = realloc(order->heap, capacity * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		order->heap = larger;
		order->capacity = capacity;
	}
	order->count++;
	for (; place && earlier(&held, &order->heap[(place - 1) / 2]); place = (place - 1) / 2)
		order->heap[place] = order->heap[(place - 1) / 2];
	order->heap[place] = held;
	return 0;
}

static struct held pop(struct order *order)
{
	struct held first = order->heap[0], last = order->heap[--order->count];
	size_t place = 0, child;

	while ((child = 2 * place + 1) < order->count) {
		if (child + 1 < order->count && earlier(&order->heap[child + 1], &order->heap[child]))
			child++;
		if (!earlier(&order->heap[child], &last))
			break;
		order->heap[place] = order->heap[child];
		place = child;
	}
	order->heap[place] = last;
	return first;
}

static int deliver_first(struct order *order)
{
	struct held held = pop(order);
	int result;

	if (held.t_ns > order->delivered_ns)
		order->delivered_ns = held.t_ns;
	result = order->deliver(order->context, record_in(held.cell));
	recycle(order, held.cell);
	return result;
}

static void notice_late(struct order *order, const struct event *event)
{
	if (event->t_ns < order->delivered_ns)
		order->late++;
}

int order_push(struct order *order, const struct event *event)
{
	struct held held = {.t_ns = event->t_ns, .arrival = order->arrivals++};
	int result = 0;

	notice_late(order, event);
	if (!order->window_ns) {
		if (event->t_ns > order->delivered_ns)
			order->delivered_ns = event->t_ns;
		return order->deliver(order->context, event);
	}
	held.cell = copy_record(order, event);
	if (!held.cell)
		return -ENOMEM;
	if (push(order, held)) {
		recycle(order, held.cell);
		return -ENOMEM;
	}
	if (event->t_ns > order->newest_ns)
		order->newest_ns = event->t_ns;
	while (order->count && !result && order->newest_ns - order->heap[0].t_ns > order->window_ns)
		result = deliver_first(order);
	return result;
}

int order_flush(struct order *order)
{
	int result = 0;

	while (order->count && !result)
		result = deliver_first(order);
	return result;
}

uint64_t order_late(const struct order *order)
{
	return order->late;
}

void order_free(struct order *order)
{
	if (!order)
		return;
	for (size_t i = 0; i < order->count; i++)
		free(order->heap[i].cell);
	for (unsigned class = 0; class < CLASSES; class ++) {
		while (order->free_cells[class]) {
			struct cell *cell = order->free_cells[class];

			order->free_cells[class] = cell->next;
			free(cell);
		}
	}
	free(order->heap);
	free(order);
}
