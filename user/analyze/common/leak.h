/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Counts, per parent, the children that were left dead for too long, and tells those parents that gather them: how
 * many, how fast, and how long until a limit on pids is reached at that rate.
 */
#ifndef LIFELINE_ANALYZE_COMMON_LEAK_H
#define LIFELINE_ANALYZE_COMMON_LEAK_H

#include <stdbool.h>

#include "analyze/common/custody.h"

#define LEAK_FROM 10   /* zombies of one parent, from which they are told as a leak instead of one by one */
#define LEAK_CAUSES 16 /* causes that are told apart; the caller's numbers */

struct leak { /* of one parent */
	const struct process *parent;
	uint64_t held; /* children that it never reaped, beyond the limit */
	uint64_t by_cause[LEAK_CAUSES];
	const struct custody *longest[LEAK_CAUSES];
	const struct custody *first_held; /* by death, among those whose death was observed */
	const struct custody *last_held;
	uint64_t held_seen;              /* of `held`, those whose death was observed */
	uint64_t recent, recent_last_ns; /* dead and unreaped at the end, but not for longer than the limit */
	const struct custody *looked;    /* one with a look at the parent, or NULL */
	struct leak *next;               /* in order of first sight */
};

struct leaks;

struct leaks *leaks_new(void);
void leaks_free(struct leaks *leaks);
/* held: the parent never reaped it. 0 or -ENOMEM. */
int leaks_count(struct leaks *leaks, const struct custody *custody, unsigned cause, bool held);
void leaks_recent(struct leaks *leaks, const struct process *child);
const struct leak *leaks_of(const struct leaks *leaks, const struct process *parent);
/* Adds a finding for each parent with LEAK_FROM or more. `adopter`: the cause whose cure is another init. 0 or -ENOMEM.
 */
int leaks_tell(const struct leaks *leaks, const struct analysis *analysis, const struct verdict *verdict,
	       unsigned adopter);

#endif
