/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals that were sent, but not decided to be fatal when they were made: blocked at that time (a shell's child
 * between fork and exec), or to a traced process. If the process dies of that number later, one of them was it; if all
 * of them came from one sender, that sender did it.
 */
#ifndef LIFELINE_ANALYZE_COMMON_SENT_H
#define LIFELINE_ANALYZE_COMMON_SENT_H

#include "base/hash.h"
#include "model/model.h"

struct sent { /* zero is empty */
	struct hash by_target;
};

/* To be shown each event. 0 or -ENOMEM. */
int sent_event(struct sent *sent, const struct event *event);
/* The first signal of that number to a process whose whole life was observed, if there is but one sender. NULL
 * otherwise. */
const struct signal_note *sent_by_one(const struct sent *sent, const struct process *process, int signal);
/* The process is about to be forgotten by the model. */
void sent_forget(struct sent *sent, const struct process *process);
void sent_free(struct sent *sent);

#endif
