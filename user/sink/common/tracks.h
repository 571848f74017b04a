/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who has a track in the perfetto export, and which slices are open on it. Only what lives, or is dead and not reaped,
 * is kept; the rest has been written. A track's number follows from the identity, so that it can be told again later.
 *
 *   process   "alive" from birth to end; "dead, not reaped" from end to reap
 *   thread    its life, with its states inside (--switches all)
 *   calls     of a thread: what it waits for in a call, and marks
 */
#ifndef LIFELINE_SINK_COMMON_TRACKS_H
#define LIFELINE_SINK_COMMON_TRACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/common/packet.h"

enum run_state { RUN_UNKNOWN, RUN_RUNNING, RUN_RUNNABLE, RUN_BLOCKED };

struct thread_track {
	struct process_track *process;
	uint32_t tid;
	char comm[COMM_SIZE];
	uint64_t track, calls;
	bool calls_told;     /* the calls track has been described */
	bool alive, in_call; /* slices that are open */
	bool replaced;	     /* another thread has become the leader by exec: the old one's end is still to come */
	enum run_state state;
	uint64_t state_since_ns;
	struct thread_track *next, **link; /* of the process; link points here */
};

struct process_track {
	struct process_ref id;
	uint32_t ns_pid; /* in the innermost pid namespace; 0 unknown */
	char comm[COMM_SIZE];
	uint64_t track;
	bool alive;   /* the slice is open */
	bool watched; /* a target: all of its switches are told; of others only those that concern one */
	uint64_t exited_ns, dead_ns; /* dead_ns: it is a zombie since then */
	bool dead_before;	     /* it was one when observation began */
	bool reap_told; /* before its end was */
	bool gone;	/* its end said that it had been reaped, before the reap was told */
	struct thread_track *threads;
};

struct tracks {
	struct packets packets;
	struct hash processes; /* (pid, start) → process_track */
	struct hash threads;   /* (tid, start of the process) → thread_track */
	struct buffer name, text;
	uint64_t now_ns;
	int64_t zombies;
	bool failed; /* memory ran out */
};

#define TRACK_OBSERVATION 1 /* marks that are nobody's */
#define TRACK_ZOMBIES 2	    /* counter */
#define TRACK_RUNNABLE 3    /* counter, --switches all */

uint64_t tracks_of_process(struct process_ref id);

/* Escaped for people, in the buffer given, which is emptied first. */
const char *tracks_name(struct buffer *out, const char comm[COMM_SIZE]);

/* NULL: not known. */
struct process_track *tracks_process(struct tracks *tracks, uint32_t pid, uint64_t start_ns);
struct thread_track *tracks_thread(struct tracks *tracks, uint32_t tid, uint64_t start_ns);
/* The event's actor; its tracks are made, without a life on them, if nothing was known of it. NULL: nobody, or out of
 * memory. */
struct thread_track *tracks_actor(struct tracks *tracks, const struct event *event);
/* Made and described, or found. NULL: no identity, or out of memory. */
struct process_track *tracks_add_process(struct tracks *tracks, struct process_ref id, uint32_t ns_pid,
					 const char comm[COMM_SIZE]);
struct thread_track *tracks_add_thread(struct tracks *tracks, struct process_track *process, uint32_t tid,
				       const char comm[COMM_SIZE]);
void tracks_describe(struct tracks *tracks, const struct process_track *process, const char *words, size_t length);
void tracks_describe_thread(struct tracks *tracks, const struct thread_track *thread);

/* Its life begins, with the end of an arrow if `flow`. Nothing if it has begun. */
void tracks_live(struct tracks *tracks, struct thread_track *thread, uint64_t t_ns, uint64_t flow);
void tracks_process_live(struct tracks *tracks, struct process_track *process, uint64_t t_ns);
/* A state ends and another begins; RUN_UNKNOWN: only ends. `name` of the slice. Never before the last change. */
void tracks_state(struct tracks *tracks, struct thread_track *thread, uint64_t t_ns, enum run_state state,
		  const char *name, uint64_t flow);
/* The track for calls of a thread, described when first used. */
uint64_t tracks_calls(struct tracks *tracks, struct thread_track *thread);
void tracks_call_end(struct tracks *tracks, struct thread_track *thread, uint64_t t_ns);
/* Ends what is open of it and forgets it. */
void tracks_end_thread(struct tracks *tracks, struct thread_track *thread, uint64_t t_ns);
/* The process ends: its slice, and whatever threads are left. */
void tracks_end_process(struct tracks *tracks, struct process_track *process, uint64_t t_ns);
/* It is a zombie from dead_ns until t_ns; flow: the arrow to who reaps it, or 0. */
void tracks_zombie(struct tracks *tracks, struct process_track *process, uint64_t t_ns, uint64_t flow);
void tracks_forget_process(struct tracks *tracks, struct process_track *process);
void tracks_count_zombies(struct tracks *tracks, uint64_t t_ns, int change);
/* Ends all that is open, and frees. */
void tracks_close(struct tracks *tracks, uint64_t t_ns);

#endif
