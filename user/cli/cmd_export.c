/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline export FORMAT TRACE`: a recorded trace in a format that other programs read, by the very path that a live
 * run takes. Needs no privilege.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exports.h"
#include "cli/report.h"

struct export_options {
	const char *output;
	uint64_t zombie_after_ns;
	int verbose;
};

static const struct option options[] = {
    {.name = "output",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = offsetof(struct export_options, output),
     .value = "FILE",
     .help = "Write to FILE (0600, whole or not at all); - is standard output. Default: standard output."},
    {.name = "zombie-after",
     .type = OPTION_DURATION,
     .offset = offsetof(struct export_options, zombie_after_ns),
     .value = "DURATION",
     .low = 1000000,
     .high = 86400000000000,
     .help = "For formats that show findings: a death not reaped for longer than this is a zombie verdict. Default: "
	     "as recorded."},
    {.name = "verbose",
     .letter = 'v',
     .type = OPTION_COUNT,
     .offset = offsetof(struct export_options, verbose),
     .help = "Say on standard error how many events there were."},
    {0},
};

static int check_arguments(int argument_count, char **arguments, struct error *error)
{
	if (argument_count != 2) {
		error_set(error, -EINVAL, "export takes a format and a trace, %d words were given", argument_count);
		error_hint(error, "write `lifeline export jsonl FILE`, FILE as given to --record");
		return -EINVAL;
	}
	return export_format(arguments[0], strlen(arguments[0]), error) ? 0 : -EINVAL;
}

static int export_trace(const char *trace, const struct report_options *report)
{
	struct engine engine = {0};
	struct source *source;
	struct error error = {0};
	int status;

	if (report_open_trace(trace, &source, &error) < 0)
		return complain(&error);
	status = report_source(&engine, source, report, NULL, NULL);
	if (!status)
		status = report_tell_cut(&engine, trace);
	engine_free(&engine);
	return status;
}

static int run(void *data, int argument_count, char **arguments)
{
	static const struct exports_beside nothing;
	const struct export_options *how = data;
	const char *place = how->output ? how->output : "-", *item;
	struct report_options report = {.zombie_after_ns = how->zombie_after_ns, .verbose = how->verbose};
	struct error error = {0};
	char *text;
	int status;

	if (check_arguments(argument_count, arguments, &error) < 0)
		return complain(&error);
	if (asprintf(&text, "%s:%s", arguments[0], place) < 0) {
		error_errno(&error, -ENOMEM, "cannot export");
		return complain(&error);
	}
	item = text;
	if (strcmp(arguments[0], "html")) /* a page has a row of each process; the others let go of the dead */
		report.retire = &engine_retire_usual;
	report.exports = (struct option_list){.items = &item, .count = 1};
	if (exports_check(&report.exports, &nothing, &error) < 0)
		status = complain(&error);
	else
		status = export_trace(arguments[1], &report);
	free(text);
	return status;
}

const struct command command_export = {
    .name = "export",
    .summary = "a recorded trace in a format that other programs read",
    .synopsis = "FORMAT TRACE [-o FILE]",
    .description =
	"Writes what a trace holds as FORMAT: jsonl (each event as a JSON object a line; `lifeline --json-schema "
	"events` describes them), csv (the same rows as one table, RFC 4180), perfetto (a timeline for "
	"ui.perfetto.dev: tracks, states, arrows, findings), or html (one page for a browser, which needs no network: "
	"verdicts, lifelines to zoom into, tables of locks and switches). Events are written as they are read, "
	"whatever the trace's size. A trace that was cut off is exported as far as it goes, and says so at its end; "
	"the exit status is 125 then. The same can be had of a live observation with --export FORMAT:FILE.",
    .takes = "FORMAT TRACE",
    .options = options,
    .options_size = sizeof(struct export_options),
    .examples = "lifeline export jsonl job.trace | jq -c 'select(.type == \"reap\")'\n"
		"lifeline export csv job.trace -o job.csv\n"
		"lifeline export perfetto job.trace -o job.pftrace\n"
		"lifeline export html job.trace -o job.html",
    .run = run,
};
