/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Does an observation show what a demo's `.expect` file says? Conditions are KEY OPERATION VALUE, operations = >= <=
 * and ~ (contains). A process is named by a role, or by its pid.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/expect_internal.h"
#include "cli/peek.h"
#include "cli/verdicts.h"

/* Starts a line about a difference; the caller writes on, and ends it. */
static void begin_difference(struct check *check, const struct directive *directive)
{
	check->count++;
	buffer_format(check->differences, "  line %u: %s %s: ", directive->line, directive->name, directive->text);
}

/* ---- findings -------------------------------------------------------------------------------------------------- */

/* A detail can name a process: as a pid, or as the identity PID@START. */
static bool detail_names(const struct check *check, const struct condition *condition, const char *found)
{
	char *end;
	unsigned long pid = strtoul(found, &end, 10);

	return condition->operation == EQUAL && end != found && (!*end || *end == '@') &&
	       names_pid(check, condition->value, (uint32_t)pid);
}

static bool detail_holds(const struct check *check, const struct finding *finding, const struct condition *condition)
{
	struct buffer value = {0};
	char path[128];
	size_t skip = strlen("detail.");
	size_t length = condition->key_length - skip;
	int64_t found, wanted;
	bool holds = false;

	if (length >= sizeof(path) || !finding->detail)
		return false;
	memcpy(path, condition->key + skip, length);
	path[length] = '\0';
	if (peek_value(finding->detail, path, &value)) {
		const char *text = buffer_text(&value);

		if (read_number(text, &found) && read_number(condition->value, &wanted))
			holds = compare_number(condition->operation, found, wanted);
		else
			holds = compare_text(condition->operation, text, condition->value) ||
				detail_names(check, condition, text);
	}
	buffer_free(&value);
	return holds;
}

/* Is that thread a member of the cycle in the detail that deadlock findings have? */
static bool has_member(const struct check *check, const struct finding *finding, const char *name)
{
	static const char key[] = "\"tid\":";
	const char *at = finding->detail ? strstr(finding->detail, key) : NULL;

	for (; at; at = strstr(at, key)) {
		uint32_t tid = (uint32_t)strtoul(at + strlen(key), NULL, 10);
		const struct process *process = model_by_tid(check->engine->model, tid);

		if (names_thread(check, name, process ? process->id.pid : 0, tid))
			return true;
		at++;
	}
	return false;
}

static bool is_about_lock(const struct check *check, const struct finding *finding, const char *name)
{
	for (size_t i = 0; i < finding->lock_count; i++) {
		const struct lock *lock = model_lock(check->engine->model, finding->locks[i]);

		if (lock && lock_is_named(lock, name))
			return true;
	}
	return false;
}

static bool evidence_contains(const struct finding *finding, const char *text)
{
	for (size_t i = 0; i < finding->evidence_count; i++)
		if (finding->evidence[i].text && strstr(finding->evidence[i].text, text))
			return true;
	return false;
}

/* -1: a condition that no finding could be asked. */
static int condition_holds(const struct check *check, const struct finding *finding, const char *word)
{
	struct condition condition;

	if (!condition_read(word, &condition))
		return -1;
	if (condition_key_is(&condition, "role"))
		return names_pid(check, condition.value, finding->process.pid);
	if (condition_key_is(&condition, "member"))
		return has_member(check, finding, condition.value);
	if (condition_key_is(&condition, "lock"))
		return is_about_lock(check, finding, condition.value);
	if (condition_key_is(&condition, "certain"))
		return compare_text(condition.operation, finding->certain ? "true" : "false", condition.value);
	if (condition_key_is(&condition, "severity"))
		return compare_text(condition.operation, severity_name(finding->severity), condition.value);
	if (condition_key_is(&condition, "title"))
		return compare_text(condition.operation, finding->title ? finding->title : "", condition.value);
	if (condition_key_is(&condition, "help"))
		return compare_text(condition.operation, finding->help ? finding->help : "", condition.value);
	if (condition_key_is(&condition, "evidence"))
		return evidence_contains(finding, condition.value);
	return strncmp(condition.key, "detail.", strlen("detail.")) ? -1 : detail_holds(check, finding, &condition);
}

static bool is_count(const char *word, int64_t *count)
{
	return *word == 'x' && !text_parse_number(word + 1, 0, 1000000, count);
}

/* Does the finding satisfy the whole `expect` line? *unclear: a word that is no condition. */
static bool finding_fits(const struct check *check, const struct directive *directive, const struct finding *finding,
			 const char **unclear)
{
	int64_t count;

	if (strcmp(finding->verdict->code, directive->words[0]))
		return false;
	for (unsigned i = 1; directive->words[i]; i++) {
		int holds =
		    is_count(directive->words[i], &count) ? 1 : condition_holds(check, finding, directive->words[i]);

		if (holds < 0)
			*unclear = directive->words[i];
		if (holds <= 0)
			return false;
	}
	return true;
}

static void describe_finding(struct buffer *out, const struct finding *finding)
{
	buffer_format(out, "%s%s of pid %u: ", finding->certain ? "" : "(uncertain) ", finding->verdict->code,
		      finding->process.pid);
	text_escape(out, finding->title ? finding->title : "", finding->title ? strlen(finding->title) : 0, 0);
}

/* What there is of this code, so that the difference can be seen at a glance. */
static void describe_near(struct check *check, const char *code)
{
	const struct finding *finding;
	bool any = false;

	for (size_t i = 0; (finding = findings_get(check->engine->findings, i)); i++) {
		if (strcmp(finding->verdict->code, code))
			continue;
		buffer_text_append(check->differences, any ? "; also " : "found ");
		describe_finding(check->differences, finding);
		any = true;
	}
	buffer_text_append(check->differences, any ? "\n" : "there is no such finding\n");
}

static int64_t wanted_count(const struct directive *directive)
{
	int64_t count;

	for (unsigned i = 1; directive->words[i]; i++)
		if (is_count(directive->words[i], &count))
			return count;
	return -1; /* at least one */
}

static void check_expect(struct check *check, const struct directive *directive)
{
	int64_t wanted = directive->words[0] ? wanted_count(directive) : -1;
	const char *unclear = directive->words[0] ? NULL : "(nothing)";
	const struct finding *finding;
	int64_t count = 0;

	for (size_t i = 0; directive->words[0] && (finding = findings_get(check->engine->findings, i)); i++)
		count += finding_fits(check, directive, finding, &unclear);
	if (!unclear && (wanted < 0 ? count > 0 : count == wanted))
		return;
	begin_difference(check, directive);
	if (unclear) {
		buffer_format(check->differences, "'%s' is no condition on a finding\n", unclear);
		return;
	}
	if (count)
		buffer_format(check->differences, "%lld fit; ", (long long)count);
	describe_near(check, directive->words[0]);
}

static bool is_expected(const struct check *check, const struct finding *finding)
{
	const struct directive *directive = NULL;
	const char *unclear;

	while ((directive = expect_next(check->expect, "expect", directive)))
		if (directive->words[0] && finding_fits(check, directive, finding, &unclear))
			return true;
	return false;
}

static void check_none(struct check *check, const struct directive *directive)
{
	const struct finding *finding;

	for (size_t i = 0; (finding = findings_get(check->engine->findings, i)); i++) {
		for (unsigned word = 0; directive->words[word]; word++) {
			if (!verdict_matches(finding->verdict, directive->words[word]) || is_expected(check, finding))
				continue;
			begin_difference(check, directive);
			buffer_text_append(check->differences, "found ");
			describe_finding(check->differences, finding);
			buffer_char(check->differences, '\n');
			break;
		}
	}
}

/* ---- facts ------------------------------------------------------------------------------------------------------- */

static void check_exit(struct check *check, const struct directive *directive)
{
	const struct observation *observation = model_observation(check->engine->model);
	struct buffer found = {0};

	expect_status_text(&found, observation->finished && observation->exit_status != -1, observation->exit_status);
	if (!directive->words[0] || strcmp(directive->words[0], buffer_text(&found))) {
		begin_difference(check, directive);
		buffer_format(check->differences, "it ended with %s\n", buffer_text(&found));
	}
	buffer_free(&found);
}

static void check_process(struct check *check, const struct directive *directive, const struct subject *subject,
			  const struct process *process)
{
	for (unsigned i = 1; directive->words[i]; i++) {
		struct buffer found = {0};
		int holds = fact_holds(check, process, subject->thread, directive->words[i], &found);

		if (holds <= 0) {
			begin_difference(check, directive);
			if (holds < 0)
				buffer_format(check->differences, "'%s' is no fact about a %s\n", directive->words[i],
					      subject->thread ? "thread" : "process");
			else
				buffer_format(check->differences, "it is %s (pid %u)\n", buffer_text(&found),
					      process->id.pid);
		}
		buffer_free(&found);
	}
}

static bool has_thread(const struct process *process, const char *name)
{
	const struct thread *thread = process->threads;

	while (thread && strcmp(thread->comm, name))
		thread = thread->next;
	return thread != NULL;
}

static void check_role(struct check *check, const struct directive *directive, const struct subject *subject,
		       const struct role *role)
{
	const struct process *process = process_of(check, role->pid);

	if (process && (!subject->thread || has_thread(process, subject->thread))) {
		check_process(check, directive, subject, process);
		return;
	}
	begin_difference(check, directive);
	if (process)
		buffer_format(check->differences, "no thread of pid %u has that name\n", role->pid);
	else
		buffer_format(check->differences, "no process with pid %u was seen\n", role->pid);
}

static void check_fact(struct check *check, const struct directive *directive)
{
	struct subject subject;
	const struct role *role;
	bool announced = false;

	for (unsigned i = 0; subject_read(directive, &subject) && (role = roles_get(check->roles, i)); i++)
		if (subject_is(&subject, role->name)) {
			announced = true;
			check_role(check, directive, &subject, role);
		}
	if (announced)
		return;
	begin_difference(check, directive);
	buffer_text_append(check->differences, "the demo announced no such role\n");
}

/* ---- locks ----------------------------------------------------------------------------------------------------- */

static bool lock_fits(const struct check *check, const struct directive *directive, const struct lock *lock,
		      const char **unclear)
{
	if (!lock_is_named(lock, directive->words[0]))
		return false;
	for (unsigned i = 1; directive->words[i]; i++) {
		int holds = lock_holds(check, lock, directive->words[i]);

		if (holds < 0)
			*unclear = directive->words[i];
		if (holds <= 0)
			return false;
	}
	return true;
}

/* Some lock of that name is as the line says. */
static void check_lock(struct check *check, const struct directive *directive)
{
	const char *unclear = directive->words[0] ? NULL : "(nothing)";
	const struct lock *lock;
	bool any = false;

	for (lock = model_locks(check->engine->model); lock && directive->words[0]; lock = lock->next)
		if (lock_fits(check, directive, lock, &unclear))
			return;
	begin_difference(check, directive);
	if (unclear) {
		buffer_format(check->differences, "'%s' is no condition on a lock\n", unclear);
		return;
	}
	for (lock = model_locks(check->engine->model); lock; lock = lock->next) {
		if (!lock_is_named(lock, directive->words[0]))
			continue;
		buffer_text_append(check->differences, any ? "; also " : "found ");
		describe_lock(lock, check->differences);
		any = true;
	}
	buffer_text_append(check->differences, any ? "\n" : "there is no such lock\n");
}

unsigned expect_compare(const struct expect *expect, const struct engine *engine, const struct roles *roles,
			struct buffer *differences)
{
	static const struct {
		const char *name;
		void (*check)(struct check *check, const struct directive *directive);
	} checks[] = {{"exit", check_exit}, {"expect", check_expect}, {"none", check_none},
		      {"fact", check_fact}, {"lock", check_lock}};
	struct check check = {.expect = expect, .engine = engine, .roles = roles, .differences = differences};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct directive *directive = NULL;

		while ((directive = expect_next(expect, checks[i].name, directive)))
			checks[i].check(&check, directive);
	}
	return check.count;
}
