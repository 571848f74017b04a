/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Remembers who was sent SIGCONT by the process that had just hung it up; see hangup.h.
 */
#include "analyze/common/hangup.h"

#include <signal.h>

int hangups_event(struct hangups *hangups, const struct model *model, const struct event *event)
{
	const struct event_signal *signal = (const void *)event;
	const struct process *target;

	if (event->kind != EVENT_signal || signal->signal != SIGCONT || signal->origin != SIGNAL_KERNEL ||
	    !signal->target)
		return 0;
	target = model_find(model, (struct process_ref){signal->target, signal->target_start});
	if (!target || !target->hangup || target->hangup->sender.pid != event->pid ||
	    target->hangup->sender.start_ns != event->start_ns)
		return 0;
	return hash_put(&hangups->continued, signal->target, signal->target_start, hangups);
}

bool hangups_of_orphaned_group(const struct hangups *hangups, const struct process *process)
{
	return process->hangup && hash_get(&hangups->continued, process->id.pid, process->id.start_ns);
}

void hangups_forget(struct hangups *hangups, const struct process *process)
{
	hash_remove(&hangups->continued, process->id.pid, process->id.start_ns);
}

void hangups_free(struct hangups *hangups)
{
	hash_free(&hangups->continued);
}
