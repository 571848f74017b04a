/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Waits for locks, on tracks of the perfetto export. */
#include "sink/common/perfetto.h"

#include <string.h>

#include "base/text.h"
#include "model/lock.h"
#include "sink/common/event_words.h"

static const char *lock_label(struct perfetto *perfetto, const char *words, uint32_t number)
{
	const struct lock *lock = model_lock(perfetto->context->model, number);
	const char *kind = lock && lock->told && lock_kind_name(lock->kind) ? lock_kind_name(lock->kind) : "lock";

	buffer_clear(&perfetto->tracks.name);
	if (lock && lock->told && *lock->name)
		text_escape(&perfetto->tracks.name, lock->name, strlen(lock->name), 200);
	else
		buffer_format(&perfetto->tracks.name, "%u", number);
	return mark_label(perfetto, "%s %s %s", words, kind, buffer_text(&perfetto->tracks.name));
}

void show_lock_wait(struct perfetto *perfetto, const struct event *event)
{
	const struct event_lock_wait *wait = (const void *)event;
	struct tracks *tracks = &perfetto->tracks;
	struct thread_track *thread = tracks_actor(tracks, event), *holder;
	struct packet_mark mark = {.category = "lock"};

	if (!thread)
		return;
	holder = wait->holder == HOLDER_THREAD ? tracks_thread(tracks, wait->holder_tid, wait->holder_start) : NULL;
	mark.flow_in = mark_arrow(perfetto, holder, tracks->now_ns, "lock", lock_label(perfetto, "holds", wait->lock));
	mark.name = lock_label(perfetto, "wait for", wait->lock);
	if (wait->holder == HOLDER_THREAD)
		packet_note_number(&mark, "holder", wait->holder_tid);
	track_begin_call(perfetto, thread, &mark);
}

void show_lock_wait_end(struct perfetto *perfetto, const struct event *event)
{
	const struct event_lock_wait_end *end = (const void *)event;
	struct tracks *tracks = &perfetto->tracks;
	struct thread_track *thread = tracks_thread(tracks, event->tid, event->start_ns), *waker;
	struct packet_mark mark;
	uint64_t flow;

	if (!thread)
		return;
	tracks_call_end(tracks, thread, tracks->now_ns);
	waker = tracks_thread(tracks, end->waker_tid, end->waker_start);
	flow = mark_arrow(perfetto, waker == thread ? NULL : waker, tracks->now_ns, "lock",
			  mark_label(perfetto, "wakes %u", event->tid));
	mark =
	    mark_on(perfetto, tracks_calls(tracks, thread), "lock", lock_label(perfetto, "had waited for", end->lock));
	mark.flow_in = flow;
	packet_note_text(&mark, "outcome", event_lock_outcome_name(end->outcome));
	packet_note_number(&mark, "waited_ns", (int64_t)end->waited_ns);
	packet_instant(&tracks->packets, &mark);
}
