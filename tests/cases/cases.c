/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs text scenarios (tests/cases/ **.ev, see README.md there) through the engine, as live events would go, and
 * compares what was concluded with what the scenario expects. Each is run three times: as it stands, recording a trace;
 * from that trace; and from it once more while those that are over are retired as soon as can be, with a look after
 * each event at what could be concluded so far. All must come to the
 * same findings, and the last to the same totals. Tells the result in the protocol of tests/run.sh.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/lock.h"
#include "tests/cases/check.h"

void fail(const struct check *check, const struct script_expectation *expectation, const char *format, ...)
{
	va_list arguments;

	buffer_format(check->failures, "# %s:%u%s: ", check->path, expectation->line, check->run);
	va_start(arguments, format);
	buffer_vformat(check->failures, format, arguments);
	va_end(arguments);
	buffer_char(check->failures, '\n');
}

static uint64_t retired_in_all, threads_in_all, previewed_in_all;

/* ---- a scenario */

/* Mistakes in a scenario show as records refused, late or contradicting others; where that is meant, a fact says so. */
static void check_clean(const struct check *check, const struct script_expectation *expectations)
{
	static const char *const names[] = {"refused", "late", "contradictions"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int64_t count = whole_number(check->engine, names[i]);
		bool said = !count;

		for (const struct script_expectation *each = expectations; each; each = each->next)
			for (size_t j = 0; !strcmp(each->subject, "-") && j < each->condition_count; j++)
				said |= !strcmp(each->conditions[j].name, names[i]);
		if (!said)
			buffer_format(check->failures, "# %s%s: %lld %s; if that is meant, say `fact - %s=…`\n",
				      check->path, check->run, (long long)count, names[i], names[i]);
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

struct totals {
	uint64_t processes, threads, with_counters;
	struct counters counters;
};

static void add_counters(struct counters *sum, const struct counters *more)
{
	sum->voluntary += more->voluntary;
	sum->involuntary += more->involuntary;
	sum->cpu_ns += more->cpu_ns;
	sum->runqueue_ns += more->runqueue_ns;
	sum->spins += more->spins;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		sum->blocked_ns[i] += more->blocked_ns[i];
}

/* Of those listed and those retired. */
static void describe_totals(const struct model *model, struct buffer *out)
{
	const struct retired *retired = model_retired(model);
	struct totals totals = {retired->processes, retired->threads, retired->with_counters, retired->counters};
	uint64_t blocked = 0, locks = retired->locks, lock_waits = retired->lock_waits, wait_ns = retired->lock_wait_ns;

	for (const struct process *process = model_first(model); process; process = process->next) {
		struct counters sum;

		if (process->scope != SCOPE_TARGET)
			continue;
		totals.processes++;
		totals.threads += process->thread_count ? process->thread_count : 1;
		if (!process_counters(process, &sum))
			continue;
		totals.with_counters++;
		add_counters(&totals.counters, &sum);
	}
	for (const struct lock *lock = model_locks(model); lock; lock = lock->next) {
		locks++;
		lock_waits += lock->waits;
		wait_ns += lock->wait_ns;
	}
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		blocked += totals.counters.blocked_ns[i];
	buffer_format(out,
		      "%llu processes, %llu threads, %llu with counters: %llu + %llu switches, %llu on a processor, "
		      "%llu waiting for one, %llu blocked, %llu spins; %llu locks, %llu waits of %llu",
		      (unsigned long long)totals.processes, (unsigned long long)totals.threads,
		      (unsigned long long)totals.with_counters, (unsigned long long)totals.counters.voluntary,
		      (unsigned long long)totals.counters.involuntary, (unsigned long long)totals.counters.cpu_ns,
		      (unsigned long long)totals.counters.runqueue_ns, (unsigned long long)blocked,
		      (unsigned long long)totals.counters.spins, (unsigned long long)locks,
		      (unsigned long long)lock_waits, (unsigned long long)wait_ns);
}

static void pass_over(void *context, const struct findings *so_far)
{
	*(uint64_t *)context += findings_count(so_far);
}

static bool run_source(struct engine *engine, struct source *source, const char *record,
		       const struct retire_rule *retire, const char *path, struct buffer *failures)
{
	const struct engine_options options = {
	    .record = record,
	    .retire = retire,
	    .preview = retire ? pass_over : NULL,
	    .preview_ns = 1, /* after each event */
	    .notify_context = &previewed_in_all,
	};
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
	if (run_source(&engine, source, NULL, NULL, path, failures)) {
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

static uint64_t gone_threads(const struct model *model)
{
	uint64_t threads = 0;

	for (const struct process *process = model_first(model); process; process = process->next)
		threads += process->gone ? process->gone->threads : 0;
	return threads;
}

/* Those that are over, retired at once, must be missed in no finding and no total. */
static void check_retired(const char *path, const char *record, const struct buffer *first, const struct model *whole,
			  struct buffer *failures)
{
	static const struct retire_rule at_once = {.keep = 0, .grace_ns = 0};
	struct buffer again = {0}, expected = {0}, totals = {0};
	struct engine engine = {0};
	struct source *source = NULL;
	struct error error = {0};

	if (source_file_open(record, &source, &error)) {
		buffer_format(failures, "# %s: %s\n", path, error.text);
		return;
	}
	if (run_source(&engine, source, NULL, &at_once, path, failures)) {
		describe(&engine, &again);
		if (strcmp(buffer_text(first), buffer_text(&again)) != 0)
			buffer_format(failures, "# %s: with %llu retired it finds otherwise:\n# %s\n", path,
				      (unsigned long long)model_retired(engine.model)->processes, buffer_text(&again));
		describe_totals(whole, &expected);
		describe_totals(engine.model, &totals);
		if (strcmp(buffer_text(&expected), buffer_text(&totals)) != 0)
			buffer_format(failures, "# %s: totals differ with %llu retired: %s\n# instead of: %s\n", path,
				      (unsigned long long)model_retired(engine.model)->processes, buffer_text(&totals),
				      buffer_text(&expected));
		retired_in_all += model_retired(engine.model)->processes;
		threads_in_all += gone_threads(engine.model);
	}
	buffer_free(&again);
	buffer_free(&expected);
	buffer_free(&totals);
	engine_free(&engine);
	source_close(source);
}

static void run_thrice(const char *path, struct source *source, struct buffer *failures, struct buffer *found)
{
	char folder[] = "/tmp/lifeline-cases-XXXXXX", record[64];
	struct check check = {.path = path, .run = "", .failures = failures};
	struct engine engine = {0};

	if (!mkdtemp(folder)) {
		buffer_format(failures, "# cannot make a folder like %s: %s\n", folder, strerror(errno));
		return;
	}
	snprintf(record, sizeof(record), "%s/trace", folder);
	if (run_source(&engine, source, record, NULL, path, failures)) {
		const struct script_expectation *expectations = source_script_expectations(source);

		check.engine = &engine;
		check_all(&check, expectations);
		describe(&engine, found);
		check_replay(path, record, expectations, found, failures);
		check_retired(path, record, found, engine.model, failures);
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
		run_thrice(path, source, &failures, &found);
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
	if (getenv("LIFELINE_CASES_VERBOSE"))
		printf("# %llu processes and %llu threads of others retired in %d scenarios, %llu findings seen on the "
		       "way\n",
		       (unsigned long long)retired_in_all, (unsigned long long)threads_in_all, count - 1,
		       (unsigned long long)previewed_in_all);
	return failed ? 1 : 0;
}
