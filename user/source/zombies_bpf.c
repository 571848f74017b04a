/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The census by task iterator: one BPF program, loaded, run twice and removed; no hook is attached to anything. */
#include <string.h>

#include "source/live_internal.h"
#include "source/zombies_internal.h"

static int take(void *context, const void *record, size_t available)
{
	const struct event *event = record;
	struct census *census = context;

	if (event->kind == EVENT_snap_process && available >= sizeof(struct event_snap_process))
		return census_add_snap(census, record);
	if (event->kind == EVENT_zombie_look && available >= sizeof(struct event_zombie_look))
		return census_add_look(census, record);
	return 0;
}

#define PARENTS_MAX 32 /* whose registers are asked for; one pass over all threads each */

struct wanted {
	struct census *census;
	uint32_t tid;
};

static int take_thread(void *context, const void *record, size_t available)
{
	const struct wanted *wanted = context;
	const struct event *event = record;
	struct seen_thread seen = {0};

	if (event->kind != RAW_THREAD_LOOK || available < sizeof(seen.raw) || event->tid != wanted->tid)
		return 0;
	memcpy(&seen.raw, record, sizeof(seen.raw));
	return seen_add(&wanted->census->parents, &seen);
}

static bool has_parent(const struct census *census, uint32_t tid)
{
	for (size_t i = 0; i < census->parents.count; i++)
		if (census->parents.items[i].raw.h.tid == tid)
			return true;
	return false;
}

/* The threads that zombies are children of. That of another is not worth failing for. */
static void take_parents(struct live_bpf *bpf, struct census *census)
{
	unsigned passes = 0;

	for (size_t i = 0; i < census->look_count && passes < PARENTS_MAX; i++) {
		struct wanted wanted = {census, census->looks[i].parent_tid};

		if (has_parent(census, wanted.tid))
			continue;
		bpf->shared->look_pid = census->looks[i].parent;
		live_bpf_iterate(bpf, ITERATE_THREADS, take_thread, &wanted);
		passes++;
	}
}

int census_by_bpf(struct census *census, struct error *error)
{
	const struct live_plan plan = {.watch_all = true, .only_looks = true, .begin_ns = live_clock()};
	struct live_bpf bpf;
	int result = live_bpf_load(&bpf, &plan, error);

	if (!result) {
		census->taken_ns = live_clock();
		/* zombies first: whoever died in between has a look missing, not a birth */
		result = live_bpf_iterate(&bpf, ITERATE_EVERY_ZOMBIE, take, census);
		if (!result)
			result = live_bpf_iterate(&bpf, ITERATE_ALL, take, census);
		if (result)
			error_errno(error, result, "cannot list the processes");
		else
			take_parents(&bpf, census);
		census->self_pid = bpf.shared->self_tgid;
		census->self_pidns = bpf.shared->self_pidns;
		census->self_level = bpf.shared->self_level;
	}
	live_bpf_unload(&bpf);
	return result;
}
