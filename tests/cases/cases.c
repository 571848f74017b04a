/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs text scenarios (tests/cases/ **.ev, see README.md there) through the engine, as live events would go, and
 * compares what was concluded with what the scenario expects. Each is run twice: as it stands, recording a trace, and
 * from that trace; both must come to the same findings. Tells the result in the protocol of tests/run.sh.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
