/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks for reports: which are worth telling, and their sums with the waits that have not ended yet.
 */
#ifndef LIFELINE_SINK_COMMON_LOCKS_H
#define LIFELINE_SINK_COMMON_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/lock.h"
#include "model/model.h"

struct lock_sums { /* ended waits, and those that go on: each one wait, as long as it has taken so far */
	uint64_t waits, wait_ns, max_ns;
};

struct lock_row {
	const struct lock *lock;
	struct lock_sums sums;
	uint64_t acquisitions, hold_ns, max_hold_ns; /* --locks all */
};

struct party_row { /* a thread that waited, or behind which others did */
	const struct lock_party *party;
	struct lock_sums sums;
};

/* Those that were waited for or (--locks all) taken, most waiting first, then most often taken. Free *rows. 0 or
 * -ENOMEM. */
int collect_locks(const struct model *model, struct lock_row **rows, size_t *count);
/* Most waiting first. Free *rows. 0 or -ENOMEM. */
int collect_waiters(const struct model *model, const struct lock *lock, struct party_row **rows, size_t *count);
/* Those named by a tid; of the others (unknown, nobody) the sums in *unknown, if given. */
int collect_holders(const struct model *model, const struct lock *lock, struct party_row **rows, size_t *count,
		    struct lock_sums *unknown);
/* Sites, most waiting first. */
int collect_places(const struct lock *lock, const struct lock_place ***places, size_t *count);

/* Whose state or thread list is worth it: waits of this kind are contention, not work-waiting. */
bool lock_is_real(const struct lock *lock);
/* What to call it, unescaped: its name, or kind and where it was first met, or kind and address. */
void describe_lock_name(const struct lock *lock, struct buffer *out);

#endif
