/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event `begin`, as every source that reads a machine tells it. */
#ifndef LIFELINE_SOURCE_BEGIN_H
#define LIFELINE_SOURCE_BEGIN_H

#include <stdint.h>

#include "event/event.h"

struct begin_facts {
	uint64_t begin_ns, realtime_ns; /* CLOCK_BOOTTIME, CLOCK_REALTIME at the same moment */
	uint64_t zombie_after_ns, contended_after_ns;
	uint32_t mode;        /* enum trace_mode */
	uint32_t self_pid;    /* lifeline, in the initial pid namespace as far as that is known */
	uint32_t self_pidns;  /* 0 unknown */
	uint32_t target;      /* CMD's pid, 0 none */
	uint32_t unseen;      /* enum unseen */
	char *const *command; /* NULL none */
};

/* Puts the event into the builder, with what the machine says of itself (kernel, processors, pid_max). */
const struct event *begin_build(struct event_builder *builder, const struct begin_facts *facts);

#endif
