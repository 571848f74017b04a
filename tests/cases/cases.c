/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs text scenarios (tests/cases/ **.ev, see README.md there) through the engine, as live events would go, and
 * compares what was concluded with what the scenario expects. Each is run twice: as it stands, recording a trace, and
 * from that trace; both must come to the same findings. Tells the result in the protocol of tests/run.sh.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "engine/engine.h"
#include "source/script.h"

struct check {
	const char *path;
	const struct engine *engine;
	const char *run; /* "", or " (replayed)" */
	struct buffer *failures;
};

static void fail(const struct check *check, const struct script_expectation *expectation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(const struct check *check, const struct script_expectation *expectation, const char *format, ...)
{
	va_list arguments;

	buffer_format(check->failures, "# %s:%u%s: ", check->path, expectation->line, check->run);
	va_start(arguments, format);
	buffer_vformat(check->failures, format, arguments);
	va_end(arguments);
	buffer_char(check->failures, '\n');
}

/* ---- a member of a JSON object, enough for `detail` as analyzers write it */

static const char *skip_string(const char *json)
{
	for (json++; *json && *json != '"'; json++)
		if (*json == '\\' && json[1])
			json++;
	return *json ? json + 1 : json;
}

static const char *skip_value(const char *json)
{
	int depth = 0;

	do {
		if (*json == '"') {
			json = skip_string(json);
			continue;
		}
		depth += *json == '{' || *json == '[';
		depth -= *json == '}' || *json == ']';
		if (depth < 0)
			return json;
		json++;
	} while (*json && (depth || (*json != ',' && *json != '}' && *json != ']')));
	return json;
}

static const char *skip_blanks(const char *json)
{
	while (isspace((unsigned char)*json) || *json == ',' || *json == ':')
		json++;
	return json;
}

/* Where the value of `path` ("zombie_ns", "steps.fork") starts; NULL: there is none. */
static const char *find_member(const char *json, const char *path)
{
	size_t length = strcspn(path, ".");

	json = skip_blanks(json);
	if (*json != '{')
		return NULL;
	for (json = skip_blanks(json + 1); *json == '"'; json = skip_blanks(skip_value(json))) {
		const char *key = json + 1;

		json = skip_string(json);
		if ((size_t)(json - key - 1) == length && !memcmp(key, path, length)) {
			json = skip_blanks(json);
			return path[length] ? find_member(json, path + length + 1) : json;
		}
		json = skip_blanks(json);
	}
	return NULL;
}

/* Strings without quotes, other values as they are written. */
static void member_text(const char *value, struct buffer *out)
{
	const char *end = skip_value(value);

	while (end > value && isspace((unsigned char)end[-1]))
		end--;
	if (*value == '"')
		buffer_append(out, value + 1, (size_t)(end - value - 2));
	else
		buffer_append(out, value, (size_t)(end - value));
}

/* ---- expectations on findings */

static bool contains(const char *text, const char *part)
{
	return text && strstr(text, part);
}

static bool text_fits(const struct script_condition *condition, const char *text)
{
	if (condition->contains)
		return contains(text, condition->value);
	return text && !strcmp(text, condition->value);
}

static bool evidence_fits(const struct script_condition *condition, const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence_count; i++)
		if (text_fits(condition, finding->evidence[i].text))
			return true;
	return false;
}

/* A duration for a number of nanoseconds, and a pid for an identity PID@START, are as good as the value itself. */
static bool means_the_same(const char *name, const char *wanted, const char *found)
{
	size_t length = strlen(wanted);
	int64_t ns;

	if (!strcmp(wanted, found))
		return true;
	if (!strncmp(found, wanted, length) && found[length] == '@' && strspn(wanted, "0123456789") == length)
		return true;
	return strlen(name) > 3 && !strcmp(name + strlen(name) - 3, "_ns") && !script_parse_time(wanted, &ns) &&
	       ns == strtoll(found, NULL, 10) && isdigit((unsigned char)*found);
}

static bool detail_fits(const struct script_condition *condition, const struct finding *finding)
{
	const char *path = condition->name + strlen("detail.");
	const char *value = finding->detail ? find_member(finding->detail, path) : NULL;
	struct buffer text = {0};
	bool fits;

	if (!value)
		return false;
	member_text(value, &text);
	fits = condition->contains ? contains(buffer_text(&text), condition->value)
				   : means_the_same(path, condition->value, buffer_text(&text));
	buffer_free(&text);
	return fits;
}

static bool pid_fits(const struct script_condition *condition, const struct finding *finding)
{
	return (uint32_t)strtoul(condition->value, NULL, 10) == finding->process.pid;
}

static bool certain_fits(const struct script_condition *condition, const struct finding *finding)
{
	return !strcmp(condition->value, finding->certain ? "true" : "false");
}

static bool severity_fits(const struct script_condition *condition, const struct finding *finding)
{
	return !strcmp(condition->value, severity_name(finding->severity));
}

static bool title_fits(const struct script_condition *condition, const struct finding *finding)
{
	return text_fits(condition, finding->title);
}

static bool help_fits(const struct script_condition *condition, const struct finding *finding)
{
	return text_fits(condition, finding->help);
}

static bool comm_fits(const struct script_condition *condition, const struct finding *finding)
{
	return text_fits(condition, finding->comm);
}

typedef bool fits_fn(const struct script_condition *condition, const struct finding *finding);

static fits_fn *fits_for(const char *name)
{
	static const struct {
		const char *name;
		fits_fn *fits;
	} aspects[] = {{"pid", pid_fits},          {"certain", certain_fits}, {"severity", severity_fits},
		       {"title", title_fits},      {"help", help_fits},       {"comm", comm_fits},
		       {"evidence", evidence_fits}};

	if (!strncmp(name, "detail.", 7) && name[7])
		return detail_fits;
	for (size_t i = 0; i < sizeof(aspects) / sizeof(aspects[0]); i++)
		if (!strcmp(aspects[i].name, name))
			return aspects[i].fits;
	return NULL;
}

static bool code_fits(const char *subject, const char *code)
{
	size_t length = strlen(subject);

	return !strcmp(subject, "any") || (!strncmp(code, subject, length) && (!code[length] || code[length] == '.'));
}

static bool all_fit(const struct script_expectation *expectation, const struct finding *finding)
{
	if (!code_fits(expectation->subject, finding->verdict->code))
		return false;
	for (size_t i = 0; i < expectation->condition_count; i++)
		if (!fits_for(expectation->conditions[i].name)(&expectation->conditions[i], finding))
			return false;
	return true;
}

/* A misspelt code would make `none` pass for ever. */
static bool is_subject(const char *subject)
{
	for (unsigned i = 0; analyzers[i]; i++)
		for (const struct verdict *verdict = analyzers[i]->verdicts; verdict && verdict->code; verdict++)
			if (code_fits(subject, verdict->code))
				return true;
	return !strcmp(subject, "any");
}

static void check_findings(const struct check *check, const struct script_expectation *expectation)
{
	const struct findings *findings = check->engine->findings;
	const struct finding *finding = NULL;
	int found = 0;

	if (!is_subject(expectation->subject)) {
		fail(check, expectation, "no analyzer issues `%s`", expectation->subject);
		return;
	}
	for (size_t i = 0; i < expectation->condition_count; i++) {
		if (!fits_for(expectation->conditions[i].name)) {
			fail(check, expectation, "findings have no `%s`", expectation->conditions[i].name);
			return;
		}
	}
	for (size_t i = 0; i < findings_count(findings); i++) {
		if (!all_fit(expectation, findings_get(findings, i)))
			continue;
		finding = findings_get(findings, i);
		found++;
	}
	if (expectation->kind == SCRIPT_NONE && found)
		fail(check, expectation, "%s must not be found, but is: %s", expectation->subject, finding->title);
	else if (expectation->kind == SCRIPT_EXPECT && expectation->count >= 0 && found != expectation->count)
		fail(check, expectation, "%d such findings of %s expected, %d found", expectation->count,
		     expectation->subject, found);
	else if (expectation->kind == SCRIPT_EXPECT && expectation->count < 0 && !found)
		fail(check, expectation, "no such finding of %s", expectation->subject);
}

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
	const char *argument; /* of could_collect.200 and the like: what stands behind the dot */
};

struct fact {
	const char *name;
	enum fact_kind kind;
	size_t offset, size;			    /* a field, if there is no function */
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
		text[i] = seen->process->argv[i] ? seen->process->argv[i] : ' ';
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

#define FIELD(name, kind, type, field) {name, kind, offsetof(type, field), sizeof(((type *)NULL)->field)}
#define PROCESS(name, kind, field) FIELD(name, kind, struct process, field)
#define THREAD(name, kind, field) FIELD(name, kind, struct thread, field)
#define COMPUTED(name, kind, function) {name, kind, .number = function}
#define TEXT(name, function) {name, FACT_TEXT, .text = function}
#define COUNTERS                                                                                                       \
	COMPUTED("voluntary", FACT_NUMBER, voluntary), COMPUTED("involuntary", FACT_NUMBER, involuntary),              \
	    COMPUTED("cpu_ns", FACT_LENGTH, cpu_ns), COMPUTED("runqueue_ns", FACT_LENGTH, runqueue_ns),                \
	    COMPUTED("blocked_futex", FACT_LENGTH, blocked_futex),                                                     \
	    COMPUTED("blocked_other", FACT_LENGTH, blocked_other), COMPUTED("wakes", FACT_NUMBER, wakes)

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
	const char *base = seen->thread ? (const char *)seen->thread : (const char *)seen->process;
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
	if (!text_fits(condition, found))
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

/* "200", "200:201", "200@10ms", "200@10ms:201" */
static bool find_subject(const struct check *check, const char *subject, struct seen *seen)
{
	const char *at = strchr(subject, '@'), *colon = strchr(subject, ':');
	uint32_t pid = (uint32_t)strtoul(subject, NULL, 10);
	int64_t start;

	if (at) {
		char text[64];
		size_t length = strcspn(at + 1, ":");

		if (length >= sizeof(text))
			return false;
		memcpy(text, at + 1, length);
		text[length] = '\0';
		if (script_parse_time(text, &start))
			return false;
		seen->process = model_find(check->engine->model,
					   (struct process_ref){pid, SCRIPT_BASE_NS + (uint64_t)start});
	} else {
		seen->process = model_by_pid(check->engine->model, pid);
	}
	if (seen->process && colon)
		seen->thread = model_thread(seen->process, (uint32_t)strtoul(colon + 1, NULL, 10));
	return seen->process && (!colon || seen->thread);
}

static void check_fact(const struct check *check, const struct script_expectation *expectation)
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
		facts = seen.thread ? thread_facts : process_facts;
	}
	for (size_t i = 0; i < expectation->condition_count; i++)
		compare_fact(check, expectation, &expectation->conditions[i], facts, &seen);
}

/* ---- a scenario */

/* Mistakes in a scenario show as records refused, late or contradicting others; where that is meant, a fact says so. */
static void check_clean(const struct check *check, const struct script_expectation *expectations)
{
	static const char *const names[] = {"refused", "late", "contradictions"};
	const struct seen seen = {.engine = check->engine, .argument = ""};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct script_expectation *each = expectations;
		bool said = false;

		for (; each; each = each->next)
			for (size_t j = 0; !strcmp(each->subject, "-") && j < each->condition_count; j++)
				said |= !strcmp(each->conditions[j].name, names[i]);
		if (!said && find_fact(whole_facts, names[i])->number(&seen))
			buffer_format(check->failures, "# %s%s: %lld %s; if that is meant, say `fact - %s=…`\n",
				      check->path, check->run,
				      (long long)find_fact(whole_facts, names[i])->number(&seen), names[i], names[i]);
	}
}

static void check_all(const struct check *check, const struct script_expectation *expectations)
{
	if (!expectations)
		buffer_format(check->failures, "# %s: expects nothing, so it cannot fail\n", check->path);
	for (const struct script_expectation *each = expectations; each; each = each->next) {
		if (each->kind == SCRIPT_FACT)
			check_fact(check, each);
		else
			check_findings(check, each);
	}
	check_clean(check, expectations);
}

/* All that a finding says, a line each, so that two runs can be compared and a failure shown. */
static void describe(const struct engine *engine, struct buffer *out)
{
	const struct finding *finding;

	for (size_t i = 0; (finding = findings_get(engine->findings, i)); i++) {
		buffer_format(out, "%s[%s] %s%u@%llu %s | %s", severity_name(finding->severity), finding->verdict->code,
			      finding->certain ? "" : "uncertain ", finding->process.pid,
			      (unsigned long long)finding->process.start_ns, finding->title,
			      finding->detail ? finding->detail : "{}");
		for (size_t j = 0; j < finding->evidence_count; j++)
			buffer_format(out, " | %llu %s", (unsigned long long)finding->evidence[j].t_ns,
				      finding->evidence[j].text);
		buffer_format(out, " | %s\n", finding->help ? finding->help : "");
	}
}

static void print_details(const struct buffer *text)
{
	const char *line = buffer_text(text);

	while (*line) {
		size_t length = strcspn(line, "\n");

		printf("# found: %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static bool run_source(struct engine *engine, struct source *source, const char *record, const char *path,
		       struct buffer *failures)
{
	const struct engine_options options = {.record = record};
	struct error error = {0};

	if (!engine_run(engine, source, &options, NULL, NULL, &error))
		return true;
	buffer_format(failures, "# %s: %s\n", path, error.text);
	return false;
}

/* The recorded trace must lead to the same conclusions. */
static void check_replay(const char *path, const char *record, const struct script_expectation *expectations,
			 const struct buffer *first, struct buffer *failures)
{
	struct check check = {.path = path, .run = " (replayed)", .failures = failures};
	struct engine engine = {0};
	struct source *source = NULL;
	struct error error = {0};
	struct buffer again = {0};

	if (source_file_open(record, &source, &error)) {
		buffer_format(failures, "# %s: %s\n", path, error.text);
		return;
	}
	if (run_source(&engine, source, NULL, path, failures)) {
		describe(&engine, &again);
		if (strcmp(buffer_text(first), buffer_text(&again)) != 0)
			buffer_format(failures, "# %s: the replay of its trace finds otherwise:\n# %s\n", path,
				      buffer_text(&again));
		check.engine = &engine;
		for (const struct script_expectation *each = expectations; each; each = each->next)
			if (each->kind == SCRIPT_FACT && strcmp(each->subject, "-") != 0)
				check_fact(&check, each);
	}
	buffer_free(&again);
	engine_free(&engine);
	source_close(source);
}

static void run_twice(const char *path, struct source *source, struct buffer *failures, struct buffer *found)
{
	char folder[] = "/tmp/lifeline-cases-XXXXXX", record[64];
	struct check check = {.path = path, .run = "", .failures = failures};
	struct engine engine = {0};

	if (!mkdtemp(folder)) {
		buffer_format(failures, "# cannot make a folder like %s: %s\n", folder, strerror(errno));
		return;
	}
	snprintf(record, sizeof(record), "%s/trace", folder);
	if (run_source(&engine, source, record, path, failures)) {
		const struct script_expectation *expectations = source_script_expectations(source);

		check.engine = &engine;
		check_all(&check, expectations);
		describe(&engine, found);
		check_replay(path, record, expectations, found, failures);
	}
	engine_free(&engine);
	unlink(record);
	rmdir(folder);
}

static bool run_case(const char *path)
{
	struct buffer failures = {0}, found = {0};
	struct source *source = NULL;
	struct error error = {0};
	const char *name = strstr(path, "cases/");
	bool passed;

	if (source_script_open(path, &source, &error)) {
		buffer_format(&failures, "# %s\n", error.text);
	} else {
		run_twice(path, source, &failures, &found);
		source_close(source);
	}
	passed = !failures.length;
	printf("%s - %.*s\n", passed ? "ok" : "not ok", (int)(strlen(name ? name : path) - strlen(".ev")),
	       name ? name : path);
	fputs(buffer_text(&failures), stdout);
	if (!passed)
		print_details(&found);
	buffer_free(&failures);
	buffer_free(&found);
	return passed;
}

int main(int count, char **arguments)
{
	int failed = 0;

	for (int i = 1; i < count; i++)
		failed += !run_case(arguments[i]);
	return failed ? 1 : 0;
}
