/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The switch table: per process, and per thread of the busiest ones, how often it left the processor, by its own will
 * (voluntary: it had to wait) or not (involuntary), and where its time went. Processes whose counters are unknown are
 * counted, not shown as 0.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sink/common/describe.h"
#include "sink/common/report.h"

#define ROWS 15        /* processes without -v */
#define WITH_THREADS 5 /* so many of them with their threads */
#define THREADS 4      /* threads of each without -v */
#define REASONS 3
#define SWITCH_COST_NS 2000 /* what a switch costs by and large, caches included: weighs switches against times */

enum column {
	COLUMN_PID,
	COLUMN_NAME,
	COLUMN_VOLUNTARY,
	COLUMN_INVOLUNTARY,
	COLUMN_CPU,
	COLUMN_RUNQUEUE,
	COLUMN_COUNT
};

struct ranked {
	const struct process *process;
	uint64_t weight;
};

struct table {
	struct text_report *report;
	struct ranked *rows;
	size_t count, shown;
	size_t unknown; /* processes without counters */
	size_t widths[COLUMN_COUNT];
	bool measuring; /* the first of two passes only finds the widths */
	struct buffer cell;
};

static uint64_t weigh(const struct counters *counters)
{
	return counters->cpu_ns + counters->runqueue_ns +
	       (counters->voluntary + counters->involuntary) * SWITCH_COST_NS;
}

static int by_weight(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	if (a->process->id.start_ns != b->process->id.start_ns)
		return a->process->id.start_ns < b->process->id.start_ns ? -1 : 1;
	return a->process->id.pid < b->process->id.pid ? -1 : a->process->id.pid > b->process->id.pid;
}

static int rank(struct table *table)
{
	struct text_report *report = table->report;

	table->rows = malloc((report->process_count + 1) * sizeof(*table->rows));
	if (!table->rows)
		return -ENOMEM;
	for (size_t i = 0; i < report->process_count; i++) {
		struct counters sum;

		if (process_counters(report->processes[i], &sum))
			table->rows[table->count++] = (struct ranked){report->processes[i], weigh(&sum)};
		else
			table->unknown++;
	}
	qsort(table->rows, table->count, sizeof(*table->rows), by_weight);
	table->shown = report->context->verbose || table->count < ROWS ? table->count : ROWS;
	return 0;
}

/* ---- cells --------------------------------------------------------------------------------------------- */

static void put_cell(struct table *table, enum column column, enum style style, const char *text)
{
	struct page *page = &table->report->page;
	size_t length = strlen(text);

	if (table->measuring) {
		table->widths[column] = length > table->widths[column] ? length : table->widths[column];
		return;
	}
	page_format(page, style, "%*s", (int)table->widths[column], text);
	page_add(page, STYLE_PLAIN, column == COLUMN_PID ? " " : "  ");
}

static void put_number(struct table *table, enum column column, uint64_t number)
{
	char text[32];

	put_cell(table, column, STYLE_PLAIN, group_digits(number, text));
}

static void put_duration(struct table *table, enum column column, uint64_t ns)
{
	buffer_clear(&table->cell);
	text_duration(&table->cell, ns);
	put_cell(table, column, STYLE_PLAIN, buffer_text(&table->cell));
}

static void put_name(struct table *table, const char comm[COMM_SIZE], size_t indent)
{
	struct page *page = &table->report->page;
	size_t most = page->columns < 90 ? 12 : 20, length = strnlen(comm, COMM_SIZE), start, needed;

	if (table->measuring) {
		needed = page_measure(page, comm, length) + indent;
		needed = needed > most ? most : needed;
		table->widths[COLUMN_NAME] = needed > table->widths[COLUMN_NAME] ? needed : table->widths[COLUMN_NAME];
		return;
	}
	start = page->used;
	page_format(page, STYLE_PLAIN, "%*s", (int)indent, "");
	page_stranger(page, indent ? STYLE_DIM : STYLE_STRONG, comm, length, table->widths[COLUMN_NAME] - indent);
	page_pad(page, start + table->widths[COLUMN_NAME] + 2);
}

/* The reason that took the most time among those not in `taken`; BLOCKED_REASON_COUNT if none took any. */
static enum blocked_reason top_reason(const struct counters *counters, unsigned taken)
{
	enum blocked_reason best = BLOCKED_REASON_COUNT;

	for (enum blocked_reason reason = 0; reason < BLOCKED_REASON_COUNT; reason++)
		if (counters->blocked_ns[reason] && !(taken & 1u << reason) &&
		    (best == BLOCKED_REASON_COUNT || counters->blocked_ns[reason] > counters->blocked_ns[best]))
			best = reason;
	return best;
}

/* The reasons that took the most time, as many as fit, and none of less than a hundredth of the first. */
static void put_blocked(struct table *table, const struct counters *counters)
{
	struct page *page = &table->report->page;
	struct buffer *cell = &table->cell;
	unsigned taken = 0;
	uint64_t first = 0;

	for (unsigned shown = 0; shown < REASONS; shown++) {
		enum blocked_reason reason = top_reason(counters, taken);

		if (reason == BLOCKED_REASON_COUNT || counters->blocked_ns[reason] < first / 100)
			return;
		buffer_clear(cell);
		buffer_format(cell, "%s%s ", shown ? ", " : "", describe_blocked_reason(reason));
		text_duration(cell, counters->blocked_ns[reason]);
		if (cell->length > page_left(page))
			return;
		page_add(page, STYLE_PLAIN, buffer_text(cell));
		taken |= 1u << reason;
		first = first ? first : counters->blocked_ns[reason];
	}
}

static void put_counters(struct table *table, const char comm[COMM_SIZE], size_t indent,
			 const struct counters *counters)
{
	put_name(table, comm, indent);
	put_number(table, COLUMN_VOLUNTARY, counters->voluntary);
	put_number(table, COLUMN_INVOLUNTARY, counters->involuntary);
	put_duration(table, COLUMN_CPU, counters->cpu_ns);
	put_duration(table, COLUMN_RUNQUEUE, counters->runqueue_ns);
	if (table->measuring)
		return;
	put_blocked(table, counters);
	page_end(&table->report->page);
}

static void put_row(struct table *table, uint32_t id, const char comm[COMM_SIZE], size_t indent,
		    const struct counters *counters)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", id);
	put_cell(table, COLUMN_PID, indent ? STYLE_DIM : STYLE_PLAIN, text);
	put_counters(table, comm, indent, counters);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static void put_rest(struct table *table, size_t indent, size_t count, const char *what)
{
	struct page *page = &table->report->page;
	char number[32];

	if (!count || table->measuring)
		return;
	page_pad(page, indent);
	page_format(page, STYLE_DIM, "%s and %s more %s (-v shows all)", page_glyph(page, "…", "..."),
		    group_digits(count, number), what);
	page_end(page);
}

/* The busiest threads in one pass over any number of them. */
static size_t pick_threads(const struct process *process, const struct thread *picked[THREADS])
{
	size_t count = 0;

	for (const struct thread *thread = process->threads; thread; thread = thread->next) {
		size_t at = count;

		while (at && weigh(&picked[at - 1]->counters) < weigh(&thread->counters))
			at--;
		if (at == THREADS)
			continue;
		count += count < THREADS;
		memmove(&picked[at + 1], &picked[at], (count - at - 1) * sizeof(*picked));
		picked[at] = thread;
	}
	return count;
}

/* In a long observation: the sums over threads that have no row of their own. */
static void put_gone(struct table *table, const struct gone_threads *gone)
{
	char name[COMM_SIZE], number[32];

	if (!gone || !gone->threads)
		return;
	snprintf(name, sizeof(name), "%s ended", group_digits(gone->threads, number));
	put_cell(table, COLUMN_PID, STYLE_DIM, "");
	put_counters(table, name, 2, &gone->counters);
}

static void put_threads(struct table *table, const struct process *process)
{
	const struct thread *picked[THREADS] = {NULL};
	size_t count, indent = table->widths[COLUMN_PID] + 3;

	if (process->thread_count < 2)
		return;
	if (table->report->context->verbose) {
		for (const struct thread *thread = process->threads; thread; thread = thread->next)
			put_row(table, thread->tid, thread->comm, 2, &thread->counters);
		put_gone(table, process->gone);
		return;
	}
	count = pick_threads(process, picked);
	for (size_t i = 0; i < count; i++)
		put_row(table, picked[i]->tid, picked[i]->comm, 2, &picked[i]->counters);
	put_rest(table, indent, process->thread_count - count, "threads");
}

static void put_heading(struct table *table)
{
	static const char *const wide[] = {"pid", "process", "voluntary", "involuntary", "cpu", "run queue"};
	static const char *const narrow[] = {"pid", "process", "volunt.", "involunt.", "cpu", "run q."};
	struct page *page = &table->report->page;
	const char *const *names = page->columns < 90 ? narrow : wide;

	if (!table->measuring) {
		page_add(page, STYLE_STRONG, "context switches, and where the time went");
		page_end(page);
	}
	for (enum column column = 0; column < COLUMN_COUNT; column++) {
		if (column == COLUMN_NAME && !table->measuring) {
			page_format(page, STYLE_DIM, "%-*s  ", (int)table->widths[column], names[column]);
			continue;
		}
		put_cell(table, column, STYLE_DIM, names[column]);
	}
	if (table->measuring)
		return;
	page_add(page, STYLE_DIM, "blocked in");
	page_end(page);
}

static void put_table(struct table *table)
{
	put_heading(table);
	for (size_t i = 0; i < table->shown; i++) {
		const struct process *process = table->rows[i].process;
		struct counters sum;

		process_counters(process, &sum);
		put_row(table, process->id.pid, process->comm, 0, &sum);
		if (i < WITH_THREADS || table->report->context->verbose)
			put_threads(table, process);
	}
	put_rest(table, 0, table->count - table->shown, "processes");
}

int report_switches(struct text_report *report)
{
	struct table table = {.report = report, .measuring = true};
	struct page *page = &report->page;
	char number[32];
	int error = rank(&table);

	if (!error && table.count) {
		put_table(&table);
		table.measuring = false;
		put_table(&table);
		if (table.unknown) {
			page_format(page, STYLE_DIM, "(counters of %s process%s are not known)",
				    group_digits(table.unknown, number), table.unknown == 1 ? "" : "es");
			page_end(page);
		}
		page_end(page);
	}
	page->failed |= table.cell.failed;
	buffer_free(&table.cell);
	free(table.rows);
	return error;
}
