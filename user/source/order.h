/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Puts records in order of time. Records of one processor come in order, but those of two can be up to a few ms apart
 * in the ring buffer, so each is held back until one `window` later in time was seen; equal times keep their arrival
 * order. With window 0 nothing is held: the order of arrival is kept as it is.
 */
#ifndef LIFELINE_SOURCE_ORDER_H
#define LIFELINE_SOURCE_ORDER_H

#include <stdint.h>

#include "event/event.h"

typedef int (*event_fn)(void *context, const struct event *event);

struct order;

struct order *order_new(uint64_t window_ns, event_fn deliver, void *context);
/* Takes a copy. 0, -ENOMEM, or what deliver returned. */
int order_push(struct order *order, const struct event *event);
/* Delivers all that is held. */
int order_flush(struct order *order);
uint64_t order_late(const struct order *order); /* came after a later one had been delivered */
void order_free(struct order *order);

#endif
