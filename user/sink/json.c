/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The JSON report as a document of its own; common/report_json.c makes it.
 */
#include "sink/common/report_json.h"
#include "sink/sink.h"

static void put_plain(FILE *out, const char *text, size_t length)
{
	fwrite(text, 1, length, out);
}

static int write_report(const struct sink_context *context, void *state)
{
	(void)state;
	return report_json_write(context, true, put_plain);
}

const struct sink sink_json = {
    .name = "json",
    .suffix = ".json",
    .help = "one JSON document, schema lifeline.report/1 (lifeline --json-schema prints it)",
    .report = true,
    .close = write_report,
};
