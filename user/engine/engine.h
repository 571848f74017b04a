/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Wires one source through check, order, trace writer, model and analyzers to the sinks. The same for live and replay.
 */
#ifndef LIFELINE_ENGINE_ENGINE_H
#define LIFELINE_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/analyzer.h"
#include "base/error.h"
#include "sink/sink.h"
#include "source/source.h"

/* As attach has it: for whoever reads events as they come, and wants no row of each process at the end. */
extern const struct retire_rule engine_retire_usual;

struct engine_options {
	uint64_t zombie_after_ns;    /* 0: as the trace's `begin` says */
	uint64_t contended_after_ns; /* 0: as the trace's `begin` says */
	const char *record;	     /* trace file to write, or NULL */
	/* who comes and goes (model_retire); NULL: as is usual: `run` keeps all, attach the last thousands */
	const struct retire_rule *retire;
	const char *const *analyzers; /* names of those that are to conclude, NULL-terminated; NULL: all */
	/* told of findings that should be known before the report (findings_notify), when they are reached; or NULL */
	void (*notify)(void *context, const struct finding *finding);
	/* told each second (preview_ns, 0: a second) what could be concluded so far; or NULL. Same context */
	void (*preview)(void *context, const struct findings *so_far);
	uint64_t preview_ns;
	void *notify_context;
};

struct engine {
	struct model *model;
	struct findings *findings;
	uint64_t refused; /* records that failed the check */
	uint64_t late;	  /* records that came out of the reorder window */
	bool began;
};

/* The groups of events that these analyzers want (NULL: all there are): mask of 1 << enum event_group. */
unsigned engine_wants(const char *const *analyzers);

/* Whether a trace may be recorded to `path`: asked before a command is started. Makes and changes nothing. */
int engine_may_record(const char *path, struct error *error);

/*
 * Runs the source to its end. On return the model and the (sorted) findings are complete, also if the source failed
 * midway (then the error is returned and what was seen until then is there). engine_free releases.
 * `observe`, if given, sees each event after the model and the analyzers did (sinks that want events).
 */
int engine_run(struct engine *engine, struct source *source, const struct engine_options *options,
	       int (*observe)(void *context, const struct event *event), void *context, struct error *error);
void engine_free(struct engine *engine);

#endif
