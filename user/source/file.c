/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A trace file as a source of events. What a live run ends with must come here too: if the file does not tell how the
 * observation ended (cut off, or damaged from some place on), a `finish` with ENDED_CUT is added at the time of the
 * last event, so that analyzers conclude on what there is. Records that had to be left out are told as a `lost` event.
 */
#include "source/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"

/* Records per pump: enough to make its cost vanish, few enough for a caller to stay answerable. */
#define BATCH 4096

struct file_source {
	struct source source;
	struct trace_reader *reader;
	char *path;
	uint64_t last_ns;                /* latest time of an event so far */
	struct event recorder;           /* head of `begin`: lifeline as it was then */
	uint64_t skipped;                /* as of the last look */
	uint64_t bad[EVENT_GROUP_COUNT]; /* told so far */
	bool any, finished;
};

static int tell_lost_of(struct file_source *file, enum event_group group, uint64_t now_ns, record_fn record,
			void *context)
{
	struct event_lost lost = {.h = file->recorder, .class = group, .since_ns = file->last_ns};
	uint64_t bad = trace_bad(file->reader, group);

	if (bad == file->bad[group])
		return 0;
	lost.h.kind = EVENT_lost;
	lost.h.size = sizeof(lost);
	lost.h.t_ns = now_ns;
	lost.count = bad - file->bad[group];
	file->bad[group] = bad;
	return record(context, &lost, sizeof(lost));
}

/* What was left out came between the last event and now. */
static int tell_lost(struct file_source *file, uint64_t now_ns, record_fn record, void *context)
{
	uint64_t skipped = trace_skipped(file->reader);
	int status = 0;

	if (skipped == file->skipped)
		return 0;
	file->skipped = skipped;
	for (unsigned group = 0; group < EVENT_GROUP_COUNT && !status; group++)
		status = tell_lost_of(file, group, now_ns, record, context);
	return status;
}

static int tell_finish(struct file_source *file, record_fn record, void *context)
{
	struct event_finish finish = {.h = file->recorder, .ended_by = ENDED_CUT, .exit_status = -1};

	if (file->finished || !file->any)
		return 0;
	file->finished = true;
	finish.h.kind = EVENT_finish;
	finish.h.size = sizeof(finish);
	finish.h.t_ns = file->last_ns;
	return record(context, &finish, sizeof(finish));
}

/* The reader has no more, by a good end (0), a cut (0) or an error. */
static int end_stream(struct file_source *file, int status, record_fn record, void *context, struct error *error)
{
	int told = tell_lost(file, file->last_ns, record, context);

	if (!told)
		told = tell_finish(file, record, context);
	if (status || told)
		return status ? status : told;
	if (file->any)
		return 0;
	error_set(error, -ENODATA, "the trace %s holds no events%s", file->path,
		  trace_is_cut(file->reader) ? ": it is cut off within the first block" : "");
	return -ENODATA;
}

static int hand_over(struct file_source *file, const struct event *event, record_fn record, void *context)
{
	int status = tell_lost(file, event->t_ns, record, context);

	if (status < 0)
		return status;
	file->any = true;
	if (event->t_ns > file->last_ns)
		file->last_ns = event->t_ns;
	if (event->kind == EVENT_begin)
		file->recorder = *event;
	file->finished |= event->kind == EVENT_finish;
	return record(context, event, event->size);
}

static int pump(struct source *source, record_fn record, void *context, struct error *error)
{
	struct file_source *file = (struct file_source *)source;
	const struct event *event;

	for (unsigned i = 0; i < BATCH; i++) {
		int status = trace_read(file->reader, &event, error);

		if (status <= 0)
			return end_stream(file, status, record, context, error);
		status = hand_over(file, event, record, context);
		if (status < 0)
			return status;
	}
	return 1;
}

static void close_file(struct source *source)
{
	struct file_source *file = (struct file_source *)source;

	trace_close(file->reader);
	free(file->path);
	free(file);
}

static const struct source_ops file_ops = {.pump = pump, .close = close_file, .reorder_ns = 0};

int source_file_open(const char *path, struct source **source, struct error *error)
{
	struct file_source *file = calloc(1, sizeof(*file));
	int status = -ENOMEM;

	*source = NULL;
	if (file)
		file->path = strdup(path);
	if (!file || !file->path)
		error_errno(error, -ENOMEM, "cannot read the trace %s", path);
	else
		status = trace_open(path, &file->reader, error);
	if (status) {
		if (file)
			close_file(&file->source);
		return status;
	}
	file->source.ops = &file_ops;
	*source = &file->source;
	return 0;
}
