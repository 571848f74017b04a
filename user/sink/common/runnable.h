/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How many threads want a processor, over time. When a thread was made runnable is told only when it comes on, so
 * changes come out of order: they are held back for a second (or until there are that many), then counted and written.
 */
#ifndef LIFELINE_SINK_COMMON_RUNNABLE_H
#define LIFELINE_SINK_COMMON_RUNNABLE_H

#include <stdint.h>

#include "sink/common/packet.h"

#define RUNNABLE_HELD 65536 /* changes held back at most */

struct runnable {
	struct {
		uint64_t t_ns;
		int change;
	} held[RUNNABLE_HELD]; /* by time */
	unsigned count;
	uint64_t told_ns; /* nothing can be told before that any more */
	int64_t value;
	uint64_t track;
};

/* One thread more (1) or less (-1) from t_ns on; now_ns: the time of the event that tells it. */
void runnable_change(struct runnable *runnable, struct packets *packets, uint64_t t_ns, int change, uint64_t now_ns);
/* Writes all that is held. */
void runnable_flush(struct runnable *runnable, struct packets *packets);

#endif
