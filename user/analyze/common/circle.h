/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Is a thread in a circle of threads each of which waits for the next? Read off the model alone.
 *
 * An edge is proven if the waiter was blocked, without a timeout, for the same lock with the same holder in at least
 * two looks between which it has not run (no switch). A circle is proven if all its edges are, and if there is a moment
 * within the rows of looks of all its members: then, at that moment, none of them could run, and so none of them can
 * ever give anything back.
 */
#ifndef LIFELINE_ANALYZE_COMMON_CIRCLE_H
#define LIFELINE_ANALYZE_COMMON_CIRCLE_H

#include "analyze/common/lock_words.h"

#define CIRCLE_MAX 4096 /* members; a longer one is not found */

struct circle {
	struct lock_link links[CIRCLE_MAX]; /* each waits for the next, the last for the first */
	size_t count;
	uint64_t since_ns, until_ns; /* the rows of looks that prove it */
};

/* Is this thread's wait an edge? *holder: the thread that it waits for. */
bool wait_is_proven(const struct model *model, const struct process *process, const struct thread *thread,
		    struct lock_link *link, const struct process **holder_process, const struct thread **holder);

/* Fills the circle that the thread is a member of, beginning with the member born first. false: in none. */
bool circle_find(const struct model *model, const struct process *process, const struct thread *thread,
		 struct circle *circle);

#endif
