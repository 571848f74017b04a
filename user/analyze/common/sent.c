/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One record for each number that a process was sent, however often; see sent.h.
 */
#include "analyze/common/sent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_DELIVERED 0
#define RESULT_PENDING 2

struct record {
	struct signal_note first;
	bool mixed; /* not all from one sender */
};

static uint64_t key_of(uint32_t pid, int signal)
{
	return (uint64_t)pid << 32 | (uint32_t)signal;
}

static bool same_sender(const struct signal_note *note, const struct event_signal *signal)
{
	if (note->origin != signal->origin)
		return false;
	/* who ran when the kernel made one of its own means nothing */
	return signal->origin == SIGNAL_KERNEL ||
	       (note->sender.pid == signal->h.pid && note->sender.start_ns == signal->h.start_ns);
}

static int remember(struct sent *sent, const struct event_signal *signal)
{
	struct record *record = calloc(1, sizeof *record);

	if (!record)
		return -ENOMEM;
	record->first = (struct signal_note){.at_ns = signal->h.t_ns,
					     .signal = signal->signal,
					     .code = signal->code,
					     .syscall = signal->syscall,
					     .origin = signal->origin,
					     .result = signal->result,
					     .sender_tid = signal->h.tid,
					     .sender = {signal->h.pid, signal->h.start_ns},
					     .addr = signal->addr};
	memcpy(record->first.sender_comm, signal->h.comm, COMM_SIZE);
	if (!hash_put(&sent->by_target, key_of(signal->target, signal->signal), signal->target_start, record))
		return 0;
	free(record);
	return -ENOMEM;
}

int sent_event(struct sent *sent, const struct event *event)
{
	const struct event_signal *signal = (const void *)event;
	struct record *record;

	if (event->kind != EVENT_signal || signal->signal == SIGCHLD || !signal->target ||
	    (signal->result != RESULT_DELIVERED && signal->result != RESULT_PENDING))
		return 0;
	record = hash_get(&sent->by_target, key_of(signal->target, signal->signal), signal->target_start);
	if (!record)
		return remember(sent, signal);
	record->mixed |= !same_sender(&record->first, signal);
	return 0;
}

const struct signal_note *sent_by_one(const struct sent *sent, const struct process *process, int signal)
{
	const struct record *record = hash_get(&sent->by_target, key_of(process->id.pid, signal), process->id.start_ns);

	return record && !record->mixed && !process->present_at_start ? &record->first : NULL;
}

void sent_forget(struct sent *sent, const struct process *process)
{
	for (int signal = 1; sent->by_target.count && signal <= SIGRTMAX; signal++)
		free(hash_remove(&sent->by_target, key_of(process->id.pid, signal), process->id.start_ns));
}

void sent_free(struct sent *sent)
{
	size_t cursor = 0;
	void *record;

	while ((record = hash_next(&sent->by_target, &cursor)))
		free(record);
	hash_free(&sent->by_target);
}
