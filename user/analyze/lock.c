/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks that made threads wait: contended ones, those whose holder ended with them, CPython's GIL, file locks. Sums are
 * told at the end; what waits for a dead owner is told when it is proven. A lock that deadlocked, or whose owner died,
 * is not told as contended as well: its waits are explained.
 */
#include <errno.h>
#include <stdlib.h>

#include "analyze/analyzer.h"
#include "analyze/common/contention.h"
#include "analyze/common/lock_words.h"
#include "analyze/common/owner.h"
#include "base/hash.h"

#define LONG_WAIT_NS 1000000       /* mean from which on it is held long; below, it is asked for often */
#define CONVOY_WAITS 100           /* from so many short waits on */
#define SEEN_TOGETHER_NS 100000000 /* looks at holder and waiter that are this close saw one moment */
#define GIL_SHARE 20               /* told from a 20th of the threads' time on */
#define DOUBTFUL (1U << GROUP_LOCK)

enum which { CONTENDED, OWNER_DIED, GIL, FILE_LOCK };

static const struct verdict verdicts[] = {
    {.code = "lock.contended",
     .severity = SEVERITY_WARNING,
     .title = "a lock made threads wait longer than the limit",
     .meaning = "Threads were asleep waiting for this lock, longer in sum than --contended-after. The holder is the "
		"thread that "
		"stood in the lock as its owner when a wait began; who had it later while that wait went on is not "
		"seen. Of a semaphore it is unknown, or with --locks all who had last taken it and not posted it. "
		"Waiting for work, for a signal or for a thread's end is not contention and not counted here.",
     .confirm = "perf lock contention -ab -- sleep 10, or bcc's offcputime -p PID, show the same waits; perf trace -s "
		"counts futex calls.",
     .fix =
	 "Long holds: do what takes long (input and output, sleeping, allocation, calls to others) before the lock is "
	 "taken or after it was given back. Many short ones: take it less often (collect, then update once), divide "
	 "what it protects among several locks, keep a value per thread and add up, use an atomic operation or a "
	 "readers-writer lock where most only read."},
    {.code = "lock.owner-died",
     .severity = SEVERITY_ERROR,
     .title = "a thread ended while it held a lock that others wait for",
     .meaning = "The owner that stands in the lock has ended. An ordinary mutex stays locked then for ever; a robust "
		"one is handed "
		"to the next waiter with EOWNERDEAD, who has to put in order what it protects.",
     .confirm =
	 "In gdb, the mutex' __owner is a tid that is not in `info threads`, or ls /proc/OWNER says that there is "
	 "no such process.",
     .fix =
	 "Give locks back on all ways out of a thread (pthread_cleanup_push, a guard object, `with lock:`). Do not end "
	 "threads with pthread_cancel or processes with SIGKILL that share locks with others; between processes use "
	 "robust mutexes (PTHREAD_MUTEX_ROBUST) and treat EOWNERDEAD.",
     .at_once = true},
    {.code = "lock.gil",
     .severity = SEVERITY_NOTE,
     .title = "Python threads wait for the GIL",
     .meaning = "One thread at a time runs Python code in a CPython interpreter: the one that has its global "
		"interpreter lock. "
		"These threads wanted to run and waited for it, while processors may have been idle.",
     .confirm = "py-spy top --gil -p PID shows which thread has it; py-spy dump -p PID where the others are.",
     .fix =
	 "Use processes (multiprocessing, concurrent.futures.ProcessPoolExecutor) for work that needs the processor; "
	 "or libraries that release the GIL while they compute (numpy, zlib, hashlib on large data); or a build "
	 "without GIL (python3.13t). Threads that wait for input and output are no trouble."},
    {.code = "lock.file",
     .severity = SEVERITY_WARNING,
     .title = "processes wait for a file lock",
     .meaning =
	 "Waits for a lock of flock(2) or fcntl(2) on this file, longer in sum than --contended-after. The holder "
	 "is the process that the kernel named when the wait began.",
     .confirm =
	 "cat /proc/locks: waiters stand behind `->` below the holder, with the file's inode; lslocks names files.",
     .fix = "Hold it for less: prepare outside and only write under the lock; or lock the parts of the file that are "
	    "needed (fcntl ranges); or give up after a while (LOCK_NB, F_SETLK) and tell it."},
    {0},
};

struct activity { /* what a lock's holder was seen doing while others waited */
	const struct thread *holder;
	const struct lock_site *site;
	uint64_t at_ns, blocked_ns;
	uint32_t state;
	int32_t syscall;
	bool waits; /* for another lock itself */
};

struct state {
	struct owners *owners;
	struct hash activities; /* lock number -> struct activity */
};

/* ---- what holders do */

static int note_activity(struct state *state, const struct lock *lock, const struct thread *holder,
			 const struct thread_wait *seen)
{
	struct activity *known = hash_get(&state->activities, lock->number, 0);
	uint64_t blocked_ns = seen->since_ns && seen->since_ns < seen->looked_ns ? seen->looked_ns - seen->since_ns : 0;

	if (known && known->blocked_ns >= blocked_ns)
		return 0;
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known || hash_put(&state->activities, lock->number, 0, known)) {
			free(known);
			return -ENOMEM;
		}
	}
	*known = (struct activity){holder,      seen->site,    seen->looked_ns,   blocked_ns,
				   seen->state, seen->syscall, seen->lock != NULL};
	return 0;
}

static int look_at_holders(const struct analysis *analysis, struct state *state, const struct event *event)
{
	const struct process *process = model_find(analysis->model, (struct process_ref){event->pid, event->start_ns});
	const struct process_look *look = process ? process_look_last(process) : NULL;
	int err = 0;

	for (const struct thread *thread = look ? process->threads : NULL; thread && !err; thread = thread->next) {
		const struct thread_wait *wait = thread_wait_now(thread), *seen;
		const struct thread *holder;

		if (!wait || !wait->lock || wait->round != look->round)
			continue;
		holder = lock_holder_thread(analysis->model, &wait->holder, NULL);
		seen = holder ? thread_wait_now(holder) : NULL;
		if (seen && seen->state && seen->looked_ns + SEEN_TOGETHER_NS >= wait->looked_ns)
			err = note_activity(state, wait->lock, holder, seen);
	}
	return err;
}

static struct words doing(const struct model *model, const struct activity *activity)
{
	struct words call = {""};

	if (activity->syscall >= 0)
		call = words_format(" in %.32s", words_syscall(model, activity->syscall).text);
	if (activity->state == 'R')
		return words_format("running%s", words_place(activity->site).text);
	if (activity->waits)
		return words_format("waiting for a lock itself%.60s", words_place(activity->site).text);
	return words_format("%s%s%.60s", words_state(activity->state).text, call.text,
			    words_place(activity->site).text);
}

/* ---- contended */

struct cause {
	const char *name, *help;
};

static struct cause cause_of(const struct contention *contention)
{
	if (contention->mean_ns >= LONG_WAIT_NS)
		return (struct cause){"long-hold",
				      "It is held for long: do what takes long (input and output, sleeping, "
				      "calls to others) before it is taken or after it was given back."};
	if (contention->waits >= CONVOY_WAITS)
		return (struct cause){"convoy",
				      "It is held for moments but asked for all the time, so that threads hand "
				      "it on asleep: take it less often (collect, then update once), or "
				      "divide what it protects among several locks."};
	return (struct cause){"other", "Hold it for less, or take it less often."};
}

static void write_detail(struct finding *finding, const struct lock *lock, const struct contention *contention,
			 const char *cause)
{
	struct buffer text = {0};
	struct json json;

	json_begin(&json, &text, false);
	json_object_open(&json);
	contention_json(&json, lock, contention);
	if (cause)
		json_key_string(&json, "cause", cause);
	json_object_close(&json);
	finding_detail(finding, &text);
}

static void activity_evidence(const struct analysis *analysis, struct finding *finding, const struct state *state,
			      const struct lock *lock)
{
	const struct activity *activity = hash_get(&state->activities, lock->number, 0);
	uint64_t since_ns = finding->since_ns, until_ns = finding->until_ns;

	if (!activity)
		return;
	finding_evidence(finding, activity->at_ns, "%s, which %s, was %s%s", words_thread(activity->holder).text,
			 lock->kind == LOCK_SEMAPHORE ? "had taken it last" : "held it",
			 doing(analysis->model, activity).text,
			 activity->blocked_ns
			     ? words_format(", for %s by then", words_duration(activity->blocked_ns).text).text
			     : "");
	finding->since_ns = since_ns;
	finding->until_ns = until_ns;
}

static int say_contended(const struct analysis *analysis, const struct state *state, const struct lock *lock,
			 const struct contention *contention)
{
	const struct cause cause = cause_of(contention);
	struct finding finding;

	finding_begin(&finding, &verdicts[CONTENDED], contention_subject(analysis->model, lock, contention));
	finding_title(
	    &finding, "%s made %u thread%s wait %s in all%s%s", words_lock(lock).text, contention->waiter_count,
	    contention->waiter_count == 1 ? "" : "s", words_duration(contention->wait_ns).text,
	    contention->holders[0].party ? ", mostly behind " : "",
	    contention->holders[0].party ? words_holder(analysis->model, &contention->holders[0].party->who).text : "");
	contention_evidence(&finding, analysis->model, lock, contention);
	activity_evidence(analysis, &finding, state, lock);
	finding_help(&finding, "%s", cause.help);
	write_detail(&finding, lock, contention, cause.name);
	finding_lock(&finding, lock->number);
	finding.key = lock->number;
	return findings_add(analysis->findings, &finding, DOUBTFUL);
}

/* ---- file locks */

static int say_file(const struct analysis *analysis, const struct state *state, const struct lock *lock,
		    const struct contention *contention)
{
	const struct lock_party *holder = contention->holders[0].party, *waiter = contention->waiters[0].party;
	struct finding finding;

	finding_begin(&finding, &verdicts[FILE_LOCK], contention_subject(analysis->model, lock, contention));
	finding_title(&finding, "%s waited %s for %s%s, held by %s",
		      contention->waiter_count == 1 ? words_holder(analysis->model, &waiter->who).text
						    : words_format("%u threads", contention->waiter_count).text,
		      words_duration(contention->wait_ns).text, words_lock(lock).text,
		      contention->waiter_count == 1 ? "" : " in all",
		      holder ? words_holder(analysis->model, &holder->who).text : "unknown");
	contention_evidence(&finding, analysis->model, lock, contention);
	activity_evidence(analysis, &finding, state, lock);
	finding_help(&finding,
		     "Hold it for less: prepare outside, and only write under the lock; or lock only the part of "
		     "the file that is needed (fcntl), or try (LOCK_NB) and tell it.");
	write_detail(&finding, lock, contention, NULL);
	finding_lock(&finding, lock->number);
	finding.key = lock->number;
	return findings_add(analysis->findings, &finding, DOUBTFUL);
}

/* ---- the GIL */

struct gil { /* of one process; the interpreter has several futexes for it */
	const struct process *process;
	const struct lock *lock; /* the first */
	uint64_t waits, wait_ns, max_ns, first_ns, lived_ns;
	struct hash threads; /* that waited; with those whose records are gone: waiter_count */
	size_t waiter_count;
};

static uint64_t life_ns(const struct model *model, const struct thread *thread)
{
	const struct observation *seen = model_observation(model);
	uint64_t from_ns = thread->started_ns > seen->begin_ns ? thread->started_ns : seen->begin_ns;
	uint64_t to_ns = thread->exited_ns ? thread->exited_ns : seen->end_ns;

	return to_ns > from_ns ? to_ns - from_ns : 0;
}

static int add_gil_waiter(const struct model *model, struct gil *gil, const struct lock_party *party)
{
	const struct thread *thread = lock_holder_thread(model, &party->who, NULL);

	if (!thread || thread->gil_counted || hash_get(&gil->threads, party->who.tid, 0))
		return 0;
	gil->lived_ns += life_ns(model, thread);
	gil->waiter_count++;
	return hash_put(&gil->threads, party->who.tid, 0, gil);
}

static int add_gil(const struct model *model, struct gil *gil, const struct lock *lock)
{
	struct contention contention;
	int err = 0;

	contention_of(model, lock, &contention);
	if (!contention.waits)
		return 0;
	if (!gil->lock || lock->first_ns < gil->first_ns)
		gil->first_ns = lock->first_ns;
	gil->lock = gil->lock ? gil->lock : lock;
	gil->waits += contention.waits;
	gil->wait_ns =
	    gil->wait_ns + contention.wait_ns < contention.wait_ns ? UINT64_MAX : gil->wait_ns + contention.wait_ns;
	gil->max_ns = contention.max_ns > gil->max_ns ? contention.max_ns : gil->max_ns;
	for (const struct lock_party *party = lock->waiters; party && !err; party = party->next)
		err = add_gil_waiter(model, gil, party);
	return err;
}

/* Processors that this process did not use on average. */
static void cores_evidence(const struct analysis *analysis, struct finding *finding, const struct gil *gil)
{
	const struct observation *seen = model_observation(analysis->model);
	const uint64_t from_ns = gil->process->started_ns > seen->begin_ns ? gil->process->started_ns : seen->begin_ns;
	const uint64_t to_ns = gil->process->exited_ns ? gil->process->exited_ns : seen->end_ns;
	struct counters sum;
	double used;

	if (!process_counters(gil->process, &sum) || to_ns <= from_ns || !seen->cpus)
		return;
	used = (double)sum.cpu_ns / (double)(to_ns - from_ns);
	if (used < seen->cpus)
		finding_evidence(finding, 0, "its threads used %.1f of %u processors on average: %.1f left idle by it",
				 used, seen->cpus, seen->cpus - used);
}

static int say_gil(const struct analysis *analysis, const struct gil *gil)
{
	const unsigned percent = gil->lived_ns ? (unsigned)((double)gil->wait_ns * 100.0 / (double)gil->lived_ns) : 0;
	struct buffer text = {0};
	struct finding finding;
	struct json json;

	finding_begin(&finding, &verdicts[GIL], gil->process);
	finding_title(&finding, "%zu threads of %s waited %s in all for the GIL: %u %% of their time",
		      gil->waiter_count, words_who(gil->process).text, words_duration(gil->wait_ns).text, percent);
	finding_evidence(&finding, 0, "%llu waits, the longest without a break %s", (unsigned long long)gil->waits,
			 words_duration(gil->max_ns).text);
	cores_evidence(analysis, &finding, gil);
	finding_help(&finding,
		     "Work that needs the processor goes to processes (concurrent.futures.ProcessPoolExecutor), or "
		     "into libraries that release the GIL while they compute.");
	json_begin(&json, &text, false);
	json_object_open(&json);
	json_key_unsigned(&json, "lock", gil->lock->number);
	json_key_unsigned(&json, "threads", gil->waiter_count);
	json_key_unsigned(&json, "wait_ns", gil->wait_ns);
	json_key_unsigned(&json, "percent", percent);
	json_object_close(&json);
	finding_detail(&finding, &text);
	finding_lock(&finding, gil->lock->number);
	finding.since_ns = gil->first_ns;
	finding.until_ns = model_observation(analysis->model)->end_ns;
	return findings_add(analysis->findings, &finding, DOUBTFUL);
}

static struct gil *gil_get(struct hash *gils, const struct process *process)
{
	struct gil *gil = hash_get(gils, process->id.pid, process->id.start_ns);

	if (gil)
		return gil;
	gil = calloc(1, sizeof(*gil));
	if (gil && !hash_put(gils, process->id.pid, process->id.start_ns, gil)) {
		gil->process = process;
		gil->waiter_count = process->gone ? process->gone->gil_threads : 0;
		gil->lived_ns = process->gone ? process->gone->gil_lived_ns : 0;
		return gil;
	}
	free(gil);
	return NULL;
}

static int conclude_gils(const struct analysis *analysis)
{
	struct hash gils = {0};
	struct gil *gil;
	size_t cursor = 0;
	int err = 0;

	for (const struct lock *lock = model_locks(analysis->model); lock && !err; lock = lock->next) {
		const struct process *process =
		    lock->kind == LOCK_GIL
			? model_find(analysis->model, (struct process_ref){lock->pid, lock->start_ns})
			: NULL;

		if (!process)
			continue;
		gil = gil_get(&gils, process);
		err = gil ? add_gil(analysis->model, gil, lock) : -ENOMEM;
	}
	while ((gil = hash_next(&gils, &cursor))) {
		if (!err && gil->waiter_count > 1 && gil->wait_ns > analysis->contended_after_ns &&
		    (double)gil->wait_ns * GIL_SHARE >= (double)gil->lived_ns)
			err = say_gil(analysis, gil);
		hash_free(&gil->threads);
		free(gil);
	}
	hash_free(&gils);
	return err;
}

/* ---- the analyzer */

static int conclude_lock(const struct analysis *analysis, const struct state *state, const struct lock *lock)
{
	const bool is_file = lock->kind == LOCK_FILE;
	struct contention contention;

	if (!is_file && !lock_is_exclusive(lock))
		return 0;
	contention_of(analysis->model, lock, &contention);
	if (!contention.waits || contention.wait_ns <= analysis->contended_after_ns)
		return 0;
	if (findings_tell_of_lock(analysis->findings, "deadlock", lock->number) ||
	    findings_tell_of_lock(analysis->findings, "lock.owner-died", lock->number))
		return 0;
	return is_file ? say_file(analysis, state, lock, &contention)
		       : say_contended(analysis, state, lock, &contention);
}

static int conclude(const struct analysis *analysis, const struct state *state, int err)
{
	for (const struct lock *lock = model_locks(analysis->model); lock && !err; lock = lock->next)
		err = conclude_lock(analysis, state, lock);
	return err ? err : conclude_gils(analysis);
}

static int on_close(const struct analysis *analysis, void *data)
{
	struct state *state = data;

	return conclude(analysis, state, owners_say_all(state->owners, analysis, &verdicts[OWNER_DIED]));
}

/* Whether a lock of somebody who ended is waited for long enough to be sure is asked at the end. */
static int preview(const struct analysis *analysis, void *data)
{
	struct state *state = data;

	return conclude(analysis, state, owners_say_proven(state->owners, analysis, &verdicts[OWNER_DIED]));
}

static int on_event(const struct analysis *analysis, void *data, const struct event *event)
{
	struct state *state = data;

	switch (event->kind) {
	case EVENT_look_done:
		return look_at_holders(analysis, state, event);
	case EVENT_lock_wait:
	case EVENT_lock_wait_end:
	case EVENT_thread_look:
		return owners_event(state->owners, analysis, &verdicts[OWNER_DIED], event);
	default:
		return 0;
	}
}

static int open_state(const struct analysis *analysis, void **result)
{
	struct state *state = calloc(1, sizeof(*state));

	(void)analysis;
	if (state)
		state->owners = owners_new();
	*result = state;
	return state && state->owners ? 0 : -ENOMEM;
}

static void free_state(void *data)
{
	struct state *state = data;
	struct activity *activity;
	size_t cursor = 0;

	if (!state)
		return;
	while ((activity = hash_next(&state->activities, &cursor)))
		free(activity);
	hash_free(&state->activities);
	owners_free(state->owners);
	free(state);
}

static bool needs_thread(const struct analysis *analysis, const void *data, const struct process *process,
			 const struct thread *thread)
{
	const struct state *state = data;
	const struct activity *activity;
	size_t cursor = 0;

	(void)analysis;
	(void)process;
	while ((activity = hash_next(&state->activities, &cursor)))
		if (activity->holder == thread)
			return true;
	return owners_need(state->owners, thread);
}

static void forget_thread(void *data, const struct thread *thread)
{
	owners_forget(((struct state *)data)->owners, thread);
}

const struct analyzer analyzer_lock = {
    .name = "lock",
    .verdicts = verdicts,
    .wants = 1U << GROUP_LOCK | 1U << GROUP_LIFE,
    .open = open_state,
    .event = on_event,
    .close = on_close,
    .preview = preview,
    .free = free_state,
    .needs_thread = needs_thread,
    .forget_thread = forget_thread,
};
