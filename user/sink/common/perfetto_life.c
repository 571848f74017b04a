/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Births, execs, exits, ends, and what was there before, on tracks of the perfetto export. */
#include "sink/common/perfetto.h"

#include <string.h>

#include "sink/common/describe.h"

static void show_birth(struct perfetto *perfetto, struct process_track *process, uint32_t tid, uint64_t flow)
{
	struct tracks *tracks = &perfetto->tracks;
	struct thread_track *thread = tracks_add_thread(tracks, process, tid, process->comm);

	if (!thread)
		return;
	tracks_live(tracks, thread, tracks->now_ns, flow);
	if (perfetto->timeline && thread->state == RUN_UNKNOWN)
		track_set_state(perfetto, thread, tracks->now_ns, RUN_RUNNABLE, "runnable", 0);
}

void show_fork(struct perfetto *perfetto, const struct event *event)
{
	const struct event_fork *fork = (const void *)event;
	const struct process_ref id = {fork->child, fork->child_start};
	struct tracks *tracks = &perfetto->tracks;
	struct process_track *process;
	uint64_t flow;

	if (tracks_process(tracks, id.pid, id.start_ns) || !id.pid || !id.start_ns)
		return; /* told by the snapshot already */
	flow = mark_arrow(perfetto, tracks_actor(tracks, event), tracks->now_ns, "fork",
			  mark_label(perfetto, "fork %u", fork->child));
	process = tracks_add_process(tracks, id, fork->child_nspid, event->comm);
	if (!process)
		return;
	process->watched = true;
	tracks_process_live(tracks, process, tracks->now_ns);
	show_birth(perfetto, process, id.pid, flow);
}

void show_thread(struct perfetto *perfetto, const struct event *event)
{
	const struct event_thread *told = (const void *)event;
	struct tracks *tracks = &perfetto->tracks;
	struct thread_track *creator = tracks_actor(tracks, event);
	uint64_t flow;

	if (!creator || !told->child || tracks_thread(tracks, told->child, event->start_ns))
		return;
	flow = mark_arrow(perfetto, creator, tracks->now_ns, "fork", mark_label(perfetto, "thread %u", told->child));
	show_birth(perfetto, creator->process, told->child, flow);
}

static void rename_thread(struct perfetto *perfetto, struct thread_track *thread, const char comm[COMM_SIZE])
{
	memcpy(thread->comm, comm, COMM_SIZE);
	tracks_describe_thread(&perfetto->tracks, thread);
}

/* exec ends all other threads; the one that called it becomes the leader, whose own end may be told only later. */
void show_exec(struct perfetto *perfetto, const struct event *event)
{
	const struct event_exec *exec = (const void *)event;
	struct tracks *tracks = &perfetto->tracks;
	struct thread_track *thread = tracks_actor(tracks, event), *caller;
	uint32_t length;
	const char *argv = EVENT_BLOB(event, exec, argv, &length);

	if (!thread)
		return;
	caller = exec->old_tid == event->tid ? NULL : tracks_thread(tracks, exec->old_tid, event->start_ns);
	if (caller && caller != thread) {
		thread->replaced = thread->alive;
		track_end_thread(perfetto, caller);
		tracks_live(tracks, thread, tracks->now_ns, 0);
	}
	memcpy(thread->process->comm, event->comm, COMM_SIZE);
	tracks_describe(tracks, thread->process, argv, length);
	rename_thread(perfetto, thread, event->comm);
	mark_on_calls(perfetto, thread, "exec",
		      mark_label(perfetto, "exec %s", tracks_name(&tracks->name, event->comm)));
}

void show_rename(struct perfetto *perfetto, const struct event *event)
{
	struct thread_track *thread = tracks_actor(&perfetto->tracks, event);

	if (thread)
		rename_thread(perfetto, thread, ((const struct event_rename *)event)->new_comm);
}

void show_exit(struct perfetto *perfetto, const struct event *event)
{
	const struct event_exit *told = (const void *)event;
	struct ending ending = describe_status(told->status);
	struct thread_track *thread = tracks_actor(&perfetto->tracks, event);
	char made_up[16];

	if (!thread)
		return;
	if (told->group_dead)
		thread->process->exited_ns = perfetto->tracks.now_ns;
	mark_on_calls(perfetto, thread, "exit",
		      ending.signal ? mark_label(perfetto, "killed by %s", describe_signal(ending.signal, made_up))
				    : mark_label(perfetto, "exit %d", ending.code));
}

static void show_process_end(struct perfetto *perfetto, struct process_track *process, uint32_t state)
{
	struct tracks *tracks = &perfetto->tracks;
	struct packet_mark mark =
	    mark_on(perfetto, process->track, "zombie", "reaped by the kernel: SIGCHLD is ignored");

	if (state == END_AUTOREAPED)
		packet_instant(&tracks->packets, &mark);
	if (state == END_ZOMBIE) {
		process->dead_ns = tracks->now_ns;
		tracks_count_zombies(tracks, tracks->now_ns, 1);
		return;
	}
	/* END_REAPED: a waiter was quicker than this. If its return was not told yet, that comes, and draws the arrow
	 */
	if (state == END_AUTOREAPED || process->reap_told)
		tracks_forget_process(tracks, process);
	else
		process->gone = true;
}

void show_end(struct perfetto *perfetto, const struct event *event)
{
	const struct event_end *end = (const void *)event;
	struct tracks *tracks = &perfetto->tracks;
	struct thread_track *thread = tracks_thread(tracks, event->tid, event->start_ns);
	struct process_track *process = tracks_process(tracks, event->pid, event->start_ns);

	if (end->state == END_THREAD) {
		if (thread && thread->replaced)
			thread->replaced = false;
		else if (thread)
			track_end_thread(perfetto, thread);
		return;
	}
	if (!process || process->dead_ns || process->gone)
		return;
	while (process->threads)
		track_end_thread(perfetto, process->threads);
	tracks_end_process(tracks, process, tracks->now_ns);
	show_process_end(perfetto, process, end->state);
}

/* ---- what was there before ---- */

void show_snap_process(struct perfetto *perfetto, const struct event *event)
{
	const struct event_snap_process *snap = (const void *)event;
	const struct process_ref id = {event->pid, event->start_ns};
	struct tracks *tracks = &perfetto->tracks;
	struct process_track *process = tracks_add_process(tracks, id, snap->nspid, event->comm);
	uint32_t length;
	const char *argv = EVENT_BLOB(event, snap_process, argv, &length);

	if (!process || process->dead_ns || process->exited_ns)
		return;
	process->watched = snap->scope == SCOPE_TARGET;
	process->ns_pid = snap->nspid ? snap->nspid : process->ns_pid;
	tracks_describe(tracks, process, argv, length);
	if (snap->dead != 1) {
		tracks_process_live(tracks, process, tracks->now_ns);
		return;
	}
	tracks_end_process(tracks, process, tracks->now_ns);
	process->dead_ns = tracks->now_ns;
	process->dead_before = true;
	tracks_count_zombies(tracks, tracks->now_ns, 1);
}

void show_snap_thread(struct perfetto *perfetto, const struct event *event)
{
	struct process_track *process = tracks_process(&perfetto->tracks, event->pid, event->start_ns);
	struct thread_track *thread;

	if (!process || process->dead_ns)
		return;
	thread = tracks_add_thread(&perfetto->tracks, process, event->tid, event->comm);
	if (thread)
		tracks_live(&perfetto->tracks, thread, perfetto->tracks.now_ns, 0);
}
