/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The contract of an analyzer: one file user/analyze/NAME.c that ends in `const struct analyzer analyzer_NAME`. The
 * registry is made from the folder listing. An analyzer keeps private state, reads the model (const, already updated
 * with the event it is shown), and its only output is findings_add. Shared helpers live in analyze/common/.
 */
#ifndef LIFELINE_ANALYZE_ANALYZER_H
#define LIFELINE_ANALYZE_ANALYZER_H

#include "finding/finding.h"
#include "model/model.h"

struct analysis { /* what an analyzer is given */
	const struct model *model;
	struct findings *findings;
	uint64_t zombie_after_ns;
	uint64_t contended_after_ns;
};

struct analyzer {
	const char *name;
	const struct verdict *verdicts; /* ends with a NULL code */
	unsigned wants;			/* mask of 1 << enum event_group: decides which BPF programs load */
	/* All may be NULL. open returns private state through *state. 0 or negative errno. */
	int (*open)(const struct analysis *analysis, void **state);
	int (*event)(const struct analysis *analysis, void *state, const struct event *event);
	/* The observation is over: conclude what needs an end. Called once, also for a trace that was cut off. */
	int (*close)(const struct analysis *analysis, void *state);
	void (*free)(void *state);
	/* What can be concluded so far, of an observation that goes on: as close, into findings that are thrown away,
	 * and nothing that a later event or close could notice is changed. NULL: it can only conclude at the end. */
	int (*preview)(const struct analysis *analysis, void *state);
	/*
	 * A long observation folds the records of processes that are over into totals (model_retire). `needs`: this one
	 * may still be concluded from, or the state points to it: it stays. Asked again and again, so let it be quick.
	 * `forget`: it is about to go; drop what is kept of it. NULL: needs none, keeps nothing.
	 */
	bool (*needs)(const struct analysis *analysis, const void *state, const struct process *process);
	void (*forget)(void *state, const struct process *process);
	/* The same for a thread, which may go before its process does: who needs a thread needs its process as well,
	 * and forget_thread comes for those of a process that goes, too. */
	bool (*needs_thread)(const struct analysis *analysis, const void *state, const struct process *process,
			     const struct thread *thread);
	void (*forget_thread)(void *state, const struct thread *thread);
};

extern const struct analyzer *const analyzers[]; /* generated; NULL at the end */

/* The verdict of this code among all analyzers, or NULL. */
const struct verdict *verdict_find(const char *code);

#endif
