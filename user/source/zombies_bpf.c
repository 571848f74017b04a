/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The census by task iterator: one BPF program, loaded, run twice and removed; no hook is attached to anything. */
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
		census->self_pid = bpf.shared->self_tgid;
		census->self_pidns = bpf.shared->self_pidns;
		census->self_level = bpf.shared->self_level;
	}
	live_bpf_unload(&bpf);
	return result;
}
