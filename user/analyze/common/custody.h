/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Custody: the time in which one process owed the wait for one dead child. It begins with the child's death, or when
 * the dead child is handed over because its parent ended, and is over when the status is collected, when the parent
 * itself ends, or with the observation. Those that lasted longer than the limit are kept, with what the parent was seen
 * doing.
 *
 * What must be remembered is taken at the moment the limit passes: the model's record of the parent's waits goes on
 * changing afterwards (the late wait that at last collects the child would look like a reaper at work).
 */
#ifndef LIFELINE_ANALYZE_COMMON_CUSTODY_H
#define LIFELINE_ANALYZE_COMMON_CUSTODY_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/analyzer.h"

enum custody_end {
	CUSTODY_OPEN,         /* the child is dead and unreaped still, or until the end of the observation */
	CUSTODY_REAPED,       /* collected by that parent */
	CUSTODY_PARENT_ENDED, /* the parent ended first */
	CUSTODY_GONE,         /* collected by nobody that was seen */
};

struct custody {
	const struct process *child, *parent;
	uint64_t since_ns, until_ns;
	enum custody_end end;
	const struct adoption *adoption; /* how the parent came to owe it; NULL: it is the one it was born to */
	/* from when on the parent's waits count: the child's birth, its adoption, the start of observation, or when the
	 * parent became the program that it is */
	uint64_t owed_ns;
	bool became; /* it is the last of these */
	/* what the parent did, all of it before until_ns */
	bool collected_others; /* it reaped other children while this one was dead */
	bool waited_before;    /* a matching wait since owed_ns, but none since since_ns */
	bool waited_since;     /* a matching wait since since_ns, other than the one that collected it */
	bool waiting_now;      /* when the limit passed, a matching wait was in progress: then nobody is to blame */
	bool blocked;          /* when the limit passed, it was blocked in a wait that cannot match: other_wait */
	bool waited_otherwise; /* a wait that cannot match, since since_ns: other_wait */
	struct wait_sign other_wait;
	uint64_t merged_ns; /* a SIGCHLD to the parent found another pending while this child was dead */
	bool
	    unseen_waits; /* children of this parent were collected, and no wait for them was seen: it has other ways */
	bool looked;      /* look is about this custody, as near after its limit as there was one */
	struct zombie_look look;
};

struct custodies; /* the keeper */

struct custodies *custodies_new(void);
void custodies_free(struct custodies *custodies);
/* To be shown each event. O(1) but for a child whose limit passes or is over. 0 or -ENOMEM. */
int custodies_event(struct custodies *custodies, const struct analysis *analysis, const struct event *event);
/* Does any custody point to the process, as child or as parent? */
bool custodies_need(const struct custodies *custodies, const struct process *process);
/* Drops what is kept of it: the model is about to. */
void custodies_forget(struct custodies *custodies, const struct process *process);
/*
 * As if the observation were over now: those that are open and over the limit are counted among the kept ones until
 * custodies_preview_end. 0 or -ENOMEM (then to be ended as well).
 */
int custodies_preview(struct custodies *custodies, const struct analysis *analysis);
void custodies_preview_end(struct custodies *custodies);
/* The observation is over. 0 or -ENOMEM. */
int custodies_close(struct custodies *custodies, const struct analysis *analysis);
/* Those over the limit, after close, in order of their ends. */
size_t custodies_count(const struct custodies *custodies);
const struct custody *custodies_get(const struct custodies *custodies, size_t index);
/* Calls `tell` for each child that is dead and unreaped at the end, but not (yet) for longer than the limit. */
void custodies_recent(const struct custodies *custodies, void (*tell)(void *context, const struct process *child),
		      void *context);

#endif
