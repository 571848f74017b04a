/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks taken in both orders by threads that could have met (--locks all). Two orders cannot meet, and are not told, if
 * one thread did both; if a third lock was held around both; if both only read one of the two; if one thread had ended
 * before the other took its locks, or was not born yet; or if they lie apart in time and one of the two waited in
 * between for a signal of another thread (a barrier, a condition variable, a semaphore, a join): then they may be
 * phases that are kept apart on purpose.
 */
#ifndef LIFELINE_ANALYZE_COMMON_ORDER_H
#define LIFELINE_ANALYZE_COMMON_ORDER_H

#include "analyze/analyzer.h"
#include "model/lock.h"

struct orders;

struct orders *orders_new(void); /* NULL: out of memory */
void orders_free(struct orders *orders);
/* The thread is about to go. */
void orders_forget(struct orders *orders, const struct thread *thread);
/* A lock_wait_end: of the kinds that keep phases apart it is kept from when to when it was. 0 or -ENOMEM. */
int orders_note_wait(struct orders *orders, const struct model *model, const struct event *event);
/* A lock_hold: that of a semaphore is a wait for a signal as well, though it need not have slept. 0 or -ENOMEM. */
int orders_note_hold(struct orders *orders, const struct model *model, const struct event *event);
/* Calls `found` once for each two locks of which there are orders that could have met. 0 or what `found` returned. */
int orders_each_inversion(const struct orders *orders, const struct model *model,
			  int (*found)(const void *context, const struct lock *lock, const struct lock_order *order,
				       const struct lock_order *reverse),
			  const void *context);
/* Tells one: `order` took `lock` while it held order->held, `reverse` the other way round. */
int order_say(const struct analysis *analysis, const struct verdict *verdict, const struct lock *lock,
	      const struct lock_order *order, const struct lock_order *reverse, unsigned groups);

#endif
