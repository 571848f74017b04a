/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The last lines of the text report, and of a healthy run the only ones: what was observed, how it ended, how much of
 * it there was, what was lost, and how many findings there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event/event.h"
#include "sink/common/describe.h"
#include "sink/common/report.h"
#include "sink/common/retired.h"

#define COMMAND_BYTES 160
#define SURVIVORS 6 /* named without -v */
#define RETIRED 6   /* names of programs */

struct totals {
	uint64_t processes, threads, zombies, alive;
	struct counters counters;
	bool has_counters;
};

static void add_up(const struct text_report *report, struct totals *totals)
{
	const struct retired *retired = model_retired(report->model);

	*totals = (struct totals){.processes = retired->processes,
				  .threads = retired->threads,
				  .counters = retired->counters,
				  .has_counters = retired->with_counters};
	for (size_t i = 0; i < report->process_count; i++) {
		const struct process *process = report->processes[i];
		struct counters sum;

		if (process->scope != SCOPE_TARGET)
			continue;
		totals->processes++;
		totals->threads += process->thread_count ? process->thread_count : 1;
		totals->zombies += process_is_zombie(process);
		totals->alive += !process_is_over(process);
		if (!process_counters(process, &sum))
			continue;
		totals->has_counters = true;
		totals->counters.cpu_ns += sum.cpu_ns;
		totals->counters.voluntary += sum.voluntary;
		totals->counters.involuntary += sum.involuntary;
	}
}

/* "1 process", "2,345 processes" */
static void count_words(struct buffer *out, uint64_t count, const char *one, const char *many)
{
	char number[32];

	buffer_format(out, "%s %s", group_digits(count, number), count == 1 ? one : many);
}

static void write_sentence(struct text_report *report, struct buffer *sentence)
{
	page_wrap(&report->page, STYLE_PLAIN, "  ", buffer_text(sentence), sentence->length, 0);
	page_end(&report->page);
	report->page.failed |= sentence->failed;
	buffer_clear(sentence);
}

/* ---- what was observed, and how it ended --------------------------------------------------------------- */

static const char *end_words(const struct observation *observation)
{
	static const char *const words[] = {
	    [ENDED_COMMAND] = "the command had ended",
	    [ENDED_INTERRUPT] = "it was interrupted",
	    [ENDED_DURATION] = "the time was up",
	    [ENDED_TARGETS_GONE] = "the last target had ended",
	};

	if (!observation->finished || observation->ended_by >= sizeof(words) / sizeof(*words))
		return NULL;
	return words[observation->ended_by];
}

static void describe_result(const struct model *model, struct buffer *out)
{
	const struct process *command = observation_command(model);
	uint64_t ns = observation_duration(model);
	struct ending ending;
	int32_t status;
	char made_up[16];

	if (!observation_exit(model, &status)) {
		buffer_text_append(out, " had not ended when observation did, after ");
		text_duration(out, ns);
		return;
	}
	ending = describe_status(status);
	if (ending.signal)
		buffer_format(out, " was ended by %s%s after ", describe_signal(ending.signal, made_up),
			      ending.core ? " (core dumped)" : "");
	else
		buffer_format(out, " ended with exit status %d after ", ending.code);
	if (command && command->exited_ns > command->started_ns && command->started_ns)
		ns = command->exited_ns - command->started_ns;
	text_duration(out, ns);
}

static void write_command(struct text_report *report, const struct observation *observation)
{
	struct page *page = &report->page;
	struct buffer text = {0};

	page_add(page, STYLE_STRONG, "lifeline: ");
	describe_command(&text, observation->command, observation->command_length, COMMAND_BYTES);
	if (!text.length)
		buffer_text_append(&text, "the command");
	page_escaped(page, STYLE_STRONG, buffer_text(&text), page->columns - 30);
	page->failed |= text.failed;
	buffer_clear(&text);
	describe_result(report->model, &text);
	write_sentence(report, &text);
	buffer_free(&text);
}

static void write_observed(struct text_report *report, const struct observation *observation)
{
	const char *why = end_words(observation);
	struct buffer text = {0};

	page_add(&report->page, STYLE_STRONG, "lifeline: ");
	buffer_text_append(&text, observation->mode == MODE_SNAPSHOT ? "looked for " : "observed for ");
	text_duration(&text, observation_duration(report->model));
	if (why && observation->mode != MODE_SNAPSHOT)
		buffer_format(&text, ", until %s", why);
	write_sentence(report, &text);
	buffer_free(&text);
}

/* ---- how much ------------------------------------------------------------------------------------------ */

static void write_losses(struct text_report *report)
{
	uint64_t total = model_lost(report->model, EVENT_GROUP_COUNT);
	const char *between = " (";
	struct buffer text = {0};
	char number[32];

	if (!total)
		return;
	buffer_format(&text, "  %s event%s LOST", group_digits(total, number), total == 1 ? " was" : "s were");
	for (unsigned group = 0; group < EVENT_GROUP_COUNT; group++) {
		uint64_t count = model_lost(report->model, group);

		if (!count)
			continue;
		buffer_format(&text, "%s%s %s", between, event_group_name(group), group_digits(count, number));
		between = ", ";
	}
	buffer_text_append(&text, "); what rests on them is marked uncertain");
	write_sentence(report, &text);
	buffer_free(&text);
}

static void write_totals(struct text_report *report, const struct totals *totals)
{
	struct buffer text = {0};

	buffer_text_append(&text, "  ");
	count_words(&text, totals->processes, "process", "processes");
	buffer_text_append(&text, ", ");
	count_words(&text, totals->threads, "thread", "threads");
	if (totals->zombies) {
		buffer_text_append(&text, ", ");
		count_words(&text, totals->zombies, "zombie left", "zombies left");
	}
	if (totals->has_counters) {
		buffer_text_append(&text, "; ");
		text_duration(&text, totals->counters.cpu_ns);
		buffer_text_append(&text, " on processors, ");
		count_words(&text, totals->counters.voluntary + totals->counters.involuntary, "switch", "switches");
	}
	buffer_text_append(&text, "; ");
	count_words(&text, model_events(report->model), "event", "events");
	if (!model_lost(report->model, EVENT_GROUP_COUNT))
		buffer_text_append(&text, ", none lost");
	write_sentence(report, &text);
	buffer_free(&text);
}

/* Those that are in the totals, but in no list. */
static int write_retired(struct text_report *report)
{
	const struct retired *retired = model_retired(report->model);
	uint64_t others = retired->processes;
	const struct retired_name **names;
	struct buffer text = {0};
	char number[32];
	size_t count;

	if (!retired->processes)
		return 0;
	if (collect_retired_names(report->model, &names, &count))
		return -ENOMEM;
	buffer_format(&text, "  %s of them came and went in good order and are not listed one by one: ",
		      group_digits(retired->processes, number));
	for (size_t i = 0; i < count && i < RETIRED; i++) {
		text_escape(&text, names[i]->comm, strnlen(names[i]->comm, COMM_SIZE), 0);
		buffer_format(&text, " %s%s", group_digits(names[i]->processes, number),
			      i + 1 < count && i + 1 < RETIRED ? ", " : "");
		others -= names[i]->processes;
	}
	if (others)
		buffer_format(&text, "%s%s of other names", count ? " and " : "", group_digits(others, number));
	write_sentence(report, &text);
	buffer_free(&text);
	free(names);
	return 0;
}

static void write_survivors(struct text_report *report, const struct totals *totals)
{
	struct page *page = &report->page;
	uint64_t named = 0;
	char number[32];

	if (!totals->alive || model_observation(report->model)->mode != MODE_RUN)
		return;
	page_add(page, STYLE_PLAIN, "  still running:");
	for (size_t i = 0; i < report->process_count && named < SURVIVORS; i++) {
		const struct process *process = report->processes[i];

		if (process->scope != SCOPE_TARGET || process_is_over(process))
			continue;
		if (page_left(page) < 48 && named) /* a name of 15 bytes, a pid, and the rest's count fit */
			break;
		page_add(page, STYLE_PLAIN, named++ ? ", " : " ");
		add_process_name(report, process->id.pid, process->comm);
	}
	if (named < totals->alive)
		page_format(page, STYLE_PLAIN, " and %s more", group_digits(totals->alive - named, number));
	page_end(page);
}

/* ---- what is missing, and what was found --------------------------------------------------------------- */

static void write_doubts(struct text_report *report, const struct observation *observation)
{
	struct buffer text = {0};
	char number[32];

	if (!observation->begun)
		buffer_text_append(&text, "  the beginning of this trace is missing: times are since boot");
	else if (!observation->finished || observation->ended_by == ENDED_CUT) {
		buffer_text_append(&text, "  the trace is cut off: what came later than ");
		text_duration(&text, observation_duration(report->model));
		buffer_text_append(&text, " after its start is not in it");
	}
	if (text.length)
		write_sentence(report, &text);
	if (report->context->verbose && model_contradictions(report->model)) {
		buffer_format(&text, "  %s events contradicted what was known, and were passed over",
			      group_digits(model_contradictions(report->model), number));
		write_sentence(report, &text);
	}
	buffer_free(&text);
}

static void write_unseen(struct text_report *report, uint32_t unseen)
{
	struct buffer text = {0};

	for (uint32_t bit = 1; bit; bit <<= 1)
		if ((unseen & bit) && event_unseen_verdict(bit))
			buffer_format(&text, "%s%s",
				      text.length ? ", " : "  could not be seen in this way of observing: ",
				      event_unseen_verdict(bit));
	if (text.length)
		write_sentence(report, &text);
	buffer_free(&text);
}

static void write_verdict(struct text_report *report)
{
	static const char *const names[][2] = {
	    [SEVERITY_NOTE] = {"note", "notes"},
	    [SEVERITY_WARNING] = {"warning", "warnings"},
	    [SEVERITY_ERROR] = {"error", "errors"},
	};
	const struct finding *worst = findings_get(report->context->findings, 0), *finding;
	size_t counts[3] = {0};
	struct buffer text = {0};

	buffer_text_append(&text, "  ");
	if (!worst)
		buffer_text_append(&text, "no findings");
	for (size_t i = 0; (finding = findings_get(report->context->findings, i)); i++)
		counts[finding->severity]++;
	for (int severity = SEVERITY_ERROR; severity >= SEVERITY_NOTE; severity--) {
		if (!counts[severity])
			continue;
		buffer_text_append(&text, text.length > 2 ? ", " : "");
		count_words(&text, counts[severity], names[severity][0], names[severity][1]);
	}
	if (worst)
		buffer_format(&text, "; more on the first: lifeline explain %s", worst->verdict->code);
	write_sentence(report, &text);
	buffer_free(&text);
}

int report_summary(struct text_report *report)
{
	const struct observation *observation = model_observation(report->model);
	struct totals totals;
	int error;

	add_up(report, &totals);
	if (observation->begun && observation->mode == MODE_RUN)
		write_command(report, observation);
	else
		write_observed(report, observation);
	write_totals(report, &totals);
	error = write_retired(report);
	write_losses(report);
	write_survivors(report, &totals);
	write_doubts(report, observation);
	write_unseen(report, observation->unseen);
	write_verdict(report);
	return error;
}
