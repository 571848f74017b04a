/* SPDX-License-Identifier: BSD-2-Clause
 * Compares findings with the `expect` and `none` lines of a scenario. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cases/check.h"

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
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the path has names */
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

bool condition_fits(const struct script_condition *condition, const char *text)
{
	if (condition->contains)
		return contains(text, condition->value);
	return text && !strcmp(text, condition->value);
}

static bool evidence_fits(const struct script_condition *condition, const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence_count; i++)
		if (condition_fits(condition, finding->evidence[i].text))
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
	return condition_fits(condition, finding->title);
}

static bool help_fits(const struct script_condition *condition, const struct finding *finding)
{
	return condition_fits(condition, finding->help);
}

static bool comm_fits(const struct script_condition *condition, const struct finding *finding)
{
	return condition_fits(condition, finding->comm);
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

void check_findings(const struct check *check, const struct script_expectation *expectation)
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
