/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where events come from. A source hands over records one by one in any order within its reorder window; check and
 * order are done by the engine (source/order.h), the same for all sources.
 */
#ifndef LIFELINE_SOURCE_SOURCE_H
#define LIFELINE_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "event/event.h"

/* Receives a record of `available` readable bytes (8-aligned, not yet checked). Negative errno stops the source. */
typedef int (*record_fn)(void *context, const void *record, size_t available);

struct source {
	const struct source_ops *ops;
};

struct source_ops {
	/* Hands over what is there, waiting some 50 ms at most. 1: more may come, 0: the end, or a negative errno. */
	int (*pump)(struct source *source, record_fn record, void *context, struct error *error);
	/* Asks a live source to end (signal-safe flag); it still tells its last state and a finish. NULL: no-op. */
	void (*stop)(struct source *source);
	/* After the last pump: gives back what it had taken for observing (signals), and begins to take down in the
	 * background what can take seconds. Only close may follow. NULL: nothing of the kind. */
	void (*release)(struct source *source);
	void (*close)(struct source *source);
	/* How far out of order records can be, ns; 0: already in order (a trace file). */
	uint64_t reorder_ns;
};

static inline int source_pump(struct source *source, record_fn record, void *context, struct error *error)
{
	return source->ops->pump(source, record, context, error);
}

static inline void source_release(struct source *source)
{
	if (source->ops->release)
		source->ops->release(source);
}

static inline void source_close(struct source *source)
{
	if (source)
		source->ops->close(source);
}

/* A trace file (source/file.c). */
int source_file_open(const char *path, struct source **source, struct error *error);

/*
 * A text scenario (source/script.c), for tests and for writing down a bug; the format is described in
 * tests/cases/README.md. `expect`/`none` lines are not events: they are collected for the caller
 * (source_script_expectations).
 */
int source_script_open(const char *path, struct source **source, struct error *error);

#endif
