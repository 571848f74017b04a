/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The locks of the text report: which made threads wait, how often, how long; below each who held it, who waited, and
 * where. Those that were waited for as a signal or for work come with -v only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sink/common/locks.h"
#include "sink/common/report.h"

#define SHOWN 8                 /* locks, without -v */
#define NAMED 3                 /* threads and places of each */
#define WORTH_A_LINE_NS 1000000 /* waited less in sum: with -v only */
#define NUMBERS 31              /* columns of the three numbers */
#define NAME_LEAST 24

static bool is_shown(const struct text_report *report, const struct lock_row *row)
{
	if (report->context->verbose)
		return true;
	if (model_observation(report->model)->mode == MODE_SNAPSHOT)
		return row->lock->waiting;
	return (lock_is_real(row->lock) && row->sums.wait_ns >= WORTH_A_LINE_NS) || row->acquisitions;
}

static void put_right(struct page *page, size_t until, const char *text)
{
	size_t width = page_measure(page, text, strlen(text));

	page_pad(page, until > width ? until - width : 0);
	page_add(page, STYLE_PLAIN, text);
}

static void put_duration(struct page *page, size_t until, uint64_t ns)
{
	struct buffer text = {0};

	text_duration(&text, ns);
	put_right(page, until, buffer_text(&text));
	page->failed |= text.failed;
	buffer_free(&text);
}

static void add_duration(struct page *page, uint64_t ns)
{
	struct buffer text = {0};

	text_duration(&text, ns);
	page_add(page, STYLE_PLAIN, buffer_text(&text));
	page->failed |= text.failed;
	buffer_free(&text);
}

static void put_name(struct page *page, const struct lock *lock, size_t columns)
{
	struct buffer name = {0};

	buffer_format(&name, "%s ", lock_kind_name(lock->kind));
	describe_lock_name(lock, &name);
	page_stranger(page, STYLE_PLAIN, buffer_text(&name), name.length, columns);
	page->failed |= name.failed;
	buffer_free(&name);
}

/* "worker-1 (4713) 300 ms" */
static void add_party(struct text_report *report, const struct lock_party *party, uint64_t ns)
{
	struct page *page = &report->page;

	page_stranger(page, STYLE_PLAIN, party->comm[0] ? party->comm : "thread",
		      party->comm[0] ? strnlen(party->comm, COMM_SIZE) : 6, page_left(page));
	page_format(page, STYLE_PLAIN, " (%u) ", party->who.tid);
	add_duration(page, ns);
}

static void add_rest(struct page *page, size_t rest)
{
	char number[32];

	if (rest)
		page_format(page, STYLE_DIM, " and %s more", group_digits(rest, number));
}

static int put_holders(struct text_report *report, const struct lock *lock)
{
	size_t most = report->context->verbose ? SIZE_MAX : NAMED, count, told = 0;
	struct page *page = &report->page;
	struct lock_sums unknown;
	struct party_row *rows;

	if (collect_holders(report->model, lock, &rows, &count, &unknown))
		return -ENOMEM;
	page_add(page, STYLE_DIM, lock->kind == LOCK_SEMAPHORE ? "  last taker " : "  held by    ");
	for (size_t i = 0; i < count && told < most && (!told || page_left(page) > 36); i++) {
		if (!rows[i].sums.waits)
			continue;
		page_add(page, STYLE_PLAIN, told++ ? ", " : "");
		add_party(report, rows[i].party, rows[i].sums.wait_ns);
	}
	if (unknown.waits || !told) {
		page_add(page, STYLE_PLAIN, told ? "; unknown " : "unknown ");
		if (unknown.waits)
			add_duration(page, unknown.wait_ns);
	}
	page_end(page);
	free(rows);
	return 0;
}

static int put_waiters(struct text_report *report, const struct lock *lock)
{
	size_t most = report->context->verbose ? SIZE_MAX : NAMED, count, told = 0;
	struct page *page = &report->page;
	struct party_row *rows;

	if (collect_waiters(report->model, lock, &rows, &count))
		return -ENOMEM;
	page_add(page, STYLE_DIM, "  waited     ");
	for (; told < count && told < most && (!told || page_left(page) > 36); told++) {
		page_add(page, STYLE_PLAIN, told ? ", " : "");
		add_party(report, rows[told].party, rows[told].sums.wait_ns);
		if (rows[told].party->now)
			page_add(page, STYLE_WARNING, " still");
	}
	add_rest(page, count - told + (lock->gone ? lock->gone[PART_WAITER].threads : 0));
	page_end(page);
	free(rows);
	return 0;
}

/* "in work at bank.c:41 < main at bank.c:77  300 ms" */
static void put_place(struct page *page, const struct lock_place *place, const char *lead)
{
	const struct lock_site *site = place->site;

	page_add(page, STYLE_DIM, lead);
	for (unsigned i = 0; i < site->frame_count && page_left(page) > 24; i++) {
		page_add(page, STYLE_DIM, i ? page_glyph(page, " ← ", " < ") : "");
		page_stranger(page, STYLE_PLAIN, site->frames[i], strlen(site->frames[i]), page_left(page) - 12);
	}
	page_add(page, STYLE_PLAIN, "  ");
	add_duration(page, place->wait_ns);
	page_end(page);
}

static int put_places(struct text_report *report, const struct lock *lock)
{
	size_t most = report->context->verbose ? SIZE_MAX : NAMED, count, told = 0;
	const struct lock_place **places;

	if (collect_places(lock, &places, &count))
		return -ENOMEM;
	for (size_t i = 0; i < count && told < most; i++)
		if (places[i]->site->frame_count && places[i]->waits)
			put_place(&report->page, places[i], told++ ? "             " : "  in         ");
	free(places);
	return 0;
}

/* "taken 1,234 times, held 30.1 ms in all, 20.0 ms at most, in work at bank.c:41" */
static void put_holds(struct text_report *report, const struct lock_row *row)
{
	const struct lock_place *longest = NULL;
	struct page *page = &report->page;
	char number[32];

	page_add(page, STYLE_DIM, "  taken      ");
	page_format(page, STYLE_PLAIN, "%s time%s, held ", group_digits(row->acquisitions, number),
		    row->acquisitions == 1 ? "" : "s");
	add_duration(page, row->hold_ns);
	page_add(page, STYLE_PLAIN, " in all, ");
	add_duration(page, row->max_hold_ns);
	page_add(page, STYLE_PLAIN, " at most");
	for (const struct lock_place *place = row->lock->places; place; place = place->next)
		if (place->max_hold_ns && (!longest || place->max_hold_ns > longest->max_hold_ns))
			longest = place;
	if (longest && longest->site->frame_count && page_left(page) > 16) {
		page_add(page, STYLE_DIM, ", in ");
		page_stranger(page, STYLE_PLAIN, longest->site->frames[0], strlen(longest->site->frames[0]),
			      page_left(page));
	}
	page_end(page);
}

static int put_lock(struct text_report *report, const struct lock_row *row, size_t name_columns)
{
	struct page *page = &report->page;
	char number[32];

	put_name(page, row->lock, name_columns);
	put_right(page, name_columns + 11, group_digits(row->sums.waits, number));
	put_duration(page, name_columns + 21, row->sums.wait_ns);
	put_duration(page, name_columns + NUMBERS, row->sums.max_ns);
	page_end(page);
	if (row->acquisitions)
		put_holds(report, row);
	if (!row->sums.waits)
		return 0;
	if (row->lock->kind != LOCK_CONDVAR && row->lock->kind != LOCK_BARRIER && put_holders(report, row->lock))
		return -ENOMEM;
	return put_waiters(report, row->lock) || put_places(report, row->lock) ? -ENOMEM : 0;
}

static void put_heading(struct page *page, size_t name_columns)
{
	page_add(page, STYLE_STRONG, "locks, and who waited for them");
	page_end(page);
	page_add(page, STYLE_DIM, "lock");
	page_pad(page, name_columns + 11 - 5);
	page_add(page, STYLE_DIM, "waits");
	page_pad(page, name_columns + 21 - 6);
	page_add(page, STYLE_DIM, "in all");
	page_pad(page, name_columns + NUMBERS - 7);
	page_add(page, STYLE_DIM, "longest");
	page_end(page);
}

/* As wide as the longest of those shown, within the page. */
static size_t name_width(struct text_report *report, const struct lock_row *rows, size_t count)
{
	size_t width = NAME_LEAST, most = report->page.columns - NUMBERS - 1, shown = 0;

	for (size_t i = 0; i < count && (shown < SHOWN || report->context->verbose); i++) {
		struct buffer name = {0};
		size_t columns;

		if (!is_shown(report, &rows[i]))
			continue;
		shown++;
		describe_lock_name(rows[i].lock, &name);
		columns = page_measure(&report->page, buffer_text(&name), name.length) + 1 +
			  strlen(lock_kind_name(rows[i].lock->kind));
		width = columns > width ? columns : width;
		report->page.failed |= name.failed;
		buffer_free(&name);
	}
	return width < most ? width : most;
}

int report_locks(struct text_report *report)
{
	size_t count, shown = 0, hidden = 0, width;
	struct page *page = &report->page;
	struct lock_row *rows;
	char number[32];
	int error = collect_locks(report->model, &rows, &count);

	if (error)
		return error;
	width = name_width(report, rows, count);
	for (size_t i = 0; i < count && !error; i++) {
		if (!is_shown(report, &rows[i]))
			continue;
		if (shown >= SHOWN && !report->context->verbose) {
			hidden++;
			continue;
		}
		if (!shown++)
			put_heading(page, width);
		error = put_lock(report, &rows[i], width);
	}
	if (hidden) {
		page_format(page, STYLE_DIM, "%s and %s more locks (-v shows all)", page_glyph(page, "…", "..."),
			    group_digits(hidden, number));
		page_end(page);
	}
	if (shown)
		page_end(page);
	free(rows);
	return error;
}
