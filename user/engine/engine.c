/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The one path from a source to findings; see engine.h. What is written to a trace is exactly what the model is shown,
 * in that order, so a replay of the file folds the same events and comes to the same findings. Relies on the stream to
 * start with `begin`; whatever comes before it cannot be placed in time and is counted as refused.
 */
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "source/order.h"
#include "trace/trace.h"

/* What a kill -9 may cost of a recording. A flush ends a block, which takes some 0.1 ms and packs a little worse. */
#define FLUSH_EVERY_NS 250000000ULL
#define DEFAULT_ZOMBIE_AFTER_NS 1000000000ULL
#define DEFAULT_CONTENDED_AFTER_NS 10000000ULL

/* The dead whose story is over, and of whom the report can give a row each. */
#define KEPT_DEAD 4096
#define GRACE_NS 1000000000ULL /* late words on them: sums of waits for locks come up to 0.1 s after the end */

#define PREVIEW_EVERY_NS 1000000000ULL /* if not said otherwise */

struct run {
	struct engine *engine;
	const struct engine_options *options;
	int (*observe)(void *context, const struct event *event);
	void *context;
	struct order *order;
	struct trace_writer *writer; /* NULL: not recorded */
	uint64_t flushed_ns, previewed_ns;
	struct analysis analysis;
	void **states; /* one per analyzer, NULL before `begin` */
	const struct retire_rule *retire; /* NULL: nobody is */
};

static unsigned count_analyzers(void)
{
	unsigned count = 0;

	while (analyzers[count])
		count++;
	return count;
}

static bool is_among(const char *const *names, const struct analyzer *analyzer)
{
	if (!names)
		return true;
	while (*names && strcmp(*names, analyzer->name))
		names++;
	return *names;
}

unsigned engine_wants(const char *const *names)
{
	unsigned wants = 0;

	for (unsigned i = 0; analyzers[i]; i++)
		if (is_among(names, analyzers[i]))
			wants |= analyzers[i]->wants;
	return wants;
}

/* Is it asked? One that is not gets no state, sees nothing and concludes nothing. */
static bool is_on(const struct run *run, unsigned i)
{
	return is_among(run->options->analyzers, analyzers[i]);
}

static int open_analyzers(struct run *run, const struct event_begin *begin)
{
	run->states = calloc(count_analyzers() + 1, sizeof(*run->states));
	if (!run->states)
		return -ENOMEM;
	run->analysis = (struct analysis){.model = run->engine->model,
					  .findings = run->engine->findings,
					  .zombie_after_ns = begin->zombie_after_ns,
					  .contended_after_ns = begin->contended_after_ns};
	for (unsigned i = 0; analyzers[i]; i++) {
		int err = is_on(run, i) && analyzers[i]->open ? analyzers[i]->open(&run->analysis, &run->states[i]) : 0;

		if (err < 0)
			return err;
	}
	return 0;
}

static void record_event(struct run *run, const struct event *event)
{
	if (!run->writer)
		return;
	/* An error latches in the writer and is told by trace_finish: a full disk must not end the observation. */
	trace_write(run->writer, event);
	if (event->t_ns < run->flushed_ns + FLUSH_EVERY_NS)
		return;
	trace_flush(run->writer);
	run->flushed_ns = event->t_ns;
}

static int show_analyzers(struct run *run, const struct event *event)
{
	for (unsigned i = 0; analyzers[i]; i++) {
		int err = is_on(run, i) && analyzers[i]->event
			      ? analyzers[i]->event(&run->analysis, run->states[i], event)
			      : 0;

		if (err < 0)
			return err;
	}
	return 0;
}

/* ---- what could be concluded so far */

static int preview(struct run *run, const struct event *event)
{
	const uint64_t every_ns = run->options->preview_ns ? run->options->preview_ns : PREVIEW_EVERY_NS;
	struct analysis so_far = run->analysis;
	int err = 0;

	if (!run->options->preview || event->t_ns < run->previewed_ns + every_ns)
		return 0;
	run->previewed_ns = event->t_ns;
	so_far.findings = findings_new(run->engine->model);
	if (!so_far.findings)
		return -ENOMEM;
	for (unsigned i = 0; analyzers[i] && !err; i++)
		if (is_on(run, i) && analyzers[i]->preview)
			err = analyzers[i]->preview(&so_far, run->states[i]);
	findings_sort(so_far.findings);
	if (!err)
		run->options->preview(run->options->notify_context, so_far.findings);
	findings_free(so_far.findings);
	return err;
}

/* ---- those that came and went */

static bool needs(void *context, const struct process *process)
{
	const struct run *run = context;

	for (unsigned i = 0; analyzers[i]; i++)
		if (is_on(run, i) && analyzers[i]->needs &&
		    analyzers[i]->needs(&run->analysis, run->states[i], process))
			return true;
	return false;
}

static bool needs_thread(void *context, const struct process *process, const struct thread *thread)
{
	const struct run *run = context;

	for (unsigned i = 0; analyzers[i]; i++)
		if (is_on(run, i) && analyzers[i]->needs_thread &&
		    analyzers[i]->needs_thread(&run->analysis, run->states[i], process, thread))
			return true;
	return false;
}

static void forget_thread(void *context, const struct thread *thread)
{
	const struct run *run = context;

	for (unsigned i = 0; analyzers[i]; i++)
		if (is_on(run, i) && analyzers[i]->forget_thread)
			analyzers[i]->forget_thread(run->states[i], thread);
}

static void forget(void *context, const struct process *process)
{
	const struct run *run = context;

	for (unsigned i = 0; analyzers[i]; i++)
		if (is_on(run, i) && analyzers[i]->forget)
			analyzers[i]->forget(run->states[i], process);
}

const struct retire_rule engine_retire_usual = {.keep = KEPT_DEAD, .grace_ns = GRACE_NS};

/* A run of a command tells all of it, however long; who attaches can stay for weeks. */
static const struct retire_rule *rule_of(const struct run *run, uint32_t mode)
{
	if (run->options->retire)
		return run->options->retire;
	return mode == MODE_ATTACH ? &engine_retire_usual : NULL;
}

static void retire(struct run *run)
{
	const struct retire_users users = {.needs = needs,
					   .needs_thread = needs_thread,
					   .forget = forget,
					   .forget_thread = forget_thread,
					   .context = run};

	if (run->retire)
		model_retire(run->engine->model, run->retire, &users);
}

static int fold(struct run *run, const struct event *event)
{
	int err = model_event(run->engine->model, event);

	if (err < 0)
		return err;
	err = show_analyzers(run, event);
	if (err < 0)
		return err;
	err = run->observe ? run->observe(run->context, event) : 0;
	if (err < 0)
		run->observe = NULL; /* who failed once is not asked again while the rest is concluded */
	if (err >= 0)
		err = preview(run, event);
	retire(run);
	return err;
}

static uint64_t choose(uint64_t wanted, uint64_t recorded, uint64_t otherwise)
{
	if (wanted)
		return wanted;
	return recorded ? recorded : otherwise;
}

/*
 * `begin` carries the limits that verdicts are measured by. A limit given for this replay replaces the recorded one
 * right here, so that model and analyzers cannot disagree about it.
 */
static int fold_begin(struct run *run, const struct event *event)
{
	_Alignas(8) unsigned char bytes[EVENT_SIZE_MAX];
	struct event_begin *begin = (struct event_begin *)bytes;
	int err;

	memcpy(bytes, event, event->size);
	begin->zombie_after_ns = choose(run->options->zombie_after_ns, begin->zombie_after_ns, DEFAULT_ZOMBIE_AFTER_NS);
	begin->contended_after_ns =
	    choose(run->options->contended_after_ns, begin->contended_after_ns, DEFAULT_CONTENDED_AFTER_NS);
	run->engine->began = true;
	run->retire = rule_of(run, begin->mode);
	run->flushed_ns = run->previewed_ns = event->t_ns;
	record_event(run, &begin->h);
	err = open_analyzers(run, begin);
	return err < 0 ? err : fold(run, &begin->h);
}

/* Takes what comes out of the order stage. */
static int deliver(void *context, const struct event *event)
{
	struct run *run = context;
	bool is_begin = event->kind == EVENT_begin;

	if (is_begin == run->engine->began) { /* before the beginning, or a second one */
		run->engine->refused++;
		return 0;
	}
	if (is_begin)
		return fold_begin(run, event);
	record_event(run, event);
	return fold(run, event);
}

static int take_record(void *context, const void *record, size_t available)
{
	struct run *run = context;

	if (event_check(record, available, NULL) < 0) {
		run->engine->refused++;
		return 0;
	}
	return order_push(run->order, record);
}

static int pump_all(struct run *run, struct source *source, struct error *error)
{
	int more;

	do
		more = source_pump(source, take_record, run, error);
	while (more > 0);
	return more;
}

/* Ends what was begun, whatever happened before: what was seen until then is worth a report. */
static int conclude(struct run *run)
{
	int first = order_flush(run->order);

	if (!first && run->states)
		retire(run);
	findings_notify(run->engine->findings, NULL, NULL); /* what is concluded now stands in the report in a moment */
	for (unsigned i = 0; run->states && analyzers[i]; i++) {
		int err =
		    is_on(run, i) && analyzers[i]->close ? analyzers[i]->close(&run->analysis, run->states[i]) : 0;

		if (err < 0 && !first)
			first = err;
	}
	findings_sort(run->engine->findings);
	run->engine->late = order_late(run->order);
	return first;
}

static void free_run(struct run *run)
{
	for (unsigned i = 0; run->states && analyzers[i]; i++)
		if (analyzers[i]->free)
			analyzers[i]->free(run->states[i]);
	free(run->states);
	order_free(run->order);
}

static int prepare(struct run *run, const struct source *source)
{
	struct engine *engine = run->engine;

	*engine = (struct engine){.model = model_new()};
	if (engine->model)
		engine->findings = findings_new(engine->model);
	run->order = order_new(source->ops->reorder_ns, deliver, run);
	if (engine->findings)
		findings_notify(engine->findings, run->options->notify, run->options->notify_context);
	return engine->findings && run->order ? 0 : -ENOMEM;
}

/* Keeps the first error; one that no level below has put into words gets some here. */
static int note_error(int first, int err, const struct error *from, struct error *error)
{
	if (first < 0 || err >= 0)
		return first;
	if (!from || !from->code)
		return error_errno(error, err, "cannot follow the events");
	if (error)
		*error = *from;
	return err;
}

int engine_may_record(const char *path, struct error *error)
{
	return trace_may_create(path, error);
}

static int run_recorded(struct run *run, struct source *source, struct error *error)
{
	struct error said = {0};
	int result = 0;
	int err;

	if (run->options->record) {
		err = trace_create(run->options->record, &run->writer, &said);
		result = note_error(result, err, &said, error);
		said.code = 0;
	}
	err = pump_all(run, source, &said);
	result = note_error(result, err, &said, error);
	result = note_error(result, conclude(run), NULL, error);
	if (run->writer) {
		said.code = 0;
		err = trace_finish(run->writer, &said);
		result = note_error(result, err, &said, error);
	}
	return result;
}

int engine_run(struct engine *engine, struct source *source, const struct engine_options *options,
	       int (*observe)(void *context, const struct event *event), void *context, struct error *error)
{
	static const struct engine_options nothing_special;
	struct run run = {
	    .engine = engine, .options = options ? options : &nothing_special, .observe = observe, .context = context};
	int err = prepare(&run, source);

	if (err < 0)
		error_errno(error, err, "cannot prepare the observation");
	else
		err = run_recorded(&run, source, error);
	if (!err && !engine->began)
		err = error_set(error, -EINVAL, "there is no event `begin` in the stream, so no time to count from");
	free_run(&run);
	return err;
}

void engine_free(struct engine *engine)
{
	findings_free(engine->findings);
	model_free(engine->model);
	*engine = (struct engine){0};
}
