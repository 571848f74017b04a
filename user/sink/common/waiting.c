/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who waits for whom now: each thread that was looked at or waits for a lock, what for, behind whom, where; then the
 * chains (A waits for B, which waits for C), and the circles.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/syscall.h"
#include "base/text.h"
#include "sink/common/locks.h"
#include "sink/common/report.h"

#define SHOWN 40          /* threads, without -v */
#define CHAINS 12         /* likewise */
#define HOLDER_COLUMNS 34 /* ", held by " and a thread with the longest name */
#define CHAIN_LINKS 64    /* of one chain */

struct waiter {
	const struct process *process;
	const struct thread *thread;
	const struct thread_wait *wait;
};

struct waiters {
	struct text_report *report;
	struct waiter *items;
	size_t count;
	struct hash holders; /* threads that hold what another one waits for */
	struct hash told;    /* threads that stand in a chain already */
};

/* Waits for locks come first, those whose holder is known before others; then by process and tid. */
static int rank(const struct waiter *waiter)
{
	if (!waiter->wait->lock)
		return 3;
	if (waiter->wait->holder.known == HOLDER_THREAD || waiter->wait->holder.known == HOLDER_GONE)
		return 0;
	return lock_is_real(waiter->wait->lock) ? 1 : 2;
}

static int compare(const void *left, const void *right)
{
	const struct waiter *a = left, *b = right;

	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	if (a->process->id.pid != b->process->id.pid)
		return a->process->id.pid < b->process->id.pid ? -1 : 1;
	return (a->thread->tid > b->thread->tid) - (a->thread->tid < b->thread->tid);
}

static const struct thread *holder_of(const struct waiters *waiters, const struct thread *thread)
{
	const struct thread_wait *wait = thread_wait_now(thread);

	return wait && wait->lock ? lock_holder_thread(waiters->report->model, &wait->holder, NULL) : NULL;
}

static int collect(struct waiters *waiters)
{
	const struct model *model = waiters->report->model;
	size_t capacity = 1;

	for (const struct process *process = model_first(model); process; process = process->next)
		for (const struct thread *thread = process->threads; thread; thread = thread->next)
			capacity += !process->exited_ns && thread_wait_now(thread) != NULL;
	waiters->items = calloc(capacity, sizeof(*waiters->items));
	if (!waiters->items)
		return -ENOMEM;
	for (const struct process *process = model_first(model); process; process = process->next)
		for (const struct thread *thread = process->threads; thread; thread = thread->next) {
			const struct thread_wait *wait = process->exited_ns ? NULL : thread_wait_now(thread);

			if (wait)
				waiters->items[waiters->count++] = (struct waiter){process, thread, wait};
		}
	qsort(waiters->items, waiters->count, sizeof(*waiters->items), compare);
	for (size_t i = 0; i < waiters->count; i++) {
		const struct thread *holder = holder_of(waiters, waiters->items[i].thread);

		if (holder && hash_put(&waiters->holders, (uintptr_t)holder, 0, waiters))
			return -ENOMEM;
	}
	return 0;
}

/* ---- threads */

static void add_thread(struct page *page, const struct thread *thread)
{
	page_stranger(page, STYLE_PLAIN, thread->comm, strnlen(thread->comm, COMM_SIZE), page_left(page));
	page_format(page, STYLE_PLAIN, " (%u)", thread->tid);
}

static void add_state(struct text_report *report, const struct thread_wait *wait)
{
	const char *arch = model_observation(report->model)->arch;
	const char *name = wait->syscall >= 0 ? syscall_name_on(arch ? arch : "", wait->syscall) : NULL;

	if (wait->state == 'R')
		page_add(&report->page, STYLE_PLAIN, " runs");
	else if (name)
		page_format(&report->page, STYLE_PLAIN, " is in %s", name);
	else if (wait->syscall >= 0)
		page_format(&report->page, STYLE_PLAIN, " is in system call %d", wait->syscall);
	else
		page_add(&report->page, STYLE_PLAIN, " waits for no lock");
}

/* Leaves room for who holds it. */
static void add_lock(struct text_report *report, const struct lock *lock)
{
	size_t left = page_left(&report->page), columns = left > 2 * HOLDER_COLUMNS ? left - HOLDER_COLUMNS : left / 2;
	struct buffer name = {0};

	buffer_format(&name, "%s ", lock_kind_name(lock->kind));
	describe_lock_name(lock, &name);
	page_stranger(&report->page, STYLE_PLAIN, buffer_text(&name), name.length, columns);
	report->page.failed |= name.failed;
	buffer_free(&name);
}

static void add_holder(struct text_report *report, const struct lock *lock, const struct lock_holder_id *holder)
{
	const struct thread *thread = lock_holder_thread(report->model, holder, NULL);
	const bool taken = lock->kind == LOCK_SEMAPHORE;
	const char *held = taken ? "last taken" : "held";
	struct page *page = &report->page;

	if (thread) {
		page_format(page, STYLE_PLAIN, ", %s by ", held);
		add_thread(page, thread);
		return;
	}
	switch (holder->known) {
	case HOLDER_THREAD:
		page_format(page, STYLE_PLAIN, ", %s by thread %u", held, holder->tid);
		return;
	case HOLDER_GONE:
		page_format(page, taken ? STYLE_PLAIN : STYLE_ERROR, ", %s by a thread (%u) that has ended", held,
			    holder->tid);
		return;
	case HOLDER_FORK:
		page_format(page, STYLE_PLAIN, ", held by thread %u of another process when this one was forked",
			    holder->tid);
		return;
	default:
		page_add(page, STYLE_PLAIN, ", holder unknown");
	}
}

static void put_frames(struct text_report *report, const struct lock_site *site)
{
	unsigned most = report->context->verbose ? SITE_FRAMES_MAX : 2;
	struct page *page = &report->page;

	for (unsigned i = 0; site && i < site->frame_count && i < most; i++) {
		page_add(page, STYLE_DIM, i ? "            from " : "            in ");
		page_stranger(page, STYLE_DIM, site->frames[i], strlen(site->frames[i]), page_left(page));
		page_end(page);
	}
	if (site && site->cut != SITE_WHOLE && report->context->verbose) {
		page_add(page, STYLE_DIM, "               (the stack is cut here)");
		page_end(page);
	}
}

static void put_waiter(struct text_report *report, const struct waiter *waiter)
{
	const struct thread_wait *wait = waiter->wait;
	const uint64_t end_ns = model_observation(report->model)->end_ns;
	struct page *page = &report->page;
	struct buffer text = {0};

	if (wait->since_ns && wait->since_ns < end_ns && wait->state != 'R')
		text_duration(&text, end_ns - wait->since_ns);
	page_format(page, STYLE_PLAIN, "%8s  ", buffer_text(&text));
	page->failed |= text.failed;
	buffer_free(&text);
	add_thread(page, waiter->thread);
	if (!wait->lock) {
		add_state(report, wait);
	} else {
		page_add(page, STYLE_PLAIN, " waits for ");
		add_lock(report, wait->lock);
		if (lock_is_real(wait->lock) || wait->holder.known == HOLDER_THREAD)
			add_holder(report, wait->lock, &wait->holder);
		if (wait->timed)
			page_add(page, STYLE_DIM, ", with a timeout");
	}
	page_end(page);
	put_frames(report, wait->site);
}

/* ---- chains */

/* From this thread on until one that waits for nobody known, or one that stands in it already. */
static int put_chain(struct waiters *waiters, const struct thread *thread)
{
	const struct thread *links[CHAIN_LINKS + 1] = {thread};
	struct page *page = &waiters->report->page;
	size_t count = 1;
	bool circle = false, proof = true;

	while (count <= CHAIN_LINKS && !circle && (thread = holder_of(waiters, thread))) {
		proof &= thread_wait_now(links[count - 1])->lock->kind != LOCK_SEMAPHORE;
		for (size_t i = 0; i < count; i++)
			circle |= links[i] == thread;
		links[count++] = thread;
	}
	for (size_t i = 0; i < count; i++)
		if (hash_put(&waiters->told, (uintptr_t)links[i], 0, waiters))
			return -ENOMEM;
	if (count < 3 && !circle)
		return 0; /* one waits for the other: that stands above */
	page_add(page, STYLE_PLAIN, "          ");
	for (size_t i = 0; i < count; i++) {
		if (i && page_left(page) < 40 && i + 1 < count) {
			page_end(page);
			page_add(page, STYLE_PLAIN, "         ");
		}
		page_add(page, STYLE_DIM, i ? " waits for " : "");
		add_thread(page, links[i]);
	}
	if (circle && proof)
		page_add(page, STYLE_ERROR, ": a circle");
	else if (circle)
		page_add(page, STYLE_PLAIN, ": a circle, by who took last");
	page_end(page);
	return 1;
}

static int put_chains(struct waiters *waiters)
{
	size_t most = waiters->report->context->verbose ? SIZE_MAX : CHAINS, told = 0;
	int result = 0;

	/* those whom nobody waits for begin a chain; what is left then are circles without anybody behind them */
	for (int circles = 0; circles < 2; circles++)
		for (size_t i = 0; i < waiters->count && told < most && result >= 0; i++) {
			const struct thread *thread = waiters->items[i].thread;

			if (!holder_of(waiters, thread) || hash_get(&waiters->told, (uintptr_t)thread, 0) ||
			    (!circles && hash_get(&waiters->holders, (uintptr_t)thread, 0)))
				continue;
			result = put_chain(waiters, thread);
			told += result > 0;
		}
	return result < 0 ? result : 0;
}

int report_waiting(struct text_report *report)
{
	struct waiters waiters = {.report = report};
	size_t most = report->context->verbose ? SIZE_MAX : SHOWN, i = 0;
	struct page *page = &report->page;
	char number[32];
	int error = collect(&waiters);

	if (!error && waiters.count) {
		page_add(page, STYLE_STRONG, "who waits for what, and for how long");
		page_end(page);
		for (; i < waiters.count && i < most; i++)
			put_waiter(report, &waiters.items[i]);
		if (i < waiters.count) {
			page_format(page, STYLE_DIM, "%s and %s more threads (-v shows all)",
				    page_glyph(page, "…", "..."), group_digits(waiters.count - i, number));
			page_end(page);
		}
		error = put_chains(&waiters);
		page_end(page);
	}
	hash_free(&waiters.holders);
	hash_free(&waiters.told);
	free(waiters.items);
	return error;
}
