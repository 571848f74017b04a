/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline report TRACE`: the report of a recorded trace, by the very path that a live run takes. Needs no privilege.
 */
#include <errno.h>
#include <string.h>

#include "cli/report.h"

static const struct option options[] = {
    REPORT_OPTIONS(struct report_options, , "standard output.", NULL, NULL),
    {0},
};

static int run(void *data, int argument_count, char **arguments)
{
	const struct report_options *report = data;
	struct engine engine = {0};
	struct source *source;
	struct error error = {0};
	int status;

	if (argument_count != 1) {
		error_set(&error, -EINVAL,
			  argument_count ? "report reads one trace at a time, %d were named"
					 : "report lacks the name of a trace",
			  argument_count);
		error_hint(&error, "write `lifeline report FILE`, FILE as given to --record");
		return complain(&error);
	}
	if (report_check(report, stdout, &error) < 0 || report_open_trace(arguments[0], &source, &error) < 0)
		return complain(&error);
	status = report_source(&engine, source, report, NULL, stdout);
	if (status != EXIT_TROUBLE && report_tell_cut(&engine, arguments[0]))
		status = EXIT_TROUBLE;
	engine_free(&engine);
	return status;
}

const struct command command_report = {
    .name = "report",
    .summary = "the report of a recorded trace: no root, any machine",
    .synopsis = "TRACE [options]",
    .description =
	"Reads a trace that `lifeline run --record TRACE` or `lifeline attach --record TRACE` wrote and reports it, "
	"with the same findings as the live observation had. TRACE can also be a text scenario, if its name ends "
	"in .ev. A trace that was cut off (lifeline was killed, the disk was full) is reported as far as it goes; "
	"the exit status is 125 then.",
    .takes = "TRACE",
    .options = options,
    .options_size = sizeof(struct report_options),
    .examples = "lifeline report job.trace\n"
		"lifeline report job.trace --format json -o job.json\n"
		"lifeline report job.trace --zombie-after 200ms --fail-on zombie",
    .run = run,
};
