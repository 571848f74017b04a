/* SPDX-License-Identifier: BSD-2-Clause
 * From a source to a report; see report.h. */
#include "cli/report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/exports.h"
#include "cli/follow.h"
#include "cli/verdicts.h"
#include "source/privilege.h"

static bool is_script(const char *path)
{
	size_t length = strlen(path);

	return length > 3 && !strcmp(path + length - 3, ".ev");
}

int report_open_trace(const char *path, struct source **source, struct error *error)
{
	int err = is_script(path) ? source_script_open(path, source, error) : source_file_open(path, source, error);

	if (err < 0 && !error->hint[0])
		error_hint(error, "name a file that `lifeline run --record FILE` has written, or record again");
	return err;
}

/* A trace without its own last event was cut off: what it holds has been reported, but it is not the whole story. */
int report_tell_cut(const struct engine *engine, const char *path)
{
	const struct observation *observation = model_observation(engine->model);
	struct error error;

	if (is_script(path) || (observation->finished && observation->ended_by != ENDED_CUT))
		return 0;
	error_set(&error, -ENODATA, "the trace %s ends early, before the observation did", path);
	error_hint(&error, "the report covers what it holds; record again for the rest");
	return complain(&error);
}

/* Where the report will stand, in the words of exports_check; NULL: on a descriptor of its own. */
static const char *report_place(const struct report_options *options, FILE *standard)
{
	if (options->output)
		return options->output;
	return standard == stdout ? "-" : NULL;
}

static int check_exports(const struct report_options *options, const char *record, FILE *standard, struct error *error)
{
	const struct exports_beside beside = {.report = report_place(options, standard), .record = record};

	return exports_check(&options->exports, &beside, error);
}

int report_check(const struct report_options *options, FILE *standard, struct error *error)
{
	int err = options->fail_on ? verdict_check_list(options->fail_on, error) : 0;

	if (err < 0) {
		error_context(error, "option --fail-on");
		return err;
	}
	err = output_check(options->output, "the report", error);
	return err < 0 ? err : check_exports(options, NULL, standard, error);
}

int observe_check(const struct observe_options *options, FILE *standard, struct error *error)
{
	int err = report_check(&options->report, standard, error);

	if (err < 0 || !options->record)
		return err;
	if (!strcmp(options->record, "-")) {
		error_set(error, -EINVAL, "cannot write the trace to standard output");
		error_hint(error, "give --record the name of a file");
		return -EINVAL;
	}
	err = check_exports(&options->report, options->record, standard, error);
	return err < 0 ? err : engine_may_record(options->record, error);
}

/* What libbpf says, line by line: a refused program comes with the verifier's whole log. */
static void log_lines(const char *text)
{
	while (*text) {
		struct buffer line = {0};
		size_t length = strcspn(text, "\n");

		text_escape(&line, text, length, 0);
		fprintf(stderr, "lifeline: %s\n", buffer_text(&line));
		buffer_free(&line);
		text += length + (text[length] == '\n');
	}
}

static void log_warnings(int level, const char *text)
{
	if (level <= 2)
		log_lines(text);
}

static void log_all(int level, const char *text)
{
	(void)level;
	log_lines(text);
}

static void tell_price(uint64_t watched_ns, uint64_t other_ns)
{
	struct buffer line = {0};

	buffer_text_append(&line, "lifeline: --locks all: each call of a lock function takes ");
	text_duration(&line, watched_ns);
	buffer_text_append(&line, " now, as measured; of programs not observed, ");
	text_duration(&line, other_ns);
	if (!line.failed)
		fprintf(stderr, "%s\n", buffer_text(&line));
	buffer_free(&line);
}

void observe_fill(const struct observe_options *options, struct live_options *live)
{
	live->for_ns = options->for_ns;
	live->interval_ns = options->report.interval_ns;
	live->zombie_after_ns = options->report.zombie_after_ns;
	live->contended_after_ns = options->report.contended_after_ns;
	live->wants = engine_wants(options->report.analyzers);
	if (options->switches == SWITCHES_ALL)
		live->wants |= 1U << GROUP_TIMELINE;
	/* the report's table of locks wants them whoever else does */
	if (options->locks == LOCKS_OFF)
		live->wants &= ~(1U << GROUP_LOCK);
	else if (!options->report.analyzers)
		live->wants |= 1U << GROUP_LOCK;
	live->locks_all = options->locks == LOCKS_ALL;
	live->tell_price = options->report.quiet ? NULL : tell_price;
	live->buffer_bytes = options->buffer_bytes;
	live->verbose = options->report.verbose;
	observe_log(options->report.verbose);
}

void tell_cost_of_others(const struct report_options *options)
{
	const char *cost = privilege_cost_of_others();

	if (cost && !options->quiet)
		fprintf(stderr, "lifeline: %s; what would help: sudo, or once: %s LIFELINE\n", cost, PRIVILEGE_SETCAP);
}

void tell_cost_of_user(const struct report_options *options)
{
	const char *cost = privilege_cost_of_user();

	tell_cost_of_others(options);
	if (cost && !options->quiet)
		fprintf(stderr, "lifeline: %s\n", cost);
}

void observe_log(int verbose)
{
	source_live_log(verbose >= 3 ? log_all : verbose == 2 ? log_warnings : NULL);
}

static const struct sink *find_sink(int format, const char *text_sink)
{
	const char *name = format == REPORT_JSON ? "json" : text_sink ? text_sink : "text";

	for (unsigned i = 0; sinks[i]; i++)
		if (sinks[i]->report && !strcmp(sinks[i]->name, name))
			return sinks[i];
	return NULL;
}

static int run_sink(const struct sink *sink, const struct sink_context *context, struct error *error)
{
	void *state = NULL;
	int err = sink->open ? sink->open(context, &state) : 0;

	if (err >= 0)
		err = sink->close(context, state);
	return err < 0 ? error_errno(error, err, "cannot put the report together") : 0;
}

int report_write(const struct engine *engine, const struct report_options *options, FILE *standard, struct error *error)
{
	const struct sink *sink = find_sink(options->format, options->text_sink);
	struct output output;
	struct sink_context context;
	int err, closed;

	if (!sink)
		return error_set(error, -ENOENT, "this build of lifeline has no such report format");
	err = output_open(&output, options->output, "the report", standard, options->color, error);
	if (err < 0)
		return err;
	context = (struct sink_context){.model = engine->model,
					.findings = engine->findings,
					.out = output.file,
					.color = output.color,
					.unicode = output.unicode,
					.columns = output.columns,
					.quiet = options->quiet,
					.verbose = options->verbose,
					.version = LIFELINE_VERSION};
	err = run_sink(sink, &context, error);
	closed = output_close(&output, err < 0, err < 0 ? NULL : error);
	return err < 0 ? err : closed;
}

int report_render(const struct engine *engine, char **text, struct error *error)
{
	size_t length;
	struct sink_context context = {.model = engine->model,
				       .findings = engine->findings,
				       .out = open_memstream(text, &length),
				       .columns = 100,
				       .version = LIFELINE_VERSION};
	const struct sink *sink = find_sink(REPORT_JSON, NULL);
	int err;

	if (!context.out)
		return error_errno(error, -ENOMEM, "cannot put the report together");
	err = sink ? run_sink(sink, &context, error) : error_set(error, -ENOENT, "this build writes no JSON");
	if (fclose(context.out) != 0 && !err)
		err = error_errno(error, -ENOMEM, "cannot put the report together");
	return err;
}

static void tell_engine(const struct engine *engine)
{
	fprintf(stderr, "lifeline: %llu events, %llu refused, %llu late, %llu contradicting, %llu lost\n",
		(unsigned long long)model_events(engine->model), (unsigned long long)engine->refused,
		(unsigned long long)engine->late, (unsigned long long)model_contradictions(engine->model),
		(unsigned long long)model_lost(engine->model, EVENT_GROUP_COUNT));
}

/* What went wrong first counts: with the observation, the report, the exports. */
static int tell_trouble(const struct engine *engine, struct error *observed, const struct error *written,
			const struct error *exported)
{
	if (observed->code && engine->began && !observed->hint[0])
		error_hint(observed, "the report covers what was seen until then");
	if (observed->code && !(exported->code && observed->code == -EIO))
		return complain(observed);
	if (written->code)
		return complain(written);
	return exported->code ? complain(exported) : 0;
}

struct watchers { /* of events */
	struct exports *exports;
	struct follow *follow; /* NULL: what is replayed is over */
};

static int observe_event(void *context, const struct event *event)
{
	const struct watchers *watchers = context;

	if (watchers->follow)
		follow_observe(watchers->follow, event);
	return watchers->exports ? exports_observe(watchers->exports, event) : 0;
}

static struct follow *start_following(const struct report_options *options, const struct engine *engine,
				      struct engine_options *how)
{
	const struct follow_options asked = {.findings = options->follow,
					     .interval_ns = options->interval_ns,
					     .json = options->format == REPORT_JSON};
	struct follow *follow;

	signal(SIGPIPE, SIG_IGN); /* whoever reads the lines may go; CMD was started before this */
	follow = follow_new(&asked, engine);
	how->notify = follow ? follow_notify : NULL;
	how->preview = follow && options->follow ? follow_preview : NULL;
	how->notify_context = follow;
	return follow;
}

int report_source(struct engine *engine, struct source *source, const struct report_options *options,
		  const char *record, FILE *standard)
{
	struct engine_options how = {.zombie_after_ns = options->zombie_after_ns,
				     .contended_after_ns = options->contended_after_ns,
				     .record = record,
				     .analyzers = options->analyzers,
				     .retire = options->retire};
	struct error observed = {0}, written = {0}, exported = {0};
	struct watchers watchers = {0};
	int status;

	if (source->ops->stop) /* it happens now: a recorded one is over */
		watchers.follow = start_following(options, engine, &how);
	exports_new(&options->exports, engine, &watchers.exports, &exported);
	if (!standard)
		exports_alone(watchers.exports);
	engine_run(engine, source, &how, observe_event, &watchers, &observed);
	source_release(source);
	if (watchers.follow && engine->began)
		follow_end(watchers.follow);
	follow_free(watchers.follow);
	exports_close(watchers.exports, &exported);
	if (engine->began && standard)
		report_write(engine, options, standard, &written);
	if (engine->began && options->verbose)
		tell_engine(engine);
	if (standard)
		fflush(standard);
	source_close(source);
	status = tell_trouble(engine, &observed, &written, &exported);
	if (status)
		return status;
	return options->fail_on && findings_match(engine->findings, options->fail_on) ? EXIT_FAIL_ON : 0;
}

int report_command_status(const struct engine *engine)
{
	const struct observation *observation = model_observation(engine->model);
	int status = observation->exit_status;

	if (!observation->finished || status == -1)
		return observation->ended_by == ENDED_INTERRUPT ? 128 + SIGINT : 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
