/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline run -- CMD`: starts CMD with observation armed before its first instruction and passes on its exit status.
 */
#include <errno.h>

#include "cli/report.h"

#define EXIT_CANNOT_EXECUTE 126
#define EXIT_NOT_FOUND 127

struct run_options {
	struct observe_options observe;
	uint64_t linger_ns;
	const char *user;
};

static const struct option options[] = {
    OBSERVE_OPTIONS(struct run_options, observe., "standard error, so that CMD's output stays clean.",
		    "End after that long: CMD gets SIGTERM, and SIGKILL 5 s later."),
    LINGER_OPTION(struct run_options, linger_ns),
    {.name = "user",
     .letter = 'u',
     .type = OPTION_TEXT,
     .offset = offsetof(struct run_options, user),
     .value = "USER",
     .help = "Run CMD as USER, with USER's groups and no capabilities. Default: as the caller."},
    {0},
};

static int observe(const struct run_options *run_options, struct source *source)
{
	const struct observe_options *how = &run_options->observe;
	struct engine engine = {0};
	int status = report_source(&engine, source, &how->report, how->record, stderr);

	if (!status)
		status = report_command_status(&engine);
	engine_free(&engine);
	return status;
}

static int open_status(const struct live_options *live)
{
	if (!live->exec_error)
		return EXIT_TROUBLE;
	return live->exec_error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

static int run(void *data, int argument_count, char **arguments)
{
	const struct run_options *run_options = data;
	struct live_options live = {
	    .mode = MODE_RUN, .command = arguments, .user = run_options->user, .linger_ns = run_options->linger_ns};
	struct source *source;
	struct error error = {0};

	if (!argument_count) {
		error_set(&error, -EINVAL, "run lacks the command to run");
		error_hint(&error, "write `lifeline run -- CMD ARG…`");
		return complain(&error);
	}
	if (observe_check(&run_options->observe, stderr, &error) < 0)
		return complain(&error);
	observe_fill(&run_options->observe, &live);
	if (source_live_open(&live, &source, &error) < 0) {
		complain(&error);
		return open_status(&live);
	}
	if (live.user)
		tell_cost_of_user(&run_options->observe.report);
	return observe(run_options, source);
}

const struct command command_run = {
    .name = "run",
    .summary = "run a command observed from its first instruction on, with all its descendants",
    .synopsis = "[options] -- CMD [ARG…]",
    .description =
	"Starts CMD with observation armed before its first instruction, follows every descendant, and reports when "
	"CMD "
	"has ended: verdicts first, then the process tree and the context switches. The report goes to standard error, "
	"so that CMD's output stays clean; the exit status is CMD's own.\n\n"
	"When CMD ends but descendants live on, run ends too, lists them as survivors and leaves them running, unless "
	"--linger says otherwise. Ctrl-C reaches CMD as from a shell; a second one ends the observation with the "
	"report "
	"of what was seen. CMD is never stopped, traced with ptrace, or changed.",
    .options = options,
    .ends_at_argument = true,
    .options_size = sizeof(struct run_options),
    .examples = "sudo lifeline run -- ./server\n"
		"sudo lifeline run -u $USER --record job.trace -- python3 job.py\n"
		"sudo lifeline run --linger 5s --fail-on zombie,orphan.survivor -- make -j8",
    .run = run,
};
