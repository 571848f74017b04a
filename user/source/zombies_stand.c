/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where in its program the parent of a zombie stands instead of waiting: its registers were taken with the census, its
 * stack is read while it sleeps, and only if it has not run in between is the place told. As a look at a thread
 * (thread_look, site), as for locks. Nothing is stopped; what may not be read stays unknown. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "source/live_internal.h"
#include "source/locks_internal.h"

#define STACK_MAX 32768

struct stand {
	struct locks *locks;
	struct hash told; /* (tid, start of the process) of the parents */
	unsigned char stack[STACK_MAX];
};

struct stand *stand_new(record_fn record, void *context)
{
	struct stand *stand = calloc(1, sizeof(*stand));

	if (stand && !(stand->locks = locks_new(NULL, record, context))) {
		free(stand);
		return NULL;
	}
	return stand;
}

void stand_free(struct stand *stand)
{
	if (!stand)
		return;
	locks_free(stand->locks);
	hash_free(&stand->told);
	free(stand);
}

/* How often it has left a processor by now; UINT64_MAX: it is gone. */
static uint64_t switches_now(uint32_t pid, uint32_t tid)
{
	char path[64], line[256];
	unsigned long long count;
	uint64_t sum = 0;
	bool any = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%" PRIu32 "/status", pid, tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "voluntary_ctxt_switches: %llu", &count) != 1 &&
		    sscanf(line, "nonvoluntary_ctxt_switches: %llu", &count) != 1)
			continue;
		sum += count;
		any = true;
	}
	if (file)
		fclose(file);
	return any ? sum : UINT64_MAX;
}

static bool read_registers(const struct seen_thread *seen, struct symbol_registers *registers)
{
	if (seen->pair) {
		symbol_registers_pair(registers, seen->raw.registers[PROC_AT_IP], seen->raw.registers[PROC_AT_SP]);
		return registers->ip != 0;
	}
	return !symbol_registers_saved(registers, seen->raw.registers, sizeof(seen->raw.registers));
}

static void tell_place(struct stand *stand, const struct seen_thread *seen)
{
	const struct raw_thread_look *raw = &seen->raw;
	const struct lock_actor actor = {.pid = raw->h.pid,
					 .tid = raw->h.tid,
					 .start_ns = raw->h.start_ns,
					 .t_ns = live_clock(),
					 .comm = raw->h.comm};
	struct symbol_registers registers;
	const struct site *site;
	size_t size;

	if ((raw->state != 'S' && raw->state != 'D' && raw->state != 'T') || raw->compat ||
	    !read_registers(seen, &registers))
		return;
	size = live_read_memory(actor.pid, registers.sp, stand->stack, sizeof(stand->stack));
	if (!size || switches_now(actor.pid, actor.tid) != raw->switches)
		return;
	site = locks_place(stand->locks, &actor, &registers, stand->stack, size);
	if (!site)
		return;
	LOCKS_TELL(stand->locks, snap_thread, &actor, .thread_start = raw->born_ns, .nstid = raw->nstid);
	LOCKS_TELL(stand->locks, thread_look, &actor, .switches = raw->switches, .state = raw->state, .syscall = -1,
		   .site = site->number);
}

void stand_tell(struct stand *stand, const struct census *census, const struct event_zombie_look *look)
{
	struct seen_threads list = {0};

	if (hash_get(&stand->told, look->parent_tid, look->parent_start) ||
	    hash_put(&stand->told, look->parent_tid, look->parent_start, stand))
		return;
	for (size_t i = 0; i < census->parents.count; i++)
		if (census->parents.items[i].raw.h.tid == look->parent_tid) {
			tell_place(stand, &census->parents.items[i]);
			return;
		}
	if (!thread_by_proc(look->parent, look->parent_start, look->parent_tid, &list) && list.count)
		tell_place(stand, &list.items[0]);
	free(list.items);
}
