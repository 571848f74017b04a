/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looks at processes that may be daemons, and at their pidfiles: whom, and when. Shared among user/source/live*.c only.
 */
#ifndef LIFELINE_SOURCE_LIVE_SESSIONS_H
#define LIFELINE_SOURCE_LIVE_SESSIONS_H

#include "source/live_internal.h"

struct pidfiles;

struct sessions {               /* zero is empty */
	struct hash candidates; /* (pid, start) -> struct candidate: orphans that live */
	struct pidfiles *pidfiles;
	uint64_t not_before_ns; /* the next look at processes: these cost a walk over all tasks */
	bool out_of_memory;
};

/* Takes note of what this record says; it has passed the check of its size. */
void sessions_event(struct sessions *sessions, const struct live_bpf *bpf, const struct event *event);
/* Looks at whom and what it is time to look at. 0, or that the kernel could not be asked: negative errno. */
int sessions_turn(struct sessions *sessions, struct live_bpf *bpf, uint64_t now_ns, record_fn record, void *context);
/* Looks at all targets: what was there before. */
int sessions_look_at_all(struct sessions *sessions, struct live_bpf *bpf, record_fn record, void *context);
/* Looks at all orphans; with `pidfiles` at those as well: the last look. */
int sessions_look_again(struct sessions *sessions, struct live_bpf *bpf, bool pidfiles, record_fn record,
			void *context);
/* Is there an orphan in the middle of becoming a daemon, or a pidfile to be looked at within a moment? */
bool sessions_unsettled(const struct sessions *sessions, uint64_t now_ns);
void sessions_free(struct sessions *sessions);

/* ---- live_pidfiles.c ----------------------------------------------------------------------------------------- */

void pidfiles_event(struct sessions *sessions, const struct event *event);
/* Reads those that are due, or all; tells what has changed. */
void pidfiles_look(struct sessions *sessions, const struct live_bpf *bpf, uint64_t now_ns, bool all, record_fn record,
		   void *context);
/* Is there one that is to be looked at within a moment? */
bool pidfiles_due(const struct sessions *sessions);
/* Looks where such files are kept (/run) for those of the candidates. */
void pidfiles_search(struct sessions *sessions, const struct live_bpf *bpf, record_fn record, void *context);
void pidfiles_free(struct sessions *sessions);

struct candidate { /* an orphan */
	uint64_t start_ns;
	uint64_t since_ns; /* its adoption, or its last step */
	uint64_t due_ns;   /* the next look; 0 none */
	uint32_t pid, looks;
	bool looked, on_its_way; /* at the last look it ran its parent's program, or was in a session of its own */
};

#endif
