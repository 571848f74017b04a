/* SPDX-License-Identifier: BSD-2-Clause
 * Tracks of the perfetto export; see tracks.h. */
#include "sink/common/tracks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum track_kind { KIND_PROCESS, KIND_THREAD, KIND_CALLS };

/* splitmix64's finisher, by Sebastiano Vigna: a good spread of few bits over 64. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

/* Small numbers are the tracks that are nobody's. */
static uint64_t number_of(uint32_t pid, uint64_t start_ns, unsigned kind)
{
	uint64_t number = mix(mix(start_ns + 1) + ((uint64_t)pid << 2 | kind));

	return number < 256 ? number + 256 : number;
}

uint64_t tracks_of_process(struct process_ref id)
{
	return number_of(id.pid, id.start_ns, KIND_PROCESS);
}

const char *tracks_name(struct buffer *out, const char comm[COMM_SIZE])
{
	buffer_clear(out);
	text_escape(out, comm, strnlen(comm, COMM_SIZE), 0);
	return buffer_text(out);
}

static void comm_copy(char *to, const char *from)
{
	memcpy(to, from, COMM_SIZE);
	to[COMM_SIZE - 1] = '\0';
}

/* ---- who there is --------------------------------------------------------------------------------------- */

struct process_track *tracks_process(struct tracks *tracks, uint32_t pid, uint64_t start_ns)
{
	return pid && start_ns ? hash_get(&tracks->processes, pid, start_ns) : NULL;
}

struct thread_track *tracks_thread(struct tracks *tracks, uint32_t tid, uint64_t start_ns)
{
	return tid && start_ns ? hash_get(&tracks->threads, tid, start_ns) : NULL;
}

/* Words of a stranger, NUL-separated, each escaped. */
static void escape_words(struct buffer *out, const char *words, size_t length)
{
	buffer_clear(out);
	for (size_t at = 0; words && at < length;) {
		size_t word = strnlen(words + at, length - at);

		text_escape(out, words + at, word, 0);
		buffer_char(out, '\0');
		at += word + 1;
	}
}

void tracks_describe(struct tracks *tracks, const struct process_track *process, const char *words, size_t length)
{
	const bool nested = process->ns_pid && process->ns_pid != process->id.pid;
	char label[48];

	snprintf(label, sizeof(label), "pid %u in its namespace", process->ns_pid);
	escape_words(&tracks->text, words, length);
	packet_process(&tracks->packets, process->track, process->id.pid, process->id.start_ns,
		       tracks_name(&tracks->name, process->comm), buffer_text(&tracks->text), tracks->text.length,
		       nested ? label : NULL);
}

void tracks_describe_thread(struct tracks *tracks, const struct thread_track *thread)
{
	packet_thread(&tracks->packets, thread->track, thread->process->id.pid, thread->tid,
		      tracks_name(&tracks->name, thread->comm));
}

struct process_track *tracks_add_process(struct tracks *tracks, struct process_ref id, uint32_t ns_pid,
					 const char comm[COMM_SIZE])
{
	struct process_track *process = tracks_process(tracks, id.pid, id.start_ns);

	if (process || !id.pid || !id.start_ns)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process || hash_put(&tracks->processes, id.pid, id.start_ns, process)) {
		free(process);
		tracks->failed = true;
		return NULL;
	}
	process->id = id;
	process->ns_pid = ns_pid;
	process->track = tracks_of_process(id);
	comm_copy(process->comm, comm);
	tracks_describe(tracks, process, NULL, 0);
	return process;
}

struct thread_track *tracks_add_thread(struct tracks *tracks, struct process_track *process, uint32_t tid,
				       const char comm[COMM_SIZE])
{
	struct thread_track *thread;

	if (!process || !tid)
		return NULL;
	thread = tracks_thread(tracks, tid, process->id.start_ns);
	if (thread)
		return thread;
	thread = calloc(1, sizeof(*thread));
	if (!thread || hash_put(&tracks->threads, tid, process->id.start_ns, thread)) {
		free(thread);
		tracks->failed = true;
		return NULL;
	}
	thread->process = process;
	thread->tid = tid;
	thread->track = number_of(tid, process->id.start_ns, KIND_THREAD);
	thread->calls = number_of(tid, process->id.start_ns, KIND_CALLS);
	comm_copy(thread->comm, comm);
	thread->next = process->threads;
	thread->link = &process->threads;
	if (thread->next)
		thread->next->link = &thread->next;
	process->threads = thread;
	tracks_describe_thread(tracks, thread);
	return thread;
}

struct thread_track *tracks_actor(struct tracks *tracks, const struct event *event)
{
	const struct process_ref id = {event->pid, event->start_ns};
	struct thread_track *thread = tracks_thread(tracks, event->tid, event->start_ns);

	if (thread)
		return thread;
	return tracks_add_thread(tracks, tracks_add_process(tracks, id, 0, event->comm), event->tid, event->comm);
}

/* ---- slices ------------------------------------------------------------------------------------------------ */

void tracks_live(struct tracks *tracks, struct thread_track *thread, uint64_t t_ns, uint64_t flow)
{
	const struct packet_mark mark = {
	    .t_ns = t_ns, .track = thread->track, .name = "alive", .category = "thread", .flow_in = flow};

	if (thread->alive && flow) /* born twice, says the stream: the arrow must end somewhere */
		packet_instant(&tracks->packets, &mark);
	if (thread->alive)
		return;
	thread->alive = true;
	thread->state_since_ns = t_ns;
	packet_slice_begin(&tracks->packets, &mark);
}

void tracks_process_live(struct tracks *tracks, struct process_track *process, uint64_t t_ns)
{
	const struct packet_mark mark = {.t_ns = t_ns, .track = process->track, .name = "alive", .category = "process"};

	if (process->alive)
		return;
	process->alive = true;
	packet_slice_begin(&tracks->packets, &mark);
}

void tracks_state(struct tracks *tracks, struct thread_track *thread, uint64_t t_ns, enum run_state state,
		  const char *name, uint64_t flow)
{
	const struct packet_mark mark = {
	    .t_ns = t_ns, .track = thread->track, .name = name, .category = "state", .flow_in = flow};

	if (thread->state != RUN_UNKNOWN)
		packet_slice_end(&tracks->packets, t_ns, thread->track);
	if (state != RUN_UNKNOWN)
		packet_slice_begin(&tracks->packets, &mark);
	thread->state = state;
	thread->state_since_ns = t_ns;
}

uint64_t tracks_calls(struct tracks *tracks, struct thread_track *thread)
{
	if (!thread->calls_told)
		packet_track(&tracks->packets, thread->calls, thread->track, "calls");
	thread->calls_told = true;
	return thread->calls;
}

void tracks_call_end(struct tracks *tracks, struct thread_track *thread, uint64_t t_ns)
{
	if (thread->in_call)
		packet_slice_end(&tracks->packets, t_ns, thread->calls);
	thread->in_call = false;
}

static void unlink_thread(struct thread_track *thread)
{
	*thread->link = thread->next;
	if (thread->next)
		thread->next->link = thread->link;
}

void tracks_end_thread(struct tracks *tracks, struct thread_track *thread, uint64_t t_ns)
{
	tracks_call_end(tracks, thread, t_ns);
	if (t_ns < thread->state_since_ns)
		t_ns = thread->state_since_ns; /* out of order: a slice must not end before it begins */
	tracks_state(tracks, thread, t_ns, RUN_UNKNOWN, NULL, 0);
	if (thread->alive)
		packet_slice_end(&tracks->packets, t_ns, thread->track);
	unlink_thread(thread);
	hash_remove(&tracks->threads, thread->tid, thread->process->id.start_ns);
	free(thread);
}

void tracks_end_process(struct tracks *tracks, struct process_track *process, uint64_t t_ns)
{
	while (process->threads)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): unlink_thread has made the next one the first */
		tracks_end_thread(tracks, process->threads, t_ns);
	if (process->alive)
		packet_slice_end(&tracks->packets, t_ns, process->track);
	process->alive = false;
}

void tracks_zombie(struct tracks *tracks, struct process_track *process, uint64_t t_ns, uint64_t flow)
{
	struct packet_mark mark = {.t_ns = process->dead_ns,
				   .track = process->track,
				   .name = "dead, not reaped",
				   .category = "zombie",
				   .flow_out = flow};

	if (!process->dead_ns)
		return;
	if (process->dead_before)
		packet_note_text(&mark, "since", "before the observation");
	packet_slice_begin(&tracks->packets, &mark);
	packet_slice_end(&tracks->packets, t_ns, process->track);
	process->dead_ns = 0;
}

void tracks_forget_process(struct tracks *tracks, struct process_track *process)
{
	tracks_end_process(tracks, process, tracks->now_ns); /* nothing is open, unless events contradict one another */
	hash_remove(&tracks->processes, process->id.pid, process->id.start_ns);
	free(process);
}

void tracks_count_zombies(struct tracks *tracks, uint64_t t_ns, int change)
{
	tracks->zombies += change;
	packet_count(&tracks->packets, t_ns, TRACK_ZOMBIES, tracks->zombies);
}

/* In the order of identities, not of the table: a replay must give the same bytes, and people a stable order. */
static int by_identity(const void *left, const void *right)
{
	const struct process_track *a = *(struct process_track *const *)left,
				   *b = *(struct process_track *const *)right;

	if (a->id.start_ns != b->id.start_ns)
		return a->id.start_ns < b->id.start_ns ? -1 : 1;
	return a->id.pid < b->id.pid ? -1 : a->id.pid > b->id.pid;
}

static void close_process(struct tracks *tracks, struct process_track *process, uint64_t t_ns)
{
	tracks_end_process(tracks, process, t_ns);
	tracks_zombie(tracks, process, t_ns, 0);
	free(process);
}

void tracks_close(struct tracks *tracks, uint64_t t_ns)
{
	size_t cursor = 0, count = 0;
	struct process_track *process, **all = malloc((tracks->processes.count + 1) * sizeof(*all));

	while ((process = hash_next(&tracks->processes, &cursor)))
		if (all)
			all[count++] = process;
	if (all)
		qsort(all, count, sizeof(*all), by_identity);
	tracks->failed |= !all;
	for (size_t i = 0; all && i < count; i++)
		close_process(tracks, all[i], t_ns);
	free(all);
	hash_free(&tracks->processes);
	hash_free(&tracks->threads);
}
