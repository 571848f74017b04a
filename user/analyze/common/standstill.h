/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Is every thread that could wake the others blocked for good? Then nobody ever will, although no owner can be read
 * (semaphores, condition variables, Python's locks).
 *
 * Proven if the last look at the process was whole, and each thread was blocked in a futex call without a timeout in at
 * least two looks between which it has not run; and nothing else could end a wait: no armed timer, no handler of a
 * signal that can come by itself, nobody outside that maps the memory. A thread in any other system call can come back
 * from it, so then nothing is said; nor if the owner of a lock has ended with it, which explains it. Waits in shared
 * memory take in every process that was looked at.
 */
#ifndef LIFELINE_ANALYZE_COMMON_STANDSTILL_H
#define LIFELINE_ANALYZE_COMMON_STANDSTILL_H

#include "analyze/common/lock_words.h"

#define STANDSTILL_MAX 4096 /* threads; of larger ones nothing is said */

struct standstill {
	struct lock_link links[STANDSTILL_MAX];
	size_t count;
	unsigned processes;
	uint64_t since_ns, until_ns; /* the rows of looks that prove it */
	uint64_t from_ns, to_ns;     /* the moments at which all stood still */
};

/* Fills it. false: not proven. */
bool standstill_find(const struct model *model, const struct process *process, struct standstill *standstill);

#endif
