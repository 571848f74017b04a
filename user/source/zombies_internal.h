/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the zombies source share: a census is all processes and, of each zombie, what its parent does. */
#ifndef LIFELINE_SOURCE_ZOMBIES_INTERNAL_H
#define LIFELINE_SOURCE_ZOMBIES_INTERNAL_H

#include <stddef.h>

#include "event/event.h"
#include "source/live_looks.h"
#include "source/zombies.h"

struct census {
	struct event_snap_process *snaps; /* without exe and argv */
	size_t snap_count, snap_capacity;
	struct event_zombie_look *looks;
	size_t look_count, look_capacity;
	struct seen_threads parents; /* that owe waits, as far as their registers could be had */
	uint64_t taken_ns; /* CLOCK_BOOTTIME, before the first of them was looked at */
	uint32_t self_pid, self_pidns,
	    self_level; /* lifeline; the pid is the initial namespace's where that is known */
};

/* Both take a copy; 0 or -ENOMEM. */
int census_add_snap(struct census *census, const struct event_snap_process *snap);
int census_add_look(struct census *census, const struct event_zombie_look *look);
void census_free(struct census *census);

/* zombies_bpf.c: by task iterator. Loads, looks, and leaves nothing behind. */
int census_by_bpf(struct census *census, struct error *error);
/* zombies_proc.c: from /proc. Never fails for what a single process refuses to tell. */
int census_by_proc(struct census *census, struct error *error);

/* zombies_stand.c: where parents stand. NULL: no memory. stand_tell tells of a parent once. */
struct stand;
struct stand *stand_new(record_fn record, void *context);
void stand_tell(struct stand *stand, const struct census *census, const struct event_zombie_look *look);
void stand_free(struct stand *stand);

#endif
