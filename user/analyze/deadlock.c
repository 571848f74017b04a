/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads that wait for each other for good: in a circle of locks (deadlock.cycle, deadlock.self), or all of a process
 * without anybody left who could wake them (deadlock.total); and locks taken in both orders (deadlock.order), where
 * none of that happened.
 *
 * What a proof is stands in common/circle.h, common/standstill.h and common/order.h. Here it is said once, the moment
 * it is proven, and once more at the end with what came after: who else waited behind, and until when it lasted. A hang
 * that somebody ended was one all the same.
 */
#include <errno.h>
#include <stdlib.h>

#include "analyze/analyzer.h"
#include "analyze/common/circle.h"
#include "analyze/common/order.h"
#include "analyze/common/standstill.h"
#include "base/hash.h"

#define BEHIND_MAX 16        /* threads named that wait behind a circle */
#define MEMBERS_TOLD 24      /* lines of evidence, one a member */
#define ENDING_NS 1000000000 /* a thread that is ended has given up its wait less than that before */
#define DOUBTFUL (1U << GROUP_LOCK | 1U << GROUP_LIFE)

enum which { CYCLE, SELF, TOTAL, ORDER };

static const struct verdict verdicts[] = {
    {.code = "deadlock.cycle",
     .severity = SEVERITY_ERROR,
     .title = "threads wait in a circle, each for a lock that the next one holds",
     .meaning =
	 "Each of these threads is blocked for a lock that the next one of them holds, so none of them can ever run "
	 "again and give its own back. Each step is proven: the thread was blocked, without a timeout, for the same "
	 "lock with the same holder (the owner that stands in the lock) in at least two looks, between which it has "
	 "not run.",
     .confirm = "gdb -p PID -batch -ex 'thread apply all bt' shows the threads in their lock calls; in each, `p "
		"*(pthread_mutex_t *)ADDRESS` has the tid of the next as __owner. /proc/PID/task/TID/syscall begins "
		"with the number of futex and the address.",
     .fix = "Take these locks in one order everywhere, by address if nothing better offers itself; or take the second "
	    "with pthread_mutex_trylock and, if that fails, give the first back and begin anew (std::scoped_lock does "
	    "it); or have one lock for both. What hangs now can only be ended from outside.",
     .at_once = true},
    {.code = "deadlock.self",
     .severity = SEVERITY_ERROR,
     .title = "a thread waits for a lock that it holds itself",
     .meaning =
	 "The thread has this lock and asks for it again. A mutex of the default kind then waits for its own owner, "
	 "for ever. Often a function that locks calls another one that locks too, or a signal handler or a callback "
	 "comes in between.",
     .confirm = "gdb -p PID -batch -ex 'thread apply TID bt' shows two callers that lock; the mutex' __owner is the "
		"thread's own tid.",
     .fix = "Split the inner function into one that expects the lock to be held and one that takes it. A recursive "
	    "mutex (PTHREAD_MUTEX_RECURSIVE, std::recursive_mutex, threading.RLock) hides the question, an "
	    "error-checking one (PTHREAD_MUTEX_ERRORCHECK) answers it with EDEADLK.",
     .at_once = true},
    {.code = "deadlock.total",
     .severity = SEVERITY_ERROR,
     .title = "every thread that could wake the others is blocked for good",
     .meaning =
	 "All threads of the process wait in futex calls without a timeout, for memory that nobody else has, and none "
	 "of them has run between two looks. Nobody is left who could wake them: no other system call that could "
	 "return, no timer, no signal handler that fires by itself. Who holds what cannot be read for semaphores, "
	 "condition variables and Python's locks; it need not be known to know this.",
     .confirm = "gdb -p PID -batch -ex 'thread apply all bt' (py-bt for Python) shows where each waits; top shows no "
		"processor time, cat /proc/PID/task/*/syscall futex (202) for each.",
     .fix = "See which wake-up is missing: semaphores taken in different orders, a signal sent before the other side "
	    "waited, workers that wait for work while the main thread waits for them to end. A timeout on the wait "
	    "at least tells.",
     .at_once = true},
    {.code = "deadlock.order",
     .severity = SEVERITY_WARNING,
     .title = "two locks were taken in both orders",
     .meaning =
	 "One thread took the second lock while it held the first, another one the first while it held the second. "
	 "Had both been between their two steps at the same time, they would have waited for each other for good. It "
	 "did not happen this time. Orders that cannot meet (a third lock held around both, one thread alone, threads "
	 "of which one had ended before the other began, phases that wait for each other) are not told.",
     .confirm = "Run it again with --locks all under load; or valgrind --tool=helgrind, or a build with "
		"-fsanitize=thread, both of which know lock order.",
     .fix = "Take these locks in one order everywhere."},
    {0},
};

struct hang { /* a proven one */
	enum which which;
	struct lock_link *links; /* owned */
	size_t count;
	unsigned processes;
	uint64_t key, since_ns, until_ns; /* the looks that prove it */
	uint64_t *blocked_ns;             /* owned: since when each waits, 0 unknown */
	struct lock_link behind[BEHIND_MAX];
	size_t behind_count;
	uint64_t ended_ns;                /* 0: it goes on */
	const struct lock_link *ended_by; /* whose wait ended; NULL: as told in `ending` */
	struct words ending;
	struct hang *next;
};

struct state {
	struct hang *first, *last;
	struct hash members; /* thread -> the hang that it is in, while that goes on */
	struct orders *orders;
	struct circle circle;
	struct standstill standstill;
};

static struct hang *hang_of(const struct state *state, const struct thread *thread)
{
	return hash_get(&state->members, (uintptr_t)thread, 0);
}

/* ---- what is said */

static struct words ending_of(const struct hang *hang)
{
	const struct process *process = hang->ended_by ? hang->ended_by->process : NULL;
	const struct thread *thread = hang->ended_by ? hang->ended_by->thread : NULL;

	if (!hang->ended_by)
		return hang->ending;
	/* who is ended gives up its wait first */
	if (process->exited_ns && process->exited_ns <= hang->ended_ns + ENDING_NS) {
		if (process->has_status && (process->status & 0x7f))
			return words_format("%s was ended by %s", words_who(process).text,
					    words_signal(process->status & 0x7f).text);
		return words_format("%s ended", words_who(process).text);
	}
	if (thread->exited_ns && thread->exited_ns <= hang->ended_ns + ENDING_NS)
		return words_format("%s ended", words_thread(thread).text);
	return words_format("%s waited no more", words_thread(thread).text);
}

static const struct process *subject_of(const struct hang *hang)
{
	const struct process *subject = hang->links[0].process;

	for (size_t i = 1; i < hang->count; i++)
		if (hang->links[i].process->id.start_ns < subject->id.start_ns)
			subject = hang->links[i].process;
	return subject;
}

/* The last taker of a semaphore, if known: no proof, but where to look. */
static struct words taken_by(const struct hang *hang, const struct lock_link *link)
{
	if (link->lock->kind != LOCK_SEMAPHORE || !link->held_by_tid)
		return words_format("%s", "");
	for (size_t i = 0; i < hang->count; i++)
		if (hang->links[i].thread->tid == link->held_by_tid)
			return words_format(", last taken by %s", words_thread(hang->links[i].thread).text);
	return words_format(", last taken by thread %u", link->held_by_tid);
}

static void add_member(struct finding *finding, const struct hang *hang, size_t index)
{
	const struct lock_link *link = &hang->links[index];
	const struct thread *holder = hang->links[(index + 1) % hang->count].thread;
	struct words who = words_thread(link->thread), lock = words_lock(link->lock), place = words_place(link->site);

	finding_lock(finding, link->lock->number);
	if (index >= MEMBERS_TOLD)
		return;
	if (hang->which == TOTAL)
		finding_evidence(finding, hang->blocked_ns[index], "%s waits for %s%s%s, without a timeout", who.text,
				 lock.text, taken_by(hang, link).text, place.text);
	else
		finding_evidence(finding, hang->blocked_ns[index], "%s waits for %s, %s %s%s", who.text, lock.text,
				 words_held_by(link->lock), hang->which == SELF ? "itself" : words_thread(holder).text,
				 place.text);
}

static void add_proof(struct finding *finding, const struct hang *hang)
{
	if (hang->which == TOTAL)
		finding_evidence(finding, hang->until_ns,
				 "looked at twice: none of %s has run in between, and nothing else could wake one",
				 hang->processes > 1 ? "these processes' threads" : "the process' threads");
	else
		finding_evidence(finding, hang->until_ns,
				 "looked at twice: the same wait%s, the same holder%s, and %s has run in between",
				 hang->count > 1 ? "s" : "", hang->count > 1 ? "s" : "",
				 hang->count > 1 ? "none of them" : "it never");
}

static void add_aftermath(const struct analysis *analysis, struct finding *finding, const struct hang *hang)
{
	const struct observation *seen = model_observation(analysis->model);

	for (size_t i = 0; i < hang->behind_count; i++) {
		const struct lock_link *link = &hang->behind[i];

		finding_lock(finding, link->lock->number); /* its waits are explained as well */
		finding_evidence(finding, hang->until_ns, "%s waits behind %s, for %s%s",
				 words_thread(link->thread).text, hang->count > 1 ? "them" : "it",
				 words_lock(link->lock).text, words_place(link->site).text);
	}
	if (hang->ended_ns)
		finding_evidence(finding, hang->ended_ns, "until here: %s", ending_of(hang).text);
	else if (seen->end_ns > hang->until_ns)
		finding_evidence(finding, seen->end_ns, "still so when observation ended");
}

static void write_title(struct finding *finding, const struct hang *hang)
{
	const struct lock_link *first = &hang->links[0];
	struct words one = words_thread(first->thread);

	if (hang->which == SELF)
		finding_title(finding, "%s waits for %s, which it holds itself", one.text,
			      words_lock(first->lock).text);
	else if (hang->which == TOTAL && hang->processes > 1)
		finding_title(finding,
			      "all %zu threads of %u processes, %s among them, are blocked for good: nobody is "
			      "left who could wake one",
			      hang->count, hang->processes, words_who(subject_of(hang)).text);
	else if (hang->which == TOTAL && hang->count > 1)
		finding_title(finding, "all %zu threads of %s are blocked for good: nobody is left who could wake one",
			      hang->count, words_who(first->process).text);
	else if (hang->which == TOTAL)
		finding_title(finding, "the only thread of %s is blocked for good: nobody is left who could wake it",
			      words_who(first->process).text);
	else if (hang->count == 2)
		finding_title(finding, "%s and %s wait for each other: each holds what the other waits for", one.text,
			      words_thread(hang->links[1].thread).text);
	else
		finding_title(finding, "%zu threads wait in a circle, each for what the next holds: %s, %s, %s%s",
			      hang->count, one.text, words_thread(hang->links[1].thread).text,
			      words_thread(hang->links[2].thread).text, hang->count > 3 ? ", …" : "");
}

static void write_help(struct finding *finding, const struct hang *hang)
{
	const struct process *subject = subject_of(hang);
	const struct lock_link *first = &hang->links[0];
	bool ended = hang->ended_ns || subject->exited_ns;

	if (hang->which == SELF)
		finding_help(finding, "Do not lock it again%s: call a variant that expects it to be held.%s",
			     words_place(first->site).text, ended ? "" : "\nIt can only be ended from outside.");
	else if (hang->which == TOTAL)
		finding_help(finding, "Find the wake-up that is missing: gdb -p %u -batch -ex 'thread apply all bt'%s",
			     subject->id.pid, ended ? " when it hangs again" : "");
	else
		finding_help(
		    finding,
		    "Have all threads take these locks in one order, or take the second with a try-lock and, if "
		    "that fails, give the first back.\nHere %s comes last for %s%s.%s",
		    words_lock(first->lock).text, words_thread(first->thread).text, words_place(first->site).text,
		    ended ? "" : "\nWhat hangs now can only be ended from outside.");
}

static void write_detail(struct finding *finding, const struct hang *hang)
{
	struct buffer text = {0};
	struct json json;

	json_begin(&json, &text, false);
	json_object_open(&json);
	json_key_unsigned(&json, "lock", hang->links[0].lock->number);
	words_json_cycle(&json, hang->links, hang->count);
	json_object_close(&json);
	finding_detail(finding, &text);
}

static int say(const struct analysis *analysis, const struct hang *hang)
{
	struct finding finding;

	finding_begin(&finding, &verdicts[hang->which], subject_of(hang));
	write_title(&finding, hang);
	for (size_t i = 0; i < hang->count; i++)
		add_member(&finding, hang, i);
	if (hang->count > MEMBERS_TOLD)
		finding_evidence(&finding, hang->until_ns, "and %zu more", hang->count - MEMBERS_TOLD);
	add_proof(&finding, hang);
	add_aftermath(analysis, &finding, hang);
	write_help(&finding, hang);
	write_detail(&finding, hang);
	finding.key = hang->key;
	finding.since_ns = hang->since_ns; /* the proof rests on the looks alone */
	finding.until_ns = hang->until_ns;
	return findings_add(analysis->findings, &finding, DOUBTFUL);
}

/* ---- hangs */

static void free_hang(struct hang *hang)
{
	free(hang->links);
	free(hang->blocked_ns);
	free(hang);
}

/* Alike for the same members in whatever order. */
static uint64_t key_of(const struct lock_link *links, size_t count)
{
	uint64_t key = count;

	for (size_t i = 0; i < count; i++) {
		uint64_t one =
		    links[i].process->id.start_ns ^ (uint64_t)links[i].thread->tid << 32 ^ links[i].lock->number;

		one *= 0x9e3779b97f4a7c15ULL;
		key += one ^ one >> 31;
	}
	return key;
}

static struct hang *make_hang(enum which which, const struct lock_link *links, size_t count)
{
	struct hang *hang = calloc(1, sizeof(*hang));

	if (!hang)
		return NULL;
	hang->which = which;
	hang->count = count;
	hang->processes = 1;
	hang->key = key_of(links, count);
	/* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): a hang has one link at least */
	hang->links = malloc(count * sizeof(*links));
	hang->blocked_ns = calloc(count, sizeof(*hang->blocked_ns));
	if (!hang->links || !hang->blocked_ns) {
		free_hang(hang);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		hang->links[i] = links[i];
		hang->blocked_ns[i] = thread_wait_now(links[i].thread)->since_ns;
	}
	return hang;
}

/* A thread whose chain of holders ends in a hang waits behind it. */
static void note_behind(const struct analysis *analysis, struct state *state, const struct process *process,
			const struct thread *thread)
{
	const struct thread_wait *wait = thread_wait_now(thread);
	const struct thread *at = thread;
	struct hang *hang = NULL;

	if (!wait || !wait->lock || hang_of(state, thread))
		return;
	for (unsigned steps = 0; at && !hang && steps < BEHIND_MAX; steps++) {
		const struct thread_wait *here = thread_wait_now(at);

		at = here && here->lock ? lock_holder_thread(analysis->model, &here->holder, NULL) : NULL;
		hang = at ? hang_of(state, at) : NULL;
	}
	if (!hang || hang->which == TOTAL || hang->behind_count == BEHIND_MAX)
		return;
	for (size_t i = 0; i < hang->behind_count; i++)
		if (hang->behind[i].thread == thread)
			return;
	hang->behind[hang->behind_count++] =
	    (struct lock_link){.process = process, .thread = thread, .lock = wait->lock, .site = wait->site};
}

static void note_all_behind(const struct analysis *analysis, struct state *state, const struct process *process)
{
	for (const struct thread *thread = process->threads; thread; thread = thread->next)
		note_behind(analysis, state, process, thread);
}

static int begin_hang(const struct analysis *analysis, struct state *state, struct hang *hang)
{
	for (size_t i = 0; i < hang->count; i++)
		if (hash_put(&state->members, (uintptr_t)hang->links[i].thread, 0, hang))
			return -ENOMEM;
	for (size_t i = 0; i < hang->count; i++)
		if (!i || hang->links[i].process != hang->links[i - 1].process)
			note_all_behind(analysis, state, hang->links[i].process);
	return say(analysis, hang);
}

static void keep_hang(struct state *state, struct hang *hang)
{
	if (state->last)
		state->last->next = hang;
	else
		state->first = hang;
	state->last = hang;
}

static void end_hang(struct state *state, struct hang *hang, uint64_t t_ns, struct words ending)
{
	hang->ended_ns = t_ns;
	hang->ending = ending;
	for (size_t i = 0; i < hang->count; i++)
		if (hang_of(state, hang->links[i].thread) == hang)
			hash_remove(&state->members, (uintptr_t)hang->links[i].thread, 0);
}

/* ---- looks */

static int look_for_circle(const struct analysis *analysis, struct state *state, const struct process *process,
			   const struct thread *thread)
{
	struct circle *circle = &state->circle;
	struct hang *hang;

	if (!circle_find(analysis->model, process, thread, circle))
		return 0;
	hang = make_hang(circle->count > 1 ? CYCLE : SELF, circle->links, circle->count);
	if (!hang)
		return -ENOMEM;
	hang->since_ns = circle->since_ns;
	hang->until_ns = circle->until_ns;
	keep_hang(state, hang);
	return begin_hang(analysis, state, hang);
}

/* Does the look still show what was proven? */
static bool goes_on(const struct hang *hang, const struct thread *thread)
{
	const struct thread_wait *wait = thread_wait_now(thread);

	return wait && wait->lock && wait->unchanged_since_ns <= hang->until_ns;
}

static int on_thread_look(const struct analysis *analysis, struct state *state, const struct process *process,
			  const struct thread *thread)
{
	struct hang *hang = hang_of(state, thread);
	const struct thread_wait *wait = thread_wait_now(thread);

	if (hang && !goes_on(hang, thread)) {
		end_hang(state, hang, wait ? wait->looked_ns : 0,
			 words_format("%s was seen to have gone on", words_thread(thread).text));
		hang = NULL;
	}
	if (!wait || !wait->lock || (hang && hang->which != TOTAL))
		return 0;
	note_behind(analysis, state, process, thread);
	return hang ? 0 : look_for_circle(analysis, state, process, thread);
}

static bool any_hangs_already(const struct state *state, const struct process *process)
{
	for (const struct thread *thread = process->threads; thread; thread = thread->next)
		if (hang_of(state, thread))
			return true;
	return false;
}

static int on_look_done(const struct analysis *analysis, struct state *state, const struct process *process)
{
	struct standstill *standstill = &state->standstill;
	struct hang *hang;

	if (any_hangs_already(state, process) || !standstill_find(analysis->model, process, standstill))
		return 0;
	for (size_t i = 0; i < standstill->count; i++)
		if (hang_of(state, standstill->links[i].thread))
			return 0; /* a circle has been told of another process in it */
	hang = make_hang(TOTAL, standstill->links, standstill->count);
	if (!hang)
		return -ENOMEM;
	hang->processes = standstill->processes;
	hang->since_ns = standstill->since_ns;
	hang->until_ns = standstill->until_ns;
	keep_hang(state, hang);
	return begin_hang(analysis, state, hang);
}

/* ---- ends */

static void on_end(struct state *state, const struct process *process, const struct event *event)
{
	const struct thread *thread = model_thread(process, event->tid);
	struct hang *hang = thread ? hang_of(state, thread) : NULL;

	if (!hang)
		return;
	end_hang(state, hang, event->t_ns, words_format("%s became another program", words_who(process).text));
	for (size_t i = 0; event->kind != EVENT_exec && i < hang->count; i++)
		if (hang->links[i].thread == thread)
			hang->ended_by = &hang->links[i];
}

/* ---- the analyzer */

static int open_state(const struct analysis *analysis, void **result)
{
	struct state *state = calloc(1, sizeof(*state));

	(void)analysis;
	if (state)
		state->orders = orders_new();
	*result = state;
	return state && state->orders ? 0 : -ENOMEM;
}

static int on_event(const struct analysis *analysis, void *data, const struct event *event)
{
	struct state *state = data;
	const struct process *process;
	const struct thread *thread;

	switch (event->kind) {
	case EVENT_lock_hold:
		return orders_note_hold(state->orders, analysis->model, event);
	case EVENT_thread_look:
	case EVENT_look_done:
	case EVENT_lock_wait_end:
	case EVENT_exec:
	case EVENT_exit:
	case EVENT_end:
		break;
	default:
		return 0;
	}
	process = model_find(analysis->model, (struct process_ref){event->pid, event->start_ns});
	thread = process ? model_thread(process, event->tid) : NULL;
	if (!process)
		return 0;
	if (event->kind == EVENT_look_done)
		return on_look_done(analysis, state, process);
	if (event->kind == EVENT_thread_look)
		return thread ? on_thread_look(analysis, state, process, thread) : 0;
	if (event->kind == EVENT_lock_wait_end && orders_note_wait(state->orders, analysis->model, event))
		return -ENOMEM;
	on_end(state, process, event);
	return 0;
}

/* Where they did hang, that is said already. */
static int say_order(const void *context, const struct lock *lock, const struct lock_order *order,
		     const struct lock_order *reverse)
{
	const struct analysis *analysis = context;

	if (findings_tell_of_lock(analysis->findings, "deadlock.cycle", lock->number) &&
	    findings_tell_of_lock(analysis->findings, "deadlock.cycle", order->held->number))
		return 0;
	return order_say(analysis, &verdicts[ORDER], lock, order, reverse, DOUBTFUL);
}

static int on_close(const struct analysis *analysis, void *data)
{
	struct state *state = data;
	int err = 0;

	for (const struct hang *hang = state->first; hang && !err; hang = hang->next)
		err = say(analysis, hang);
	return err ? err : orders_each_inversion(state->orders, analysis->model, say_order, analysis);
}

static void free_state(void *data)
{
	struct state *state = data;

	while (state && state->first) {
		struct hang *next = state->first->next;

		free_hang(state->first);
		state->first = next;
	}
	if (state) {
		hash_free(&state->members);
		orders_free(state->orders);
	}
	free(state);
}

static bool is_linked(const struct lock_link *links, size_t count, const struct thread *thread)
{
	while (count && links[count - 1].thread != thread)
		count--;
	return count;
}

static bool needs_thread(const struct analysis *analysis, const void *data, const struct process *process,
			 const struct thread *thread)
{
	const struct state *state = data;

	(void)analysis;
	(void)process;
	for (const struct hang *hang = state->first; hang; hang = hang->next)
		if (is_linked(hang->links, hang->count, thread) || is_linked(hang->behind, hang->behind_count, thread))
			return true;
	return false;
}

static void forget_thread(void *data, const struct thread *thread)
{
	orders_forget(((struct state *)data)->orders, thread);
}

const struct analyzer analyzer_deadlock = {
    .name = "deadlock",
    .verdicts = verdicts,
    .wants = 1U << GROUP_LOCK | 1U << GROUP_LIFE,
    .open = open_state,
    .event = on_event,
    .close = on_close,
    .preview = on_close,
    .free = free_state,
    .needs_thread = needs_thread,
    .forget_thread = forget_thread,
};
