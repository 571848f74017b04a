/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was concluded: findings with their evidence, kept deduplicated and ordered worst first. A code's fixed facts
 * (severity, what it means, how to confirm, how to fix) stand once, in the verdict table of its analyzer.
 */
#ifndef LIFELINE_FINDING_FINDING_H
#define LIFELINE_FINDING_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/model.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct verdict { /* constant, one per code */
	const char *code; /* "zombie.never-waited" */
	enum severity severity;
	const char *title;   /* the code in a few words, for lists */
	const char *meaning; /* what it means: a paragraph */
	const char *confirm; /* how to see it with other tools */
	const char *fix;     /* what to change */
	bool at_once;	     /* something that goes on, and that somebody should know before the report */
};

struct evidence {
	uint64_t t_ns; /* CLOCK_BOOTTIME; 0: holds for the whole observation */
	char *text;    /* owned, not escaped */
};

struct finding {
	const struct verdict *verdict;
	enum severity severity; /* the verdict's, or lower (findings_add lowers it when events were lost) */
	bool certain;
	struct process_ref process; /* subject; pid 0: none (then null in JSON) */
	char comm[COMM_SIZE];
	uint64_t since_ns, until_ns; /* the window that it was concluded from; a loss inside makes it uncertain */
	char *title;		     /* owned: one sentence naming the subject; names in it are not escaped */
	char *detail;		     /* owned: a JSON object, keys as in SPEC; NULL is {} */
	char *help;		     /* owned: what to do, exact call or command; lines separated by \n */
	struct evidence *evidence;   /* owned, in order of time */
	size_t evidence_count;
	uint32_t *locks;	     /* owned: numbers of the locks it is about, the main one first */
	size_t lock_count;
	uint64_t key; /* with code and process: equal findings are one (the later replaces); 0 normally */
	bool failed;  /* memory ran out while it was filled: findings_add refuses it */
};

struct findings; /* the collection */

struct findings *findings_new(const struct model *model);
void findings_free(struct findings *findings);

/*
 * Starts a finding on `process` (NULL: on none): copies identity and comm, sets severity from the verdict. Fill with
 * the functions below, then hand it over with findings_add, which takes ownership of everything in it, also on failure.
 */
void finding_begin(struct finding *finding, const struct verdict *verdict, const struct process *process);
void finding_title(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_help(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Evidence with its time (also widens the window). */
void finding_evidence(struct finding *finding, uint64_t t_ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Says that it is about this lock too; 0 and those it has already are passed over. */
void finding_lock(struct finding *finding, uint32_t number);
/* Takes the buffer's text as `detail`. */
void finding_detail(struct finding *finding, struct buffer *json);
/*
 * Adds it. `groups`: bit mask (1 << enum event_group) of the classes whose loss within the window would make it
 * doubtful; if one was lost there: certain = false, severity = note, and a line of evidence says so. 0 or -ENOMEM.
 */
int findings_add(struct findings *findings, struct finding *finding, unsigned groups);

/* Sorted: errors, warnings, notes; within, by code order of SPEC's list is not needed: by time, then pid. */
const struct finding *findings_get(const struct findings *findings, size_t index); /* NULL past the end */
size_t findings_count(const struct findings *findings);
void findings_sort(struct findings *findings);
/* Is there a finding of this kind ("deadlock") or code about the lock? */
bool findings_tell_of_lock(const struct findings *findings, const char *kind, uint32_t number);
/* From now on `notify` is told of each new finding whose verdict says at_once, when it is added: once each, not again
 * when it is replaced. NULL: nobody. */
void findings_notify(struct findings *findings, void (*notify)(void *context, const struct finding *finding),
		     void *context);
/* Does `list` ("zombie", "exit.killed", "any", separated by commas) match any? */
bool findings_match(const struct findings *findings, const char *list);

const char *severity_name(enum severity severity); /* "error", … */

#endif
