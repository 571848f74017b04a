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
#include "cli/demos.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/wrap.h"

#define EXIT_DIFFERS 1
#define STATUS_CANNOT_SHOW 77 /* a demo's own: this machine or user cannot show it */

struct demo_options {
	struct observe_options observe;
	uint64_t linger_ns;
	bool replay_check;
};

extern const struct command command_demo;

static const struct option options[] = {
    OBSERVE_OPTIONS(struct demo_options, observe., "standard output.",
		    "End after that long: the demo gets SIGTERM, and SIGKILL 5 s later."),
    LINGER_OPTION(struct demo_options, linger_ns),
    {.name = "replay-check", .type = OPTION_FLAG, .offset = offsetof(struct demo_options, replay_check)},
    {0},
};

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static int list_demos(const struct demos *demos)
{
	struct buffer text = {0};
	size_t kind_length = 0;
	const char *kind = "";

	for (unsigned i = 0; i < demos->count; i++) {
		const struct demo *demo = &demos->items[i];
		bool preset = expect_next(demo->expect, "default", NULL);

		if (strncmp(demo->name, kind, kind_length + 1)) {
			kind = demo->name;
			kind_length = strcspn(kind, "/");
			buffer_format(&text, "%s%.*s\n", i ? "\n" : "", (int)kind_length, kind);
		}
		buffer_format(&text, "  %-36s %s%s\n", demo->name, expect_about(demo->expect),
			      preset ? " (default)" : "");
	}
	buffer_text_append(&text, "\n`lifeline demo NAME` runs one; a kind alone runs its default.\n");
	return output_print(&text);
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
		wrap_text(&text, buffer_text(&joined), 2, 100, 0);
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

static int check(const struct trial *trial)
{
	struct buffer differences = {0};
	unsigned count;
	int status = report_command_status(&trial->engine);

	if (status == STATUS_CANNOT_SHOW) {
		fprintf(stderr, "demo %s: skipped: it says that it cannot be shown here\n", trial->demo->name);
		return EXIT_TROUBLE;
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
		return EXIT_TROUBLE;
	}
	status = prepare(&trial, argument_count, arguments, &error) < 0 ? complain(&error) : try_demo(&trial);
	release(&trial);
	return status;
}

static int run(void *data, int argument_count, char **arguments)
{
	struct demos demos = {0};
	struct error error = {0};
	const struct demo *demo;
	int status;

	if (demos_load(&demos, &error) < 0) {
		status = complain(&error);
	} else if (!argument_count) {
		status = list_demos(&demos);
	} else {
		demo = demos_find(&demos, arguments[0], &error);
		status = demo ? run_demo(demo, data, argument_count - 1, arguments + 1) : complain(&error);
	}
	demos_free(&demos);
	return status;
}

const struct command command_demo = {
    .name = "demo",
    .summary = "run a small program that shows one situation, explain and check what was seen",
    .synopsis = "[NAME] [options] [-- ARG…]",
    .description =
	"Without NAME: lists the demos by kind. With one (zombie/never-waits, or zombie for the default of its kind): "
	"runs "
	"it observed, shows what it prints, the report, and what to see in it, and compares the observation with "
	"what is expected of the demo. The exit status is 0 if all was as expected and 1 if not; a demo that this "
	"machine cannot show is skipped with 125.",
    .options = options,
    .options_size = sizeof(struct demo_options),
    .examples = "lifeline demo\n"
		"sudo lifeline demo zombie/never-waits\n"
		"sudo lifeline demo zombie --format json -o zombie.json",
    .run = run,
};
