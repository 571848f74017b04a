/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The text report: findings as diagnostics, the process tree with lifelines, the tables of locks and switches, a
 * summary. A healthy run gives the summary only (-v: all of it); -q gives the findings only; a snapshot what it looked
 * at. Its sections are in common/.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sink/common/describe.h"
#include "sink/common/report.h"
#include "sink/sink.h"

void add_process_name(struct text_report *report, uint32_t pid, const char comm[COMM_SIZE])
{
	struct page *page = &report->page;

	page_format(page, STYLE_PLAIN, "%u", pid);
	if (!comm[0])
		return;
	page_add(page, STYLE_PLAIN, " (");
	page_stranger(page, STYLE_PLAIN, comm, strnlen(comm, COMM_SIZE), page_left(page));
	page_add(page, STYLE_PLAIN, ")");
}

void describe_ending(struct buffer *out, int32_t status)
{
	struct ending ending = describe_status(status);
	char made_up[16];

	if (ending.signal)
		buffer_format(out, "%s%s", describe_signal(ending.signal, made_up), ending.core ? " (core)" : "");
	else
		buffer_format(out, "exit %d", ending.code);
}

void describe_command(struct buffer *out, const char *words, size_t total, size_t limit)
{
	size_t cursor = 0, length;
	const char *word;

	while ((word = next_word(words, total, &cursor, &length))) {
		if (out->length)
			buffer_char(out, ' ');
		if (out->length >= limit) {
			buffer_text_append(out, "…");
			return;
		}
		text_shell_word(out, word, length, limit - out->length);
	}
}

static int write_sections(struct text_report *report)
{
	const struct sink_context *context = report->context;
	bool snapshot = model_observation(context->model)->mode == MODE_SNAPSHOT;
	bool all = findings_count(context->findings) || context->verbose;
	int error = 0;

	report_diagnostics(report);
	if (context->quiet)
		return 0;
	if (snapshot || context->verbose)
		error = report_waiting(report);
	if (!error && all && !snapshot)
		error = report_tree(report);
	if (!error && (all || snapshot))
		error = report_locks(report);
	if (!error && all && !snapshot)
		error = report_switches(report);
	if (!error)
		error = report_summary(report);
	return error;
}

static int write_report(const struct sink_context *context, void *state)
{
	struct text_report report = {.context = context, .model = context->model};
	int error = collect_processes(context->model, context->findings, &report.processes, &report.process_count);

	(void)state;
	if (error)
		return error;
	page_begin(&report.page, context);
	error = write_sections(&report);
	if (!error && report.page.failed)
		error = -ENOMEM;
	page_free(&report.page);
	free(report.processes);
	return error;
}

const struct sink sink_text = {
    .name = "text",
    .suffix = ".txt",
    .help = "findings with evidence, the process tree with lifelines, the switch table",
    .report = true,
    .close = write_report,
};
