/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline demo`: runs a small program that brings about one situation, observes it, explains, and checks that what
 * was seen is what is expected of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/demo_all.h"
#include "cli/demos.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/wrap.h"

#define EXIT_DIFFERS 1
#define LIST_WIDTH 100
#define STATUS_CANNOT_SHOW 77      /* a demo's own: this machine or user cannot show it */
#define LONGEST_NS 120000000000ULL /* of --all: a demo that hangs must not hang the table */

struct demo_options {
	struct observe_options observe;
	uint64_t linger_ns;
	bool replay_check;
	bool all;
};

extern const struct command command_demo;

static const struct option options[] = {
    OBSERVE_OPTIONS(struct demo_options, observe., "standard output.",
		    "End after that long: the demo gets SIGTERM, and SIGKILL 5 s later."),
    LINGER_OPTION(struct demo_options, linger_ns),
    {.name = "all",
     .type = OPTION_FLAG,
     .offset = offsetof(struct demo_options, all),
     .help = "Run every demo, or those of the kinds and names given, one after another, and print a table of what "
	     "passed: the self-test of an installation. The other options count for each."},
    {.name = "replay-check", .type = OPTION_FLAG, .offset = offsetof(struct demo_options, replay_check)},
    {0},
};

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static bool is_of_kind(const struct demo *demo, const char *kind, size_t length)
{
	return !strncmp(demo->name, kind, length) && demo->name[length] == '/';
}

/* The heading of a kind stands in its default's expectation. */
static const char *heading_of(const struct demos *demos, const char *kind, size_t length)
{
	for (unsigned i = 0; i < demos->count; i++) {
		const struct demo *demo = &demos->items[i];
		const struct directive *heading = expect_next(demo->expect, "kind", NULL);

		if (heading && is_of_kind(demo, kind, length))
			return heading->text;
	}
	return "";
}

static void list_kind(const struct demos *demos, const char *kind, size_t length, struct buffer *text)
{
	const char *heading = heading_of(demos, kind, length);
	size_t widest = 0;

	for (unsigned i = 0; i < demos->count; i++)
		if (is_of_kind(&demos->items[i], kind, length) && strlen(demos->items[i].name) > widest)
			widest = strlen(demos->items[i].name);
	buffer_format(text, "%s%.*s%s%s\n", text->length ? "\n" : "", (int)length, kind, *heading ? ": " : "", heading);
	for (unsigned i = 0; i < demos->count; i++) {
		const struct demo *demo = &demos->items[i];
		struct buffer about = {0};

		if (!is_of_kind(demo, kind, length))
			continue;
		buffer_format(&about, "%s%s", expect_about(demo->expect),
			      expect_next(demo->expect, "default", NULL) ? " (default)" : "");
		buffer_format(text, "  %-*s  ", (int)widest, demo->name);
		wrap_text(text, buffer_text(&about), (int)widest + 4, LIST_WIDTH, (int)widest + 4);
		buffer_free(&about);
	}
}

/* All kinds, or the one that is named with a slash behind it. */
static int list_demos(const struct demos *demos, const char *only)
{
	struct buffer text = {0};

	for (unsigned i = 0; i < demos->count; i++) {
		const char *name = demos->items[i].name;
		size_t length = strcspn(name, "/");
		bool first = i == 0 || !is_of_kind(&demos->items[i - 1], name, length);

		if (first && (!only || !strncmp(only, name, length + 1)))
			list_kind(demos, name, length, &text);
	}
	if (!only)
		buffer_text_append(&text,
				   "\n`lifeline demo NAME` runs one; a kind alone runs its default; KIND/ lists it.\n");
	return output_print(&text);
}

static bool is_kind_to_list(const struct demos *demos, const char *name)
{
	size_t length = strcspn(name, "/");

	for (unsigned i = 0; length && name[length] && !name[length + 1] && i < demos->count; i++)
		if (is_of_kind(&demos->items[i], name, length))
			return true;
	return false;
}

/* ---- one run ----------------------------------------------------------------------------------------------------- */

struct trial {
	const struct demo *demo;
	struct demo_options *options;
	char **command; /* owned array */
	struct roles *roles;
	struct engine engine;
	FILE *report; /* where the report goes without -o: stdout as it was given to us */
	char *record; /* owned: temporary trace for --replay-check, or NULL */
};

/* The options that the demo itself asks for, as far as the user did not say otherwise. */
static int apply_own_options(struct trial *trial, struct error *error)
{
	const struct directive *line = expect_next(trial->demo->expect, "options", NULL);
	struct parsed parsed = {0};
	char *words[32] = {(char[]){"demo"}};
	int count = 1;
	int err;

	for (unsigned i = 0; line && line->words[i] && count < 31; i++)
		words[count++] = line->words[i];
	err = options_parse(&command_demo, count, words, &parsed, error);
	if (err < 0)
		error_context(error, "%s.expect:%u", trial->demo->program, line ? line->line : 0);
	else
		options_fill(&command_demo, trial->options, parsed.options);
	options_free(&command_demo, &parsed);
	return err;
}

/* A JSON document is alone on stdout: what the demo prints goes to stderr then. */
static int divide_streams(struct trial *trial, struct error *error)
{
	int document;

	trial->report = stdout;
	if (trial->options->observe.report.format != REPORT_JSON)
		return 0;
	document = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (document >= 0)
		trial->report = fdopen(document, "w");
	if (document < 0 || !trial->report || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return error_errno(error, -errno, "cannot keep the document apart from what the demo prints");
	return 0;
}

static int choose_record(struct trial *trial, struct error *error)
{
	const char *folder = getenv("TMPDIR");
	int descriptor;

	if (!trial->options->replay_check || trial->options->observe.record)
		return 0;
	if (asprintf(&trial->record, "%s/lifeline-demo.XXXXXX", folder && *folder ? folder : "/tmp") < 0)
		return error_errno(error, -ENOMEM, "cannot record the demo");
	descriptor = mkostemp(trial->record, O_CLOEXEC);
	if (descriptor < 0)
		return error_errno(error, -errno, "cannot record the demo to %s", trial->record);
	close(descriptor);
	trial->options->observe.record = trial->record;
	return 0;
}

static int observe(struct trial *trial)
{
	struct live_options live = {
	    .mode = MODE_RUN, .command = trial->command, .linger_ns = trial->options->linger_ns};
	struct source *source;
	struct error error = {0};
	int status;

	if (roles_open(&trial->roles, &error) < 0)
		return complain(&error);
	fflush(stdout);
	observe_fill(&trial->options->observe, &live);
	if (source_live_open(&live, &source, &error) < 0)
		return complain(&error);
	if (roles_listen(trial->roles, &error) < 0) {
		source_close(source);
		return complain(&error);
	}
	status = report_source(&trial->engine, source, &trial->options->observe.report, trial->options->observe.record,
			       trial->report);
	roles_finish(trial->roles);
	return status;
}

static void explain(const struct trial *trial)
{
	const struct directive *line = NULL;
	struct buffer joined = {0}, facts = {0}, text = {0};

	if (trial->options->observe.report.format == REPORT_JSON || trial->options->observe.report.quiet)
		return;
	while ((line = expect_next(trial->demo->expect, "explain", line)))
		buffer_format(&joined, "%s%s%s", line->text[0] == ' ' && joined.length ? "\n" : "", line->text,
			      line->text[0] == ' ' ? "\n" : " ");
	if (joined.length) {
		buffer_text_append(&text, "\nWhat to see here:\n");
		wrap_text(&text, buffer_text(&joined), 2, output_prose_columns(STDOUT_FILENO), 0);
	}
	expect_tell_facts(trial->demo->expect, &trial->engine, trial->roles, &facts);
	if (facts.length)
		buffer_format(&text, "\nAs the kernel counted:\n%s", buffer_text(&facts));
	fputs(buffer_text(&text), stdout);
	fflush(stdout);
	buffer_free(&facts);
	buffer_free(&joined);
	buffer_free(&text);
}

static void tell_difference(const char *live, const char *replayed, struct buffer *out)
{
	size_t at = 0, from;

	while (live[at] && live[at] == replayed[at])
		at++;
	from = at > 60 ? at - 60 : 0;
	buffer_format(out, "  the replay of the recording differs at byte %zu: live \"", at);
	text_escape(out, live + from, strnlen(live + from, 120), 0);
	buffer_text_append(out, "\", replayed \"");
	text_escape(out, replayed + from, strnlen(replayed + from, 120), 0);
	buffer_text_append(out, "\"\n");
}

/* Live and replay are one path: the whole document of both must be the same. */
static unsigned compare_documents(const struct trial *trial, const struct engine *replayed, struct buffer *differences)
{
	struct error error = {0};
	char *live_text = NULL, *replayed_text = NULL;
	unsigned count = 1;

	if (report_render(&trial->engine, &live_text, &error) < 0 ||
	    report_render(replayed, &replayed_text, &error) < 0) {
		buffer_format(differences, "  %s\n", error.text);
	} else if (strcmp(live_text, replayed_text)) {
		tell_difference(live_text, replayed_text, differences);
	} else {
		count = 0;
	}
	free(live_text);
	free(replayed_text);
	return count;
}

static unsigned check_replay(const struct trial *trial, struct buffer *differences)
{
	struct engine_options how = {.zombie_after_ns = trial->options->observe.report.zombie_after_ns,
				     .contended_after_ns = trial->options->observe.report.contended_after_ns};
	struct engine replayed = {0};
	struct source *source;
	struct error error = {0};
	unsigned count = 1;

	if (!trial->options->replay_check)
		return 0;
	if (source_file_open(trial->options->observe.record, &source, &error) < 0) {
		buffer_format(differences, "  the recording cannot be replayed: %s\n", error.text);
		return 1;
	}
	if (engine_run(&replayed, source, &how, NULL, NULL, &error) < 0)
		buffer_format(differences, "  the recording cannot be replayed: %s\n", error.text);
	else
		count = compare_documents(trial, &replayed, differences);
	source_close(source);
	engine_free(&replayed);
	return count;
}

/* A verdict that the demo expects, and that this way of observing cannot reach; NULL: there is none. */
static const char *unseen_expectation(const struct trial *trial)
{
	const uint32_t unseen = model_observation(trial->engine.model)->unseen;
	const struct directive *expect = NULL;

	while (unseen && (expect = expect_next(trial->demo->expect, "expect", expect)))
		for (uint32_t bit = 1; bit; bit <<= 1)
			if ((unseen & bit) && event_unseen_verdict(bit) && expect->words[0] &&
			    !strcmp(expect->words[0], event_unseen_verdict(bit)))
				return event_unseen_verdict(bit);
	return NULL;
}

static int check(const struct trial *trial)
{
	struct buffer differences = {0};
	unsigned count;
	int status = report_command_status(&trial->engine);

	if (status == STATUS_CANNOT_SHOW) {
		fprintf(stderr, "demo %s: skipped: it says that it cannot be shown here\n", trial->demo->name);
		return DEMO_SKIPPED;
	}
	if (unseen_expectation(trial)) {
		fprintf(stderr, "demo %s: skipped: it expects %s, which this way of observing cannot see\n",
			trial->demo->name, unseen_expectation(trial));
		return DEMO_SKIPPED;
	}
	count = expect_compare(trial->demo->expect, &trial->engine, trial->roles, &differences);
	count += check_replay(trial, &differences);
	if (count)
		fprintf(stderr, "demo %s: not as expected:\n%s", trial->demo->name, buffer_text(&differences));
	else
		fprintf(stderr, "demo %s: as expected\n", trial->demo->name);
	buffer_free(&differences);
	return count ? EXIT_DIFFERS : 0;
}

static int try_demo(struct trial *trial)
{
	int status, checked;

	if (trial->options->observe.report.format != REPORT_JSON && !trial->options->observe.report.quiet)
		printf("Demo %s: %s\n\n", trial->demo->name, expect_about(trial->demo->expect));
	status = observe(trial);
	if (status && status != EXIT_FAIL_ON)
		return status;
	explain(trial);
	checked = check(trial);
	return checked ? checked : status;
}

static char **make_command(const struct demo *demo, int argument_count, char **arguments)
{
	char **command = calloc((size_t)argument_count + 2, sizeof(*command));

	if (!command)
		return NULL;
	command[0] = demo->program;
	for (int i = 0; i < argument_count; i++)
		command[i + 1] = arguments[i];
	return command;
}

static int prepare(struct trial *trial, int argument_count, char **arguments, struct error *error)
{
	int err = apply_own_options(trial, error);

	if (!err)
		err = observe_check(&trial->options->observe, stdout, error);
	if (!err)
		err = choose_record(trial, error);
	if (!err)
		err = divide_streams(trial, error);
	if (err < 0)
		return err;
	trial->command = make_command(trial->demo, argument_count, arguments);
	return trial->command ? 0 : error_errno(error, -ENOMEM, "cannot start the demo");
}

static void release(struct trial *trial)
{
	if (trial->record)
		unlink(trial->record);
	if (trial->report && trial->report != stdout)
		fclose(trial->report);
	free(trial->record);
	free(trial->command);
	roles_free(trial->roles);
	engine_free(&trial->engine);
}

/* 0, 1, DEMO_SKIPPED, or what the observation came to (99, 125). */
static int run_demo(const struct demo *demo, struct demo_options *demo_options, int argument_count, char **arguments)
{
	struct trial trial = {.demo = demo, .options = demo_options};
	struct error error = {0};
	int lacks = demo_lacks(demo, &error);
	int status;

	if (lacks < 0)
		return complain(&error);
	if (lacks) {
		fprintf(stderr, "demo %s: skipped: %s\n", demo->name, error.text);
		return DEMO_SKIPPED;
	}
	status = prepare(&trial, argument_count, arguments, &error) < 0 ? complain(&error) : try_demo(&trial);
	release(&trial);
	return status;
}

/* Of --all, in a process of its own: so what it does to the options stays there. */
static int run_one_of_all(const struct demo *demo, void *data)
{
	struct demo_options *options_of_all = data;

	if (!options_of_all->observe.for_ns)
		options_of_all->observe.for_ns = LONGEST_NS;
	return run_demo(demo, options_of_all, 0, NULL);
}

static int run_all(const struct demos *demos, struct demo_options *demo_options, int count, char **wanted)
{
	const struct observe_options *each = &demo_options->observe;
	struct error error = {0};

	if (each->report.output || each->record || each->report.format == REPORT_JSON) {
		error_set(&error, -EINVAL, "one file cannot hold what all demos give");
		error_hint(&error, "leave out -o, --record and --format json, or name one demo without --all");
		return complain(&error);
	}
	return demo_run_all(demos, wanted, count, run_one_of_all, demo_options);
}

static int run_named(const struct demos *demos, struct demo_options *demo_options, int argument_count, char **arguments)
{
	struct error error = {0};
	const struct demo *demo = demos_find(demos, arguments[0], &error);
	int status = demo ? run_demo(demo, demo_options, argument_count - 1, arguments + 1) : complain(&error);

	return status == DEMO_SKIPPED ? EXIT_TROUBLE : status;
}

static int run(void *data, int argument_count, char **arguments)
{
	struct demo_options *demo_options = data;
	struct demos demos = {0};
	struct error error = {0};
	int status;

	if (demos_load(&demos, &error) < 0)
		status = complain(&error);
	else if (demo_options->all)
		status = run_all(&demos, demo_options, argument_count, arguments);
	else if (!argument_count)
		status = list_demos(&demos, NULL);
	else if (is_kind_to_list(&demos, arguments[0]))
		status = list_demos(&demos, arguments[0]);
	else
		status = run_named(&demos, demo_options, argument_count, arguments);
	demos_free(&demos);
	return status;
}

const struct command command_demo = {
    .name = "demo",
    .summary = "run a small program that shows one situation, explain and check what was seen",
    .synopsis = "[NAME] [options] [-- ARG…] | --all [NAME|KIND…]",
    .description =
	"Without NAME: lists the demos by kind (KIND/ lists one kind). With one (zombie/never-waits, or zombie for the "
	"default of its kind): runs it observed, shows what it prints, the report, and what to see in it, and compares "
	"the observation with what is expected of the demo. The exit status is 0 if all was as expected and 1 if not; "
	"a "
	"demo that this machine cannot show is skipped with 125. With --all a demo that is skipped is no failure.",
    .takes = "DEMO…",
    .options = options,
    .options_size = sizeof(struct demo_options),
    .examples = "lifeline demo\n"
		"sudo lifeline demo zombie/never-waits\n"
		"sudo lifeline demo zombie --format json -o zombie.json\n"
		"sudo lifeline demo --all\n"
		"sudo lifeline demo --all net thread/start-and-join",
    .run = run,
};
