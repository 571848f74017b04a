/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What `lifeline zombies` prints: those that are dead and not reaped, by the parent that owes the wait, then the
 * findings. -q: the findings only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/syscall.h"
#include "base/text.h"
#include "model/lock.h"
#include "sink/common/describe.h"
#include "sink/common/place.h"
#include "sink/common/report.h"

#define SHOWN_OF_PARENT 10 /* without -v */
#define NAME_COLUMN 9
#define DEAD_COLUMN 26
#define END_COLUMN 46

/* ---- who is to be listed --------------------------------------------------------------------------- */

/* Longest dead first within a parent; parents by pid. */
static uint64_t dead_for(const struct model *model, const struct process *process)
{
	const uint64_t seen_ns = process_zombie_ns(model, process);

	return process->dead_before ? seen_ns + process->dead_for_ns : seen_ns;
}

static const struct model *sorting;

static int by_parent(const void *left, const void *right)
{
	const struct process *a = *(const struct process *const *)left, *b = *(const struct process *const *)right;
	uint64_t of_a, of_b;

	if (a->parent.pid != b->parent.pid)
		return a->parent.pid < b->parent.pid ? -1 : 1;
	of_a = dead_for(sorting, a);
	of_b = dead_for(sorting, b);
	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	return a->id.pid < b->id.pid ? -1 : 1;
}

static bool is_listed(const struct process *process)
{
	return process->scope == SCOPE_TARGET &&
	       (process_is_zombie(process) || (process->leader_exited_ns && !process->exited_ns));
}

static size_t collect(const struct model *model, const struct process ***zombies)
{
	size_t count = 0;

	for (const struct process *p = model_first(model); p; p = p->next)
		count += is_listed(p);
	*zombies = calloc(count ? count : 1, sizeof(**zombies));
	if (!*zombies)
		return 0;
	count = 0;
	for (const struct process *p = model_first(model); p; p = p->next)
		if (is_listed(p))
			(*zombies)[count++] = p;
	sorting = model;
	qsort(*zombies, count, sizeof(**zombies), by_parent);
	return count;
}

/* ---- a parent -------------------------------------------------------------------------------------- */

/* What it does about SIGCHLD, in the words of the JSON report. */
static const char *sigchld_words(const struct zombie_look *look)
{
	static const char *const words[] = {[SIGCHLD_DEFAULT] = "default",
					    [SIGCHLD_IGNORED] = "ignored",
					    [SIGCHLD_HANDLED] = "handled",
					    [SIGCHLD_NOCLDWAIT] = "SA_NOCLDWAIT"};

	if (look->sigchld_blocked)
		return look->sigchld_pending ? "blocked, one pending" : "blocked";
	return look->sigchld < sizeof(words) / sizeof(words[0]) ? words[look->sigchld] : "unknown";
}

static void add_wait(struct buffer *text, const struct zombie_look *look)
{
	if (!look->wait_tid)
		return;
	if (look->wait_type == WAIT_ANY)
		buffer_text_append(text, ", waiting for any child");
	else
		buffer_format(text, ", waiting for %s %d", look->wait_type == WAIT_PGID ? "process group" : "process",
			      (int)look->wait_target);
	if (look->wait_options & 0x20000000)
		buffer_text_append(text, " of its own thread only");
}

static void describe_occupation(struct buffer *text, const struct model *model, const struct zombie_look *look)
{
	const char *name = look->syscall >= 0 ? syscall_name_on(model_observation(model)->arch, look->syscall) : NULL;

	if (look->parent_state)
		buffer_format(text, "state %c",
			      look->parent_state >= 'A' && look->parent_state <= 'z' ? (int)look->parent_state : '?');
	if (name)
		buffer_format(text, " in %s", name);
	add_wait(text, look);
	buffer_format(text, "%sSIGCHLD %s", text->length ? "; " : "", sigchld_words(look));
}

/* Where its thread was seen standing in the program: from the inside out, as much as the line holds. */
static void write_stand(struct text_report *report, const struct process *parent, uint32_t tid)
{
	struct page *page = &report->page;

	for (const struct thread *thread = parent->threads; thread; thread = thread->next) {
		const struct thread_wait *wait = thread->tid == tid ? thread_wait_now(thread) : NULL;

		if (!wait || !wait->site || !wait->site->frame_count)
			continue;
		for (unsigned i = 0; i < wait->site->frame_count && page_left(page) > 8; i++) {
			const char *frame = wait->site->frames[i];

			page_add(page, STYLE_PLAIN, i ? " ← " : "    in ");
			page_stranger(page, STYLE_PLAIN, frame, strlen(frame), page_left(page));
		}
		page_end(page);
		return;
	}
}

static void write_place(struct text_report *report, const struct process *process)
{
	const char *path = model_cgroup_path(report->model, process->cgroup);
	struct page *page = &report->page;
	struct place place;

	if (!path || !place_of(path, &place))
		return;
	page_add(page, STYLE_PLAIN, "   ");
	if (place.unit_length) {
		page_add(page, STYLE_PLAIN, " unit ");
		page_stranger(page, STYLE_PLAIN, place.unit, place.unit_length, page_left(page));
	}
	if (place.container_length) {
		page_add(page, STYLE_PLAIN, place.unit_length ? ", container " : " container ");
		page_stranger(page, STYLE_PLAIN, place.container,
			      place.is_id ? CONTAINER_ID_LISTED : place.container_length, page_left(page));
	}
	if (!place.unit_length && !place.container_length) {
		page_add(page, STYLE_PLAIN, " cgroup ");
		page_stranger(page, STYLE_PLAIN, path, strlen(path), page_left(page));
	}
	page_end(page);
}

static void write_parent(struct text_report *report, const struct process *first, size_t count)
{
	const struct process *parent = model_find(report->model, first->parent);
	struct page *page = &report->page;
	struct buffer text = {0};

	if (!parent) {
		page_format(page, STYLE_STRONG, "%u", first->parent.pid);
	} else {
		add_process_name(report, parent->id.pid, parent->comm);
		if (parent->nspid && parent->nspid != parent->id.pid)
			page_format(page, STYLE_PLAIN, ", pid %u in its namespace", parent->nspid);
	}
	page_format(page, STYLE_STRONG, ": %zu %s", count, count == 1 ? "zombie" : "zombies");
	page_end(page);
	if (first->look) {
		describe_occupation(&text, report->model, first->look);
		page_add(page, STYLE_PLAIN, "    ");
		page_escaped(page, STYLE_PLAIN, buffer_text(&text), page_left(page));
		page_end(page);
	}
	if (parent && first->look)
		write_stand(report, parent, first->look->parent_tid);
	if (parent)
		write_place(report, parent);
	page->failed |= text.failed;
	buffer_free(&text);
}

/* ---- a zombie -------------------------------------------------------------------------------------- */

static void add_age(struct buffer *text, const struct model *model, const struct process *process)
{
	if (!process_is_zombie(process)) {
		buffer_text_append(text, "alive in other threads");
		return;
	}
	if (process->dead_before)
		buffer_text_append(text, process->dead_for_ns ? "about " : "at least ");
	text_duration(text, dead_for(model, process));
}

static void write_zombie(struct text_report *report, const struct process *process)
{
	struct page *page = &report->page;
	struct buffer text = {0};

	page_format(page, STYLE_DEAD, "%8u ", process->id.pid);
	page_stranger(page, STYLE_PLAIN, process->comm, strnlen(process->comm, COMM_SIZE),
		      DEAD_COLUMN - NAME_COLUMN - 1);
	page_pad(page, DEAD_COLUMN);
	add_age(&text, report->model, process);
	page_escaped(page, STYLE_PLAIN, buffer_text(&text), page_left(page));
	if (process_is_zombie(process)) {
		buffer_clear(&text);
		page_pad(page, END_COLUMN);
		if (process->has_status)
			describe_ending(&text, process->status);
		else
			buffer_text_append(&text, "status unknown");
		if (process->nspid && process->nspid != process->id.pid)
			buffer_format(&text, ", pid %u in its namespace", process->nspid);
		if (process->look && process->look->tracer)
			buffer_format(&text, ", traced by %u", process->look->tracer);
		page_escaped(page, STYLE_PLAIN, buffer_text(&text), page_left(page));
	}
	page_end(page);
	page->failed |= text.failed;
	buffer_free(&text);
}

/* One parent's; returns where the next one's begin. */
static size_t write_group(struct text_report *report, const struct process **zombies, size_t from, size_t total)
{
	const size_t most = report->context->verbose ? SIZE_MAX : SHOWN_OF_PARENT;
	size_t until = from;

	while (until < total && process_ref_equal(zombies[until]->parent, zombies[from]->parent))
		until++;
	write_parent(report, zombies[from], until - from);
	for (size_t i = from; i < until && i - from < most; i++)
		write_zombie(report, zombies[i]);
	if (until - from > most) {
		page_format(&report->page, STYLE_DIM, "%8s and %zu more (-v lists them)", "", until - from - most);
		page_end(&report->page);
	}
	page_end(&report->page);
	return until;
}

static void write_end(struct text_report *report, size_t zombies, size_t parents)
{
	const struct observation *observation = model_observation(report->model);
	struct page *page = &report->page;
	char number[32];

	if (!zombies)
		page_add(page, STYLE_PLAIN, "no zombies");
	else
		page_format(page, STYLE_PLAIN, "%s %s of %zu %s", group_digits(zombies, number),
			    zombies == 1 ? "zombie" : "zombies", parents, parents == 1 ? "parent" : "parents");
	if (observation->mode != MODE_SNAPSHOT) {
		struct buffer text = {0};

		text_duration(&text, observation_duration(report->model));
		page_format(page, STYLE_PLAIN, ", after %s of observation", buffer_text(&text));
		page->failed |= text.failed;
		buffer_free(&text);
	}
	page_end(page);
	if (!findings_count(report->context->findings))
		return;
	page_format(page, STYLE_PLAIN, "more on the first finding: lifeline explain %s",
		    findings_get(report->context->findings, 0)->verdict->code);
	page_end(page);
}

static int write_all(struct text_report *report)
{
	const struct process **zombies;
	const size_t count = collect(report->model, &zombies);
	size_t parents = 0;

	if (!zombies)
		return -ENOMEM;
	for (size_t i = 0; !report->context->quiet && i < count; parents++)
		i = write_group(report, zombies, i, count);
	report_diagnostics(report);
	if (!report->context->quiet)
		write_end(report, count, parents);
	free(zombies);
	return report->page.failed ? -ENOMEM : 0;
}

static int write_report(const struct sink_context *context, void *state)
{
	struct text_report report = {.context = context, .model = context->model};
	int error;

	(void)state;
	page_begin(&report.page, context);
	error = write_all(&report);
	page_free(&report.page);
	return error;
}

const struct sink sink_zombies = {
    .name = "zombies",
    .suffix = ".txt",
    .help = "the zombies there are, by parent, and the findings about them",
    .report = true,
    .close = write_report,
};
