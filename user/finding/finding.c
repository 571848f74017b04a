/* SPDX-License-Identifier: BSD-2-Clause
 * Findings: filled by analyzers, kept once each, doubted where events were lost, sorted for the report; see finding.h.
 *
 * A loss is told after the fact, so a finding can be added before the loss inside its window is known: doubt is cast
 * when it is added and once more when all are sorted. Strings from traced programs are kept raw; sinks escape. */
#include "finding/finding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "event/event.h"

struct entry {
	struct finding finding; /* first */
	unsigned groups;        /* classes whose loss makes it doubtful */
	struct entry *same_hash;
};

struct findings {
	const struct model *model;
	struct entry **entries;
	size_t count, capacity;
	void (*notify)(void *context, const struct finding *finding); /* NULL: nobody */
	void *notify_context;
	struct hash index; /* hash of code, process and key -> first entry of a chain */
};

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"note", "warning", "error"};

	return (unsigned)severity < sizeof(names) / sizeof(names[0]) ? names[severity] : "note";
}

struct findings *findings_new(const struct model *model)
{
	struct findings *findings = calloc(1, sizeof(*findings));

	if (findings)
		findings->model = model;
	return findings;
}

static void release(struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence_count; i++)
		free(finding->evidence[i].text);
	free(finding->evidence);
	free(finding->title);
	free(finding->detail);
	free(finding->help);
	free(finding->locks);
	memset(finding, 0, sizeof(*finding));
}

void findings_free(struct findings *findings)
{
	if (!findings)
		return;
	for (size_t i = 0; i < findings->count; i++) {
		release(&findings->entries[i]->finding);
		free(findings->entries[i]);
	}
	free(findings->entries);
	hash_free(&findings->index);
	free(findings);
}

/* ---- filling one */

void finding_begin(struct finding *finding, const struct verdict *verdict, const struct process *process)
{
	*finding = (struct finding){.verdict = verdict, .severity = verdict->severity, .certain = true};
	if (!process)
		return;
	finding->process = process->id;
	memcpy(finding->comm, process->comm, COMM_SIZE);
}

static char *compose(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

static void replace(struct finding *finding, char **text, char *by)
{
	free(*text);
	*text = by;
	finding->failed |= !by;
}

void finding_title(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	replace(finding, &finding->title, compose(format, arguments));
	va_end(arguments);
}

void finding_help(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	replace(finding, &finding->help, compose(format, arguments));
	va_end(arguments);
}

void finding_detail(struct finding *finding, struct buffer *json)
{
	replace(finding, &finding->detail, buffer_take(json));
}

void finding_lock(struct finding *finding, uint32_t number)
{
	uint32_t *larger;

	for (size_t i = 0; i < finding->lock_count; i++)
		if (finding->locks[i] == number)
			return;
	larger = number ? realloc(finding->locks, (finding->lock_count + 1) * sizeof(*larger)) : NULL;
	if (!larger) {
		finding->failed |= number != 0;
		return;
	}
	larger[finding->lock_count++] = number;
	finding->locks = larger;
}

static void widen(struct finding *finding, uint64_t t_ns)
{
	if (!t_ns)
		return;
	if (!finding->since_ns || t_ns < finding->since_ns)
		finding->since_ns = t_ns;
	if (t_ns > finding->until_ns)
		finding->until_ns = t_ns;
}

/* In order of time; what came first stays first among equals. Takes the text. */
static int insert_evidence(struct finding *finding, uint64_t t_ns, char *text)
{
	size_t place = finding->evidence_count;
	struct evidence *larger = text ? realloc(finding->evidence, (place + 1) * sizeof(*larger)) : NULL;

	if (!larger) {
		free(text);
		return -ENOMEM;
	}
	finding->evidence = larger;
	finding->evidence_count++;
	for (; place && larger[place - 1].t_ns > t_ns; place--)
		larger[place] = larger[place - 1];
	larger[place] = (struct evidence){t_ns, text};
	return 0;
}

void finding_evidence(struct finding *finding, uint64_t t_ns, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (insert_evidence(finding, t_ns, compose(format, arguments)))
		finding->failed = true;
	va_end(arguments);
	widen(finding, t_ns);
}

/* ---- doubt */

/* A loss says (since, until]; the finding's window has both its ends in it. No window: all of the observation. */
static bool overlaps(const struct finding *finding, const struct lost_span *span)
{
	if (!finding->since_ns && !finding->until_ns)
		return true;
	return span->since_ns < finding->until_ns && span->until_ns >= finding->since_ns;
}

static int doubt_for(struct finding *finding, const struct lost_span *spans, enum event_group group)
{
	uint64_t count = 0, at_ns = 0;
	char *text;

	for (const struct lost_span *span = spans; span; span = span->next) {
		if (span->group != group || !overlaps(finding, span))
			continue;
		count = count + span->count < count ? UINT64_MAX : count + span->count;
		at_ns = at_ns ? at_ns : span->until_ns;
	}
	if (!count)
		return 0;
	finding->certain = false;
	finding->severity = SEVERITY_NOTE;
	if (asprintf(&text, "%llu event%s of class `%s` %s lost in the time this rests on", (unsigned long long)count,
		     count == 1 ? "" : "s", event_group_name(group), count == 1 ? "was" : "were") < 0)
		return -ENOMEM;
	return insert_evidence(finding, at_ns, text);
}

static int doubt(const struct findings *findings, struct entry *entry)
{
	const struct lost_span *spans = findings->model ? model_lost_spans(findings->model) : NULL;
	int error = 0;

	if (!spans || !entry->finding.certain)
		return 0;
	for (unsigned group = 0; group < EVENT_GROUP_COUNT && !error; group++)
		if (entry->groups & 1u << group)
			error = doubt_for(&entry->finding, spans, group);
	return error;
}

/* ---- the collection */

static bool same(const struct finding *a, const struct finding *b)
{
	return a->key == b->key && process_ref_equal(a->process, b->process) &&
	       (a->verdict == b->verdict || !strcmp(a->verdict->code, b->verdict->code));
}

static uint64_t mix(const struct finding *finding)
{
	uint64_t value = finding->key + 0x9e3779b97f4a7c15ULL;

	for (const char *code = finding->verdict->code; *code; code++)
		value = (value ^ (unsigned char)*code) * 0x100000001b3ULL;
	return value ^ (uint64_t)finding->process.pid << 32;
}

static struct entry *find_same(const struct findings *findings, const struct finding *finding)
{
	struct entry *entry = hash_get(&findings->index, mix(finding), finding->process.start_ns);

	while (entry && !same(&entry->finding, finding))
		entry = entry->same_hash;
	return entry;
}

static struct entry *append(struct findings *findings, const struct finding *finding)
{
	struct entry *entry;

	if (findings->count == findings->capacity) {
		size_t capacity = findings->capacity ? findings->capacity * 2 : 16;
		struct entry **larger = realloc(findings->entries, capacity * sizeof(struct entry *));

		if (!larger)
			return NULL;
		findings->entries = larger;
		findings->capacity = capacity;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->same_hash = hash_get(&findings->index, mix(finding), finding->process.start_ns);
	if (hash_put(&findings->index, mix(finding), finding->process.start_ns, entry)) {
		free(entry);
		return NULL;
	}
	findings->entries[findings->count++] = entry;
	return entry;
}

int findings_add(struct findings *findings, struct finding *finding, unsigned groups)
{
	struct entry *entry = NULL;
	bool is_new = false;
	int err;

	if (!finding->failed && finding->title) {
		entry = find_same(findings, finding);
		is_new = !entry;
		if (!entry)
			entry = append(findings, finding);
	}
	if (!entry) {
		release(finding);
		return -ENOMEM;
	}
	release(&entry->finding);
	entry->finding = *finding;
	entry->groups = groups;
	memset(finding, 0, sizeof(*finding));
	err = doubt(findings, entry);
	if (is_new && findings->notify && entry->finding.verdict->at_once)
		findings->notify(findings->notify_context, &entry->finding);
	return err;
}

static bool word_matches(const struct finding *finding, const char *word, size_t length)
{
	const char *code = finding->verdict->code;

	if (length == 3 && !memcmp(word, "any", 3))
		return finding->severity >= SEVERITY_WARNING;
	return !strncmp(code, word, length) && (code[length] == '\0' || code[length] == '.');
}

void findings_notify(struct findings *findings, void (*notify)(void *context, const struct finding *finding),
		     void *context)
{
	findings->notify = notify;
	findings->notify_context = context;
}

bool findings_tell_of_lock(const struct findings *findings, const char *kind, uint32_t number)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->entries[i]->finding;

		for (size_t j = 0; j < finding->lock_count; j++)
			if (finding->locks[j] == number && word_matches(finding, kind, strlen(kind)))
				return true;
	}
	return false;
}

const struct finding *findings_get(const struct findings *findings, size_t index)
{
	return index < findings->count ? &findings->entries[index]->finding : NULL;
}

size_t findings_count(const struct findings *findings)
{
	return findings->count;
}

static int order_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Total, so that live and replay list the same findings in the same order. */
static int worse_first(const void *left, const void *right)
{
	const struct finding *a = &(*(const struct entry *const *)left)->finding;
	const struct finding *b = &(*(const struct entry *const *)right)->finding;
	int order = order_numbers(b->severity, a->severity);

	if (!order)
		order = order_numbers(a->since_ns, b->since_ns);
	if (!order)
		order = order_numbers(a->process.pid, b->process.pid);
	if (!order)
		order = strcmp(a->verdict->code, b->verdict->code);
	if (!order)
		order = order_numbers(a->process.start_ns, b->process.start_ns);
	return order ? order : order_numbers(a->key, b->key);
}

void findings_sort(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		doubt(findings, findings->entries[i]); /* without memory the line is missing, the doubt is not */
	if (findings->count)
		qsort(findings->entries, findings->count, sizeof(struct entry *), worse_first);
}

/* ---- --fail-on */

static bool list_matches(const struct finding *finding, const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ",");

		if (length && word_matches(finding, list, length))
			return true;
		list += length + (list[length] == ',');
	}
	return false;
}

bool findings_match(const struct findings *findings, const char *list)
{
	for (size_t i = 0; i < findings->count; i++)
		if (list_matches(&findings->entries[i]->finding, list))
			return true;
	return false;
}
