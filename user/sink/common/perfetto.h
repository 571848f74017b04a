/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the perfetto export share: its state, the marks and slices they make, and a function for each event
 * that shows something. `sink/perfetto.c` decides which.
 */
#ifndef LIFELINE_SINK_COMMON_PERFETTO_H
#define LIFELINE_SINK_COMMON_PERFETTO_H

#include "event/event.h"
#include "sink/common/runnable.h"
#include "sink/common/tracks.h"
#include "sink/sink.h"

struct perfetto {
	const struct sink_context *context;
	struct tracks tracks;
	struct buffer label;
	bool timeline; /* context switches are told one by one */
	struct runnable runnable;
};

typedef void show_fn(struct perfetto *perfetto, const struct event *event);

/* ---- perfetto_marks.c */
/* A text of ours, good until the next one. */
const char *mark_label(struct perfetto *perfetto, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "SIGTERM from job (4711)": words of ours, then the name of a stranger. */
const char *mark_label_of(struct perfetto *perfetto, const char *what, const char *relation, uint32_t pid,
			  const char comm[COMM_SIZE]);
/* A mark at the time of the event. */
struct packet_mark mark_on(struct perfetto *perfetto, uint64_t track, const char *category, const char *name);
void mark_on_calls(struct perfetto *perfetto, struct thread_track *thread, const char *category, const char *name);
/* On the calls of the event's actor. */
void mark_actor(struct perfetto *perfetto, const struct event *event, const char *category, const char *name);
/* An arrow that begins at a mark on this thread's calls; its number, or 0 if the thread is not known (NULL). */
uint64_t mark_arrow(struct perfetto *perfetto, struct thread_track *thread, uint64_t t_ns, const char *category,
		    const char *name);
/* As tracks_state, tracks_end_thread, and counted among those that want a processor. */
void track_set_state(struct perfetto *perfetto, struct thread_track *thread, uint64_t t_ns, enum run_state state,
		     const char *name, uint64_t flow);
void track_end_thread(struct perfetto *perfetto, struct thread_track *thread);
/* A slice on the calls begins now; one that is still open ends. Fills in time and track. */
void track_begin_call(struct perfetto *perfetto, struct thread_track *thread, struct packet_mark *mark);

/* ---- perfetto_life.c, perfetto_waits.c, perfetto_locks.c, perfetto_switch.c */
show_fn show_fork, show_thread, show_exec, show_rename, show_exit, show_end, show_snap_process, show_snap_thread;
show_fn show_reap, show_wait_enter, show_wait_exit, show_adopt;
show_fn show_chdir, show_umask, show_dup, show_close, show_open, show_file_lock, show_unlink, show_move, show_listen;
show_fn show_signal, show_oom, show_fork_failed, show_setsid, show_setpgid, show_subreaper, show_pdeathsig;
show_fn show_lock_wait, show_lock_wait_end, show_switch;

/* What is decided on an event: "" if it shows something, else why not; NULL if nobody has decided. For tests. */
const char *perfetto_decision(uint16_t kind);

#endif
