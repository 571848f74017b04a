/* SPDX-License-Identifier: BSD-2-Clause
 * Compares the model with the `fact` lines of a scenario. The tables are the names that such lines can use. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/lock.h"
#include "tests/cases/check.h"

/* ---- facts of the model */

enum fact_kind {
	FACT_NUMBER,
	FACT_YES,    /* yes or no */
	FACT_LENGTH, /* a duration */
	FACT_POINT,  /* a time in the scenario, or never */
	FACT_PID,    /* or none */
	FACT_SIGNAL, /* by name, or none */
	FACT_STATUS, /* exit:0, SIGKILL, SIGSEGV+core, or none */
	FACT_WORD,   /* one of `words` */
	FACT_TEXT,   /* or none */
};

#define UNKNOWN INT64_MIN /* counters that were never told */

struct seen { /* the subject of a fact */
	const struct engine *engine;
	const struct process *process;
	const struct thread *thread;
	const struct lock *lock;
	const char *argument; /* of could_collect.200 and the like: what stands behind the dot */
};

struct fact {
	const char *name;
	enum fact_kind kind;
	size_t offset, size;                        /* a field, if there is no function */
	int64_t (*number)(const struct seen *seen); /* for all kinds but text */
	const char *(*text)(const struct seen *seen);
	const char *const *words;
};

static int64_t status_number(bool known, int32_t status)
{
	return known ? status : UNKNOWN;
}

static int64_t zombie_ns(const struct seen *seen)
{
	return (int64_t)process_zombie_ns(seen->engine->model, seen->process);
}

static int64_t zombie(const struct seen *seen)
{
	return process_is_zombie(seen->process);
}

static int64_t exit_status(const struct seen *seen)
{
	return status_number(seen->process->has_status, seen->process->status);
}

static int64_t note_signal(const struct signal_note *note)
{
	return note ? note->signal : 0;
}

static int64_t note_sender(const struct signal_note *note)
{
	return note ? note->sender.pid : 0;
}

#define NOTE_FACTS(name)                                                                                               \
	static int64_t name##_signal(const struct seen *seen)                                                          \
	{                                                                                                              \
		return note_signal(seen->process->name);                                                               \
	}                                                                                                              \
	static int64_t name##_sender(const struct seen *seen)                                                          \
	{                                                                                                              \
		return note_sender(seen->process->name);                                                               \
	}
NOTE_FACTS(killer)
NOTE_FACTS(term)
NOTE_FACTS(hangup)
NOTE_FACTS(pdeath)

static const struct adoption *last_adoption(const struct seen *seen)
{
	const struct adoption *adoption = seen->process->adoptions;

	while (adoption && adoption->next)
		adoption = adoption->next;
	return adoption;
}

static int64_t adoptions(const struct seen *seen)
{
	int64_t count = 0;

	for (const struct adoption *adoption = seen->process->adoptions; adoption; adoption = adoption->next)
		count++;
	return count;
}

static int64_t adopter(const struct seen *seen)
{
	return last_adoption(seen) ? last_adoption(seen)->to.pid : 0;
}

static int64_t adopted_from(const struct seen *seen)
{
	return last_adoption(seen) ? last_adoption(seen)->from.pid : 0;
}

static int64_t adoption_rule(const struct seen *seen)
{
	return last_adoption(seen) ? last_adoption(seen)->rule : ADOPT_UNKNOWN + 1;
}

static int64_t look(const struct seen *seen)
{
	return seen->process->look ? (int64_t)seen->process->look->at_ns : 0;
}

static int64_t overdue_look(const struct seen *seen)
{
	return seen->process->overdue_look ? (int64_t)seen->process->overdue_look->at_ns : 0;
}

static int64_t children(const struct seen *seen)
{
	int64_t count = 0;

	for (const struct process *child = seen->process->first_child; child; child = child->next_sibling)
		count++;
	return count;
}

static bool read_counters(const struct seen *seen, struct counters *counters)
{
	if (!seen->thread)
		return process_counters(seen->process, counters);
	*counters = seen->thread->counters;
	return seen->thread->has_counters;
}

#define COUNTER_FACT(function, expression)                                                                             \
	static int64_t function(const struct seen *seen)                                                               \
	{                                                                                                              \
		struct counters counters;                                                                              \
		bool known = read_counters(seen, &counters);                                                           \
                                                                                                                       \
		return known ? (int64_t)(expression) : UNKNOWN;                                                        \
	}
COUNTER_FACT(voluntary, counters.voluntary)
COUNTER_FACT(involuntary, counters.involuntary)
COUNTER_FACT(cpu_ns, counters.cpu_ns)
COUNTER_FACT(runqueue_ns, counters.runqueue_ns)
COUNTER_FACT(blocked_futex, counters.blocked_ns[BLOCKED_FUTEX])
COUNTER_FACT(blocked_other, counters.blocked_ns[BLOCKED_OTHER])
COUNTER_FACT(wakes, counters.wakes)

static const struct process *argument_process(const struct seen *seen)
{
	return model_by_pid(seen->engine->model, (uint32_t)strtoul(seen->argument, NULL, 10));
}

/* could_collect.200: one of its ways of waiting could have collected 200. */
static int64_t could_collect(const struct seen *seen)
{
	const struct process *child = argument_process(seen);

	for (unsigned i = 0; child && i < seen->process->wait_count; i++)
		if (wait_could_match(&seen->process->waits[i], seen->process, child))
			return true;
	return false;
}

static int64_t ancestor_of(const struct seen *seen)
{
	const struct process *other = argument_process(seen);

	return other && model_is_ancestor(seen->engine->model, seen->process->id, other->id);
}

static int64_t wait_count_of(const struct seen *seen)
{
	int64_t count = 0;

	for (unsigned i = 0; i < seen->process->wait_count; i++)
		count += (int64_t)seen->process->waits[i].count;
	return count;
}

static const char *exe(const struct seen *seen)
{
	return seen->process->exe;
}

/* Arguments with blanks between them. */
static const char *argv(const struct seen *seen)
{
	static char text[ARGV_MAX + 1];
	size_t length = seen->process->argv_length;

	if (!seen->process->argv)
		return NULL;
	if (length > ARGV_MAX)
		length = ARGV_MAX;
	for (size_t i = 0; i < length; i++)
		text[i] = (char)(seen->process->argv[i] ? seen->process->argv[i] : ' ');
	while (length && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
	return text;
}

static const char *cgroup(const struct seen *seen)
{
	return model_cgroup_path(seen->engine->model, seen->process->cgroup);
}

static const char *comm(const struct seen *seen)
{
	return seen->thread ? seen->thread->comm : seen->process->comm;
}

static const char *const scope_words[] = {"unknown", "target", "relative", NULL};
static const char *const how_words[] = {"waited", "gone", NULL};
static const char *const rule_words[] = {"thread", "subreaper", "pidns-init", "init", "unknown", "none", NULL};
static const char *const ending_words[] = {"command", "interrupt", "duration", "targets-gone", "cut", NULL};
static const char *const mode_words[] = {"run", "attach", "snapshot", NULL};

#define FIELD(name, kind, type, field)                                                                                 \
	{                                                                                                              \
		name, kind, offsetof(type, field), sizeof(((type *)NULL)->field)                                       \
	}
#define PROCESS(name, kind, field) FIELD(name, kind, struct process, field)
#define THREAD(name, kind, field) FIELD(name, kind, struct thread, field)
#define COMPUTED(name, kind, function)                                                                                 \
	{                                                                                                              \
		name, kind, .number = function                                                                         \
	}
#define TEXT(name, function)                                                                                           \
	{                                                                                                              \
		name, FACT_TEXT, .text = function                                                                      \
	}
#define COUNTERS                                                                                                       \
	COMPUTED("voluntary", FACT_NUMBER, voluntary), COMPUTED("involuntary", FACT_NUMBER, involuntary),              \
	    COMPUTED("cpu_ns", FACT_LENGTH, cpu_ns), COMPUTED("runqueue_ns", FACT_LENGTH, runqueue_ns),                \
	    COMPUTED("blocked_futex", FACT_LENGTH, blocked_futex),                                                     \
	    COMPUTED("blocked_other", FACT_LENGTH, blocked_other), COMPUTED("wakes", FACT_NUMBER, wakes)

/* ---- facts of locks, and of who waits for them */

/* waited.201: what thread 201 had to do with it. */
static const struct lock_party *party_of(const struct seen *seen, const struct lock_party *party)
{
	while (party && party->who.tid != strtoul(seen->argument, NULL, 10))
		party = party->next;
	return party;
}

#define PARTY_FACT(function, list, field)                                                                              \
	static int64_t function(const struct seen *seen)                                                               \
	{                                                                                                              \
		const struct lock_party *party = party_of(seen, seen->lock->list);                                     \
                                                                                                                       \
		return party ? (int64_t)party->field : 0;                                                              \
	}
PARTY_FACT(waits_of, waiters, waits)
PARTY_FACT(waited, waiters, wait_ns)
PARTY_FACT(waits_now, waiters, now)
PARTY_FACT(blocked_others, holders, wait_ns)
PARTY_FACT(holds_now, holders, now)
PARTY_FACT(acquisitions, holders, acquisitions)
PARTY_FACT(held, holders, hold_ns)
PARTY_FACT(wakes_of, wakers, wakes)

#define LIST_FACT(function, type, list)                                                                                \
	static int64_t function(const struct seen *seen)                                                               \
	{                                                                                                              \
		int64_t count = 0;                                                                                     \
                                                                                                                       \
		for (const struct type *each = seen->lock->list; each; each = each->next)                              \
			count++;                                                                                       \
		return count;                                                                                          \
	}
LIST_FACT(waiters, lock_party, waiters)
LIST_FACT(holders, lock_party, holders)
LIST_FACT(wakers, lock_party, wakers)
LIST_FACT(places, lock_place, places)
LIST_FACT(orders, lock_order, orders)

/* place.2: what was waited at site 2. */
static int64_t waited_at(const struct seen *seen)
{
	for (const struct lock_place *place = seen->lock->places; place; place = place->next)
		if (place->site->number == strtoul(seen->argument, NULL, 10))
			return (int64_t)place->wait_ns;
	return 0;
}

static int64_t waiting_ns(const struct seen *seen)
{
	return (int64_t)lock_waiting_ns(seen->engine->model, seen->lock);
}

static const char *lock_name(const struct seen *seen)
{
	return *seen->lock->name ? seen->lock->name : NULL;
}

static const char *lock_object(const struct seen *seen)
{
	return *seen->lock->object ? seen->lock->object : NULL;
}

/* frame.0: the innermost frame of where a nameless lock was first met, or a thread waits. */
static const char *frame_of(const struct seen *seen)
{
	const struct thread_wait *wait = seen->thread ? thread_wait_now(seen->thread) : NULL;
	const struct lock_site *site = seen->lock ? seen->lock->site : wait ? wait->site : NULL;
	unsigned long index = strtoul(seen->argument, NULL, 10);

	return site && index < site->frame_count ? site->frames[index] : NULL;
}

#define WAIT_FACT(function, expression)                                                                                \
	static int64_t function(const struct seen *seen)                                                               \
	{                                                                                                              \
		const struct thread_wait *wait = thread_wait_now(seen->thread);                                        \
                                                                                                                       \
		return wait ? (int64_t)(expression) : 0;                                                               \
	}
WAIT_FACT(waits_for, wait->lock ? wait->lock->number : 0)
WAIT_FACT(wait_since, wait->since_ns)
WAIT_FACT(behind, wait->holder.tid)
WAIT_FACT(behind_known, wait->holder.known)
WAIT_FACT(looks, wait->unchanged_looks)
WAIT_FACT(unchanged_since, wait->unchanged_since_ns)
WAIT_FACT(timed, wait->timed)
WAIT_FACT(refused_lock, wait->refused ? wait->refused->number : 0)

#define LOOK_FACT(function, field)                                                                                     \
	static int64_t function(const struct seen *seen)                                                               \
	{                                                                                                              \
		const struct process_look *last = process_look_last(seen->process);                                    \
                                                                                                                       \
		return last ? (int64_t)last->field : 0;                                                                \
	}
LOOK_FACT(look_rounds, round)
LOOK_FACT(look_threads, threads)
LOOK_FACT(look_told, told)
LOOK_FACT(look_whole, whole)

static const char *const kind_words[] = {
#define KIND(upper, lower) #lower,
    LOCK_KINDS(KIND)
#undef KIND
	NULL};
static const char *const holder_words[] = {"unknown", "thread", "nobody", "gone", "fork", NULL};

#define LOCK(name, kind, field) FIELD(name, kind, struct lock, field)

static const struct fact lock_facts[] = {
    {"kind", FACT_WORD, offsetof(struct lock, kind), 4, .words = kind_words},
    TEXT("name", lock_name),
    TEXT("object", lock_object),
    TEXT("frame", frame_of),
    LOCK("told", FACT_YES, told),
    LOCK("shared", FACT_YES, shared),
    LOCK("pid", FACT_PID, pid),
    LOCK("first", FACT_POINT, first_ns),
    LOCK("waits", FACT_NUMBER, waits),
    LOCK("timeouts", FACT_NUMBER, timeouts),
    LOCK("wait_ns", FACT_LENGTH, wait_ns),
    LOCK("max_ns", FACT_LENGTH, max_ns),
    LOCK("waiting", FACT_NUMBER, waiting),
    COMPUTED("waiting_ns", FACT_LENGTH, waiting_ns),
    COMPUTED("waiters", FACT_NUMBER, waiters),
    COMPUTED("holders", FACT_NUMBER, holders),
    COMPUTED("wakers", FACT_NUMBER, wakers),
    COMPUTED("places", FACT_NUMBER, places),
    COMPUTED("orders", FACT_NUMBER, orders),
    COMPUTED("waits_of", FACT_NUMBER, waits_of),
    COMPUTED("waited", FACT_LENGTH, waited),
    COMPUTED("waits_now", FACT_YES, waits_now),
    COMPUTED("blocked_others", FACT_LENGTH, blocked_others),
    COMPUTED("holds_now", FACT_NUMBER, holds_now),
    COMPUTED("acquisitions", FACT_NUMBER, acquisitions),
    COMPUTED("held", FACT_LENGTH, held),
    COMPUTED("wakes_of", FACT_NUMBER, wakes_of),
    COMPUTED("waited_at", FACT_LENGTH, waited_at),
    {NULL},
};

static const struct fact process_facts[] = {
    COMPUTED("zombie_ns", FACT_LENGTH, zombie_ns),
    COMPUTED("zombie", FACT_YES, zombie),
    COMPUTED("exit", FACT_STATUS, exit_status),
    PROCESS("started", FACT_POINT, started_ns),
    PROCESS("exited", FACT_POINT, exited_ns),
    PROCESS("dead", FACT_POINT, dead_ns),
    PROCESS("dead_before", FACT_YES, dead_before),
    PROCESS("dead_for_ns", FACT_LENGTH, dead_for_ns),
    PROCESS("reaped", FACT_POINT, reaped_ns),
    PROCESS("reaped_by", FACT_PID, reaper.pid),
    PROCESS("reaper_tid", FACT_PID, reaper_tid),
    {"reap_how", FACT_WORD, offsetof(struct process, reap_how), 4, .words = how_words},
    PROCESS("autoreaped", FACT_YES, autoreaped),
    PROCESS("leader_exited", FACT_POINT, leader_exited_ns),
    PROCESS("tracer", FACT_PID, tracer),
    PROCESS("parent", FACT_PID, parent.pid),
    PROCESS("parent_tid", FACT_PID, parent_tid),
    PROCESS("born_to", FACT_PID, born_to.pid),
    PROCESS("born_to_tid", FACT_PID, born_to_tid),
    PROCESS("creator", FACT_PID, creator.pid),
    PROCESS("nspid", FACT_PID, nspid),
    PROCESS("pidns_level", FACT_NUMBER, pidns_level),
    PROCESS("uid", FACT_NUMBER, uid),
    PROCESS("pgid", FACT_PID, pgid),
    PROCESS("sid", FACT_PID, sid),
    PROCESS("execs", FACT_NUMBER, execs),
    PROCESS("exit_signal", FACT_SIGNAL, exit_signal),
    {"scope", FACT_WORD, offsetof(struct process, scope), 4, .words = scope_words},
    PROCESS("present_at_start", FACT_YES, present_at_start),
    PROCESS("subreaper", FACT_YES, subreaper),
    PROCESS("pdeathsig", FACT_SIGNAL, pdeathsig),
    PROCESS("oom", FACT_POINT, oom_ns),
    COMPUTED("killer", FACT_SIGNAL, killer_signal),
    COMPUTED("killer_pid", FACT_PID, killer_sender),
    COMPUTED("term", FACT_SIGNAL, term_signal),
    COMPUTED("term_pid", FACT_PID, term_sender),
    COMPUTED("hangup", FACT_SIGNAL, hangup_signal),
    COMPUTED("hangup_pid", FACT_PID, hangup_sender),
    COMPUTED("pdeath", FACT_SIGNAL, pdeath_signal),
    COMPUTED("pdeath_pid", FACT_PID, pdeath_sender),
    PROCESS("merged", FACT_POINT, sigchld_merged_ns),
    PROCESS("merged_for", FACT_PID, sigchld_merged_for.pid),
    PROCESS("wait_calls", FACT_NUMBER, wait_calls),
    PROCESS("wait_reaped", FACT_NUMBER, wait_reaped),
    PROCESS("wait_last", FACT_POINT, wait_last_ns),
    PROCESS("wait_ways", FACT_NUMBER, wait_count),
    COMPUTED("wait_counted", FACT_NUMBER, wait_count_of),
    PROCESS("waited_for", FACT_POINT, waited_for_ns),
    COMPUTED("could_collect", FACT_YES, could_collect),
    COMPUTED("ancestor_of", FACT_YES, ancestor_of),
    PROCESS("children_born", FACT_NUMBER, children_born),
    PROCESS("children_unreaped", FACT_NUMBER, children_unreaped),
    COMPUTED("children", FACT_NUMBER, children),
    PROCESS("threads", FACT_NUMBER, thread_count),
    COMPUTED("adoptions", FACT_NUMBER, adoptions),
    COMPUTED("adopter", FACT_PID, adopter),
    COMPUTED("adopted_from", FACT_PID, adopted_from),
    {"adoption_rule", FACT_WORD, .number = adoption_rule, .words = rule_words},
    COMPUTED("look", FACT_POINT, look),
    COMPUTED("overdue_look", FACT_POINT, overdue_look),
    COMPUTED("look_rounds", FACT_NUMBER, look_rounds),
    COMPUTED("look_threads", FACT_NUMBER, look_threads),
    COMPUTED("look_told", FACT_NUMBER, look_told),
    COMPUTED("look_whole", FACT_YES, look_whole),
    TEXT("comm", comm),
    TEXT("exe", exe),
    TEXT("argv", argv),
    TEXT("cgroup", cgroup),
    PROCESS("argv_size", FACT_NUMBER, argv_size),
    COUNTERS,
    {NULL},
};

static const struct fact thread_facts[] = {
    TEXT("comm", comm),
    THREAD("started", FACT_POINT, started_ns),
    THREAD("exited", FACT_POINT, exited_ns),
    THREAD("waiting", FACT_YES, waiting),
    COMPUTED("waits_for", FACT_NUMBER, waits_for),
    COMPUTED("wait_since", FACT_POINT, wait_since),
    COMPUTED("behind", FACT_PID, behind),
    {"holder", FACT_WORD, .number = behind_known, .words = holder_words},
    COMPUTED("looks", FACT_NUMBER, looks),
    COMPUTED("unchanged_since", FACT_POINT, unchanged_since),
    COMPUTED("timed", FACT_YES, timed),
    COMPUTED("refused_lock", FACT_NUMBER, refused_lock),
    TEXT("frame", frame_of),
    COUNTERS,
    {NULL},
};

/* ---- facts of the whole */

static int64_t refused(const struct seen *seen)
{
	return (int64_t)seen->engine->refused;
}

static int64_t late(const struct seen *seen)
{
	return (int64_t)seen->engine->late;
}

static int64_t contradictions(const struct seen *seen)
{
	return (int64_t)model_contradictions(seen->engine->model);
}

static int64_t events(const struct seen *seen)
{
	return (int64_t)model_events(seen->engine->model);
}

/* lost: all; lost.life: of that class. */
static int64_t lost(const struct seen *seen)
{
	unsigned group = 0;

	while (*seen->argument && group < EVENT_GROUP_COUNT && strcmp(event_group_name(group), seen->argument))
		group++;
	return (int64_t)model_lost(seen->engine->model, *seen->argument ? group : EVENT_GROUP_COUNT);
}

static int64_t processes(const struct seen *seen)
{
	int64_t count = 0;

	for (const struct process *process = model_first(seen->engine->model); process; process = process->next)
		count++;
	return count;
}

static int64_t targets(const struct seen *seen)
{
	int64_t count = 0;

	for (const struct process *process = model_first(seen->engine->model); process; process = process->next)
		count += process->scope == SCOPE_TARGET;
	return count;
}

static int64_t fork_failures(const struct seen *seen)
{
	int64_t count = 0;

	for (const struct fork_failure *each = model_fork_failures(seen->engine->model); each; each = each->next)
		count += (int64_t)each->count;
	return count;
}

static int64_t fork_failure_kinds(const struct seen *seen)
{
	int64_t count = 0;

	for (const struct fork_failure *each = model_fork_failures(seen->engine->model); each; each = each->next)
		count++;
	return count;
}

static int64_t ended_by(const struct seen *seen)
{
	return model_observation(seen->engine->model)->ended_by;
}

static int64_t mode(const struct seen *seen)
{
	return model_observation(seen->engine->model)->mode;
}

static int64_t ended(const struct seen *seen)
{
	return (int64_t)model_observation(seen->engine->model)->end_ns;
}

static int64_t target(const struct seen *seen)
{
	return model_observation(seen->engine->model)->target_pid;
}

static int64_t command_status(const struct seen *seen)
{
	int32_t status = model_observation(seen->engine->model)->exit_status;

	return status_number(status != -1, status);
}

static const struct fact whole_facts[] = {
    COMPUTED("refused", FACT_NUMBER, refused),
    COMPUTED("late", FACT_NUMBER, late),
    COMPUTED("contradictions", FACT_NUMBER, contradictions),
    COMPUTED("events", FACT_NUMBER, events),
    COMPUTED("lost", FACT_NUMBER, lost),
    COMPUTED("processes", FACT_NUMBER, processes),
    COMPUTED("targets", FACT_NUMBER, targets),
    COMPUTED("fork_failures", FACT_NUMBER, fork_failures),
    COMPUTED("fork_failure_kinds", FACT_NUMBER, fork_failure_kinds),
    {"ended_by", FACT_WORD, .number = ended_by, .words = ending_words},
    {"mode", FACT_WORD, .number = mode, .words = mode_words},
    COMPUTED("ended", FACT_POINT, ended),
    COMPUTED("target", FACT_PID, target),
    COMPUTED("exit", FACT_STATUS, command_status),
    {NULL},
};

/* ---- comparing facts */

static int64_t read_number(const struct fact *fact, const struct seen *seen)
{
	const void *subject = seen->lock ? (const void *)seen->lock : seen->thread;
	const char *base = subject ? subject : (const char *)seen->process;
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (fact->number)
		return fact->number(seen);
	if (fact->size == 8) {
		memcpy(&wide, base + fact->offset, 8);
		return (int64_t)wide;
	}
	if (fact->size == 1)
		return base[fact->offset] != 0;
	memcpy(&narrow, base + fact->offset, 4);
	return narrow;
}

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

/* What the scenario says, as the number it stands for. */
static bool wanted_number(const struct fact *fact, const char *text, int64_t *number)
{
	static const char *const yes_words[] = {"no", "yes", NULL};
	int32_t status;

	if (!strcmp(text, "unknown") && fact->kind != FACT_WORD) {
		*number = UNKNOWN;
		return true;
	}
	if (!strcmp(text, "none") || !strcmp(text, "never")) {
		*number = fact->kind == FACT_STATUS ? UNKNOWN : fact->kind == FACT_WORD ? ADOPT_UNKNOWN + 1 : 0;
		return fact->kind != FACT_NUMBER && fact->kind != FACT_YES;
	}
	switch (fact->kind) {
	case FACT_YES:
		*number = word_index(yes_words, text);
		return *number >= 0;
	case FACT_WORD:
		*number = word_index(fact->words, text);
		return *number >= 0;
	case FACT_LENGTH:
		return !script_parse_time(text, number);
	case FACT_POINT:
		*number = 0;
		if (script_parse_time(text, number))
			return false;
		*number += (int64_t)SCRIPT_BASE_NS;
		return true;
	case FACT_SIGNAL:
	case FACT_STATUS:
		if (script_parse_status(text, &status))
			return false;
		*number = status;
		return true;
	default:
		return !text_parse_number(text, INT64_MIN + 1, INT64_MAX, number);
	}
}

static void say_number(const struct fact *fact, int64_t number, struct buffer *out)
{
	const char *name = text_signal_name((int)(number & 0x7f));

	if (number == UNKNOWN)
		buffer_text_append(out, "unknown");
	else if (fact->kind == FACT_WORD)
		buffer_text_append(out, fact->words[number]);
	else if (fact->kind == FACT_YES)
		buffer_text_append(out, number ? "yes" : "no");
	else if (fact->kind == FACT_POINT && number)
		buffer_format(out, "%.6fms", (double)(number - (int64_t)SCRIPT_BASE_NS) / 1e6);
	else if (fact->kind == FACT_POINT)
		buffer_text_append(out, "never");
	else if (fact->kind == FACT_LENGTH)
		buffer_format(out, "%lldns", (long long)number);
	else if (fact->kind == FACT_STATUS && !(number & 0x7f))
		buffer_format(out, "exit:%lld", (long long)number >> 8);
	else if ((fact->kind == FACT_SIGNAL || fact->kind == FACT_STATUS) && name)
		buffer_format(out, "%s%s", name, fact->kind == FACT_STATUS && number & 0x80 ? "+core" : "");
	else
		buffer_format(out, "%lld", (long long)number);
}

static const struct fact *find_fact(const struct fact *facts, const char *name)
{
	size_t length = strcspn(name, ".");

	for (; facts->name; facts++)
		if (strlen(facts->name) == length && !memcmp(facts->name, name, length))
			return facts;
	return NULL;
}

static void compare_text(const struct check *check, const struct script_expectation *expectation,
			 const struct script_condition *condition, const char *found)
{
	if (!found && !strcmp(condition->value, "none"))
		return;
	if (!condition_fits(condition, found))
		fail(check, expectation, "%s: %s is `%s`, expected %s`%s`", expectation->subject, condition->name,
		     found ? found : "none", condition->contains ? "to contain " : "", condition->value);
}

static void compare_fact(const struct check *check, const struct script_expectation *expectation,
			 const struct script_condition *condition, const struct fact *facts, struct seen *seen)
{
	const struct fact *fact = find_fact(facts, condition->name);
	const char *dot = strchr(condition->name, '.');
	struct buffer said = {0};
	int64_t wanted, found;

	seen->argument = dot ? dot + 1 : "";
	if (!fact) {
		fail(check, expectation, "there is no fact `%s` of such a subject", condition->name);
		return;
	}
	if (fact->kind == FACT_TEXT) {
		compare_text(check, expectation, condition, fact->text(seen));
		return;
	}
	if (condition->contains || !wanted_number(fact, condition->value, &wanted)) {
		fail(check, expectation, "`%s` is no value of `%s`", condition->value, condition->name);
		return;
	}
	found = read_number(fact, seen);
	if (found == wanted)
		return;
	say_number(fact, found, &said);
	fail(check, expectation, "%s: %s is %s, expected %s", expectation->subject, condition->name, buffer_text(&said),
	     condition->value);
	buffer_free(&said);
}

/* "200", "200:201", "200@10ms", "200@10ms:201", "lock:3" */
static bool find_subject(const struct check *check, const char *subject, struct seen *seen)
{
	const char *at = strchr(subject, '@'), *colon = strchr(subject, ':');
	uint32_t pid = (uint32_t)strtoul(subject, NULL, 10);
	int64_t start;

	if (!strncmp(subject, "lock:", 5)) {
		seen->lock = model_lock(check->engine->model, (uint32_t)strtoul(subject + 5, NULL, 10));
		return seen->lock;
	}
	if (at) {
		char text[64];
		size_t length = strcspn(at + 1, ":");

		if (length >= sizeof(text))
			return false;
		memcpy(text, at + 1, length);
		text[length] = '\0';
		if (script_parse_time(text, &start))
			return false;
		seen->process =
		    model_find(check->engine->model, (struct process_ref){pid, SCRIPT_BASE_NS + (uint64_t)start});
	} else {
		seen->process = model_by_pid(check->engine->model, pid);
	}
	if (seen->process && colon)
		seen->thread = model_thread(seen->process, (uint32_t)strtoul(colon + 1, NULL, 10));
	return seen->process && (!colon || seen->thread);
}

void check_fact(const struct check *check, const struct script_expectation *expectation)
{
	struct seen seen = {.engine = check->engine};
	const struct fact *facts = whole_facts;

	if (strcmp(expectation->subject, "-") != 0) {
		bool found = find_subject(check, expectation->subject, &seen);
		bool absent = expectation->condition_count == 1 && !strcmp(expectation->conditions[0].name, "known") &&
			      !strcmp(expectation->conditions[0].value, "no");

		if (found == absent)
			fail(check, expectation, "%s is %sknown", expectation->subject, found ? "" : "not ");
		if (!found || absent)
			return;
		facts = seen.lock ? lock_facts : seen.thread ? thread_facts : process_facts;
	}
	for (size_t i = 0; i < expectation->condition_count; i++)
		compare_fact(check, expectation, &expectation->conditions[i], facts, &seen);
}

int64_t whole_number(const struct engine *engine, const char *name)
{
	const struct seen seen = {.engine = engine, .argument = ""};

	return find_fact(whole_facts, name)->number(&seen);
}
