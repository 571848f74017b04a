/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks whose owner ended with them. What a lock names is read while its owner may just be giving it back and ending,
 * so one reading is no proof. It is one if, after the owner's end, a thread was blocked for the lock in two looks
 * without having run, or for a tenth of a second, or until its timeout; or if the kernel said so (EOWNERDEAD, to who
 * waited).
 */
#ifndef LIFELINE_ANALYZE_COMMON_OWNER_H
#define LIFELINE_ANALYZE_COMMON_OWNER_H

#include "analyze/analyzer.h"
#include "model/lock.h"

struct owners;

struct owners *owners_new(void); /* NULL: out of memory */
void owners_free(struct owners *owners);
/* Does a proven death point to the thread? And: it is about to go. */
bool owners_need(const struct owners *owners, const struct thread *thread);
void owners_forget(struct owners *owners, const struct thread *thread);
/* A lock_wait, lock_wait_end or thread_look. What is proven by it is said at once. 0 or -ENOMEM. */
int owners_event(struct owners *owners, const struct analysis *analysis, const struct verdict *verdict,
		 const struct event *event);
/* At the end: what waits until then, and all that was said, with what came after. */
/* Those that are proven by now. */
int owners_say_proven(const struct owners *owners, const struct analysis *analysis, const struct verdict *verdict);
int owners_say_all(struct owners *owners, const struct analysis *analysis, const struct verdict *verdict);

#endif
