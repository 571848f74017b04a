/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Findings in the form of a compiler's diagnostics:
 *
 *   warning[zombie.never-waited]: pid 4712 (worker) has been a zombie for 2.00 s; …
 *    --> 4712 (worker), child of 4711 (demo): ./demo
 *     |  +0.003 s  4711 (demo) created 4712
 *     |  +0.104 s  4712 ended with exit status 0
 *     = help: call waitpid(4712, …)
 */
#include <string.h>

#include "base/text.h"
#include "sink/common/describe.h"
#include "sink/common/report.h"

#define TITLE_BYTES 800
#define EVIDENCE_BYTES 600
#define HELP_BYTES 1200
#define COMMAND_BYTES 512

#define SHOWN_OF_CODE 10  /* without -v */
#define EVIDENCE_FIRST 10 /* without -v, of long lists: the beginning… */
#define EVIDENCE_LAST 4   /* … and the end */
#define CODES_MAX 64

struct tally {
	const struct verdict *verdict;
	size_t shown, hidden;
};

static enum style severity_style(enum severity severity)
{
	static const enum style styles[] = {
	    [SEVERITY_NOTE] = STYLE_NOTE, [SEVERITY_WARNING] = STYLE_WARNING, [SEVERITY_ERROR] = STYLE_ERROR};

	return styles[severity];
}

static void write_title(struct page *page, const struct finding *finding)
{
	enum style style = severity_style(finding->severity);
	const char *title = finding->title ? finding->title : finding->verdict->title;

	page_add(page, style, severity_name(finding->severity));
	page_format(page, style, "[%s]", finding->verdict->code);
	if (!finding->certain)
		page_add(page, STYLE_NOTE, " (uncertain: events were lost)");
	page_add(page, STYLE_STRONG, ": ");
	page_wrap(page, STYLE_STRONG, "    ", title, strlen(title), TITLE_BYTES);
	page_end(page);
}

/* Who it is about: pid, name, pid in its own namespace, parent, command line as far as it fits. */
static void write_subject(struct text_report *report, const struct finding *finding)
{
	const struct process *process = finding->process.pid ? model_find(report->model, finding->process) : NULL;
	const struct process *parent = process ? model_find(report->model, process->born_to) : NULL;
	struct page *page = &report->page;
	struct buffer command = {0};

	if (!process)
		return;
	page_add(page, STYLE_NOTE, " --> ");
	add_process_name(report, process->id.pid, finding->comm);
	if (process->nspid && process->nspid != process->id.pid)
		page_format(page, STYLE_PLAIN, ", pid %u in its namespace", process->nspid);
	if (parent) {
		page_add(page, STYLE_PLAIN, ", child of ");
		add_process_name(report, parent->id.pid, parent->comm);
	}
	describe_command(&command, process->argv, process->argv_length, COMMAND_BYTES);
	if (command.length && page_left(page) > 12) {
		page_add(page, STYLE_PLAIN, ": ");
		page_escaped(page, STYLE_DIM, buffer_text(&command), page_left(page));
	}
	page->failed |= command.failed;
	buffer_free(&command);
	page_end(page);
}

/* Milliseconds, unless neighbours differ by less: then microseconds, for all of them. */
static int decimals_needed(const struct finding *finding)
{
	uint64_t before = 0;

	for (size_t i = 0; i < finding->evidence_count; i++) {
		uint64_t t_ns = finding->evidence[i].t_ns;

		if (t_ns && before && t_ns != before && (t_ns > before ? t_ns - before : before - t_ns) < 1000000)
			return 6;
		before = t_ns ? t_ns : before;
	}
	return 3;
}

/* "+0.104 s", negative before the start. Cut, not rounded: an effect must not seem to come before its cause. */
static void format_time(const struct model *model, uint64_t t_ns, int decimals, char out[40])
{
	int64_t relative = observation_relative(model, t_ns);
	uint64_t ns = relative < 0 ? 0 - (uint64_t)relative : (uint64_t)relative;
	unsigned divisor = decimals == 6 ? 1000 : 1000000;

	out[0] = '\0';
	if (t_ns)
		snprintf(out, 40, "%c%llu.%0*u s", relative < 0 ? '-' : '+', (unsigned long long)(ns / 1000000000),
			 decimals, (unsigned)(ns % 1000000000) / divisor);
}

static size_t time_width(const struct model *model, const struct finding *finding, int decimals)
{
	size_t width = 0;
	char time[40];

	for (size_t i = 0; i < finding->evidence_count; i++) {
		format_time(model, finding->evidence[i].t_ns, decimals, time);
		width = strlen(time) > width ? strlen(time) : width;
	}
	return width;
}

static void write_fact(struct text_report *report, const struct evidence *evidence, int decimals, size_t width)
{
	const char *text = evidence->text ? evidence->text : "";
	struct page *page = &report->page;
	char time[40], hang[64];

	format_time(report->model, evidence->t_ns, decimals, time);
	snprintf(hang, sizeof(hang), "  |  %*s  ", (int)width, "");
	page_add(page, STYLE_NOTE, "  |  ");
	page_format(page, STYLE_PLAIN, "%*s%s", (int)width, time, width ? "  " : "");
	hang[width ? 7 + width : 5] = '\0';
	page_wrap(page, STYLE_PLAIN, hang, text, strlen(text), EVIDENCE_BYTES);
	page_end(page);
}

static void write_evidence(struct text_report *report, const struct finding *finding)
{
	size_t count = finding->evidence_count, skipped = 0;
	int decimals = decimals_needed(finding);
	size_t width = time_width(report->model, finding, decimals);

	if (!report->context->verbose && count > EVIDENCE_FIRST + EVIDENCE_LAST + 1)
		skipped = count - EVIDENCE_FIRST - EVIDENCE_LAST;
	for (size_t i = 0; i < count; i++) {
		if (skipped && i == EVIDENCE_FIRST) {
			page_add(&report->page, STYLE_NOTE, "  |  ");
			page_format(&report->page, STYLE_DIM, "%s %zu more (-v shows all)",
				    page_glyph(&report->page, "…", "..."), skipped);
			page_end(&report->page);
			i += skipped;
		}
		write_fact(report, &finding->evidence[i], decimals, width);
	}
}

static void write_help(struct page *page, const char *help)
{
	const char *line = help, *lead = "  = help: ";

	while (line && *line) {
		const char *end = strchrnul(line, '\n');

		page_add(page, STYLE_HELP, lead);
		page_wrap(page, STYLE_PLAIN, "          ", line, (size_t)(end - line), HELP_BYTES);
		page_end(page);
		lead = "          ";
		line = *end ? end + 1 : end;
	}
}

static void write_finding(struct text_report *report, const struct finding *finding)
{
	write_title(&report->page, finding);
	write_subject(report, finding);
	write_evidence(report, finding);
	write_help(&report->page, finding->help);
	page_end(&report->page);
}

/* The entry for this verdict; NULL if there are more codes than anybody has written verdicts for. */
static struct tally *tally_of(struct tally *tallies, const struct verdict *verdict)
{
	for (size_t i = 0; i < CODES_MAX; i++) {
		if (!tallies[i].verdict)
			tallies[i].verdict = verdict;
		if (tallies[i].verdict == verdict)
			return &tallies[i];
	}
	return NULL;
}

static void write_hidden(struct page *page, const struct tally *tallies)
{
	bool any = false;
	char number[32];

	for (size_t i = 0; i < CODES_MAX && tallies[i].verdict; i++) {
		if (!tallies[i].hidden)
			continue;
		page_format(page, STYLE_PLAIN, "%s and %s more of %s (-v shows all)", page_glyph(page, "…", "..."),
			    group_digits(tallies[i].hidden, number), tallies[i].verdict->code);
		page_end(page);
		any = true;
	}
	if (any)
		page_end(page);
}

void report_diagnostics(struct text_report *report)
{
	struct tally tallies[CODES_MAX] = {0};
	const struct finding *finding;

	for (size_t i = 0; (finding = findings_get(report->context->findings, i)); i++) {
		struct tally *tally = tally_of(tallies, finding->verdict);

		if (tally && tally->shown >= SHOWN_OF_CODE && !report->context->verbose) {
			tally->hidden++;
			continue;
		}
		if (tally)
			tally->shown++;
		write_finding(report, finding);
	}
	write_hidden(&report->page, tallies);
}
