/* SPDX-License-Identifier: BSD-2-Clause
 * Threads that want a processor, over time; see runnable.h. */
#include "sink/common/runnable.h"

#include <string.h>

#define HOLD_NS 1000000000ULL

/* Writes the first `count` changes, those at one time as one. */
static void tell(struct runnable *runnable, struct packets *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		runnable->value += runnable->held[i].change;
		runnable->told_ns = runnable->held[i].t_ns;
		if (i + 1 < count && runnable->held[i + 1].t_ns == runnable->held[i].t_ns)
			continue;
		packet_count(packets, runnable->told_ns, runnable->track, runnable->value);
	}
	runnable->count -= count;
	memmove(runnable->held, runnable->held + count, runnable->count * sizeof(runnable->held[0]));
}

static void tell_until(struct runnable *runnable, struct packets *packets, uint64_t t_ns)
{
	unsigned due = 0;

	while (due < runnable->count && runnable->held[due].t_ns <= t_ns)
		due++;
	if (due)
		tell(runnable, packets, due);
}

void runnable_change(struct runnable *runnable, struct packets *packets, uint64_t t_ns, int change, uint64_t now_ns)
{
	unsigned at;

	if (runnable->count == RUNNABLE_HELD) {
		tell_until(runnable, packets, now_ns > HOLD_NS ? now_ns - HOLD_NS : 0);
		if (runnable->count > RUNNABLE_HELD / 2)
			tell(runnable, packets, RUNNABLE_HELD / 2);
	}
	if (t_ns < runnable->told_ns)
		t_ns = runnable->told_ns; /* it waited longer than changes are held back */
	at = runnable->count;
	while (at && runnable->held[at - 1].t_ns > t_ns)
		at--;
	memmove(runnable->held + at + 1, runnable->held + at, (runnable->count - at) * sizeof(runnable->held[0]));
	runnable->held[at].t_ns = t_ns;
	runnable->held[at].change = change;
	runnable->count++;
}

void runnable_flush(struct runnable *runnable, struct packets *packets)
{
	tell(runnable, packets, runnable->count);
}
