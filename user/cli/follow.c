/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines while it happens; see follow.h. A finding is told once. One that can be concluded so far is told when it could
 * be a second ago as well: what lasts so short (a daemon between two of its steps) is left to the end.
 */
#include "cli/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

struct counts {
	uint64_t forked, exited, reaped, zombies, switches, events, lost;
};

struct known { /* a finding that was met */
	uint64_t look; /* the number of the last look that met it */
	bool told;
};

struct follow {
	struct follow_options options;
	const struct engine *engine;
	struct hash known; /* code, process and key -> struct known; who shares these 128 bits is told once for both */
	uint64_t look;
	struct counts now, last;
	uint64_t next_ns, last_ns; /* of counters */
	bool begun, due;
	uint64_t switches_before, zombies_before; /* of and among those that were there before */
};

/* ---- lines ---------------------------------------------------------------------------------------------------- */

static int64_t relative(const struct follow *follow, uint64_t t_ns)
{
	return (int64_t)(t_ns - model_observation(follow->engine->model)->begin_ns);
}

/* One write a line, so that lines of others on the same terminal do not mix with it. */
static void put(struct buffer *line)
{
	buffer_char(line, '\n');
	if (!line->failed)
		fwrite(line->data, 1, line->length, stderr);
	buffer_free(line);
}

static void begin_text(const struct follow *follow, struct buffer *line)
{
	const int64_t t_ns = relative(follow, model_now(follow->engine->model));

	text_duration(line, t_ns > 0 ? (uint64_t)t_ns : 0);
}

static void begin_json(const struct follow *follow, struct json *json, struct buffer *line, const char *type)
{
	json_begin(json, line, false);
	json_object_open(json);
	json_key_string(json, "type", type);
	json_key_signed(json, "t_ns", relative(follow, model_now(follow->engine->model)));
}

static void put_header(const struct follow *follow)
{
	struct buffer line = {0};
	struct json json;

	if (!follow->options.json || !(follow->options.findings || follow->options.interval_ns))
		return;
	json_begin(&json, &line, false);
	json_object_open(&json);
	json_key_string(&json, "type", "header");
	json_key_string(&json, "schema", "lifeline.follow/1");
	json_key_string(&json, "version", LIFELINE_VERSION);
	json_object_close(&json);
	put(&line);
}

/* ---- findings --------------------------------------------------------------------------------------------------- */

static void put_text_finding(const struct follow *follow, const struct finding *finding)
{
	struct buffer line = {0};

	buffer_format(&line, "lifeline: %s[%s] after ", severity_name(finding->severity), finding->verdict->code);
	begin_text(follow, &line);
	buffer_text_append(&line, ": ");
	text_escape(&line, finding->title, strlen(finding->title), 0);
	put(&line);
}

static void put_process(struct json *json, const struct finding *finding)
{
	char id[48];

	snprintf(id, sizeof(id), "%u@%llu", finding->process.pid, (unsigned long long)finding->process.start_ns);
	if (!finding->process.pid) {
		json_key_null(json, "process");
		json_key_null(json, "pid");
		json_key_null(json, "comm");
		return;
	}
	json_key_string(json, "process", finding->process.start_ns ? id : NULL);
	json_key_unsigned(json, "pid", finding->process.pid);
	json_key(json, "comm");
	json_bytes(json, finding->comm, strnlen(finding->comm, COMM_SIZE));
}

static void put_json_finding(const struct follow *follow, const struct finding *finding)
{
	struct buffer line = {0};
	struct json json;

	begin_json(follow, &json, &line, "finding");
	json_key_string(&json, "code", finding->verdict->code);
	json_key_string(&json, "severity", severity_name(finding->severity));
	json_key_bool(&json, "certain", finding->certain);
	put_process(&json, finding);
	if (finding->lock_count)
		json_key_unsigned(&json, "lock", finding->locks[0]);
	else
		json_key_null(&json, "lock");
	json_key_string(&json, "title", finding->title);
	json_key(&json, "detail");
	json_raw(&json, finding->detail ? finding->detail : "{}");
	json_key_string(&json, "help", finding->help);
	json_object_close(&json);
	put(&line);
}

static struct known *known_get(struct follow *follow, const struct finding *finding)
{
	uint64_t a = finding->key + 0x9e3779b97f4a7c15ULL;
	const uint64_t b = finding->process.start_ns ^ (uint64_t)finding->process.pid << 40;
	struct known *known;

	for (const char *code = finding->verdict->code; *code; code++)
		a = (a ^ (unsigned char)*code) * 0x100000001b3ULL;
	known = hash_get(&follow->known, a, b);
	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (known && !hash_put(&follow->known, a, b, known))
		return known;
	free(known);
	return NULL; /* without memory it is in the report all the same */
}

static void tell(struct follow *follow, struct known *known, const struct finding *finding)
{
	if (known->told)
		return;
	known->told = true;
	if (follow->options.json && follow->options.findings)
		put_json_finding(follow, finding);
	else
		put_text_finding(follow, finding);
}

/* It may be long until the report: these are told at once, whether asked for or not. */
void follow_notify(void *context, const struct finding *finding)
{
	struct known *known = known_get(context, finding);

	if (known)
		tell(context, known, finding);
}

void follow_preview(void *context, const struct findings *so_far)
{
	struct follow *follow = context;
	const struct finding *finding;

	follow->look++;
	for (size_t i = 0; (finding = findings_get(so_far, i)); i++) {
		struct known *known = known_get(follow, finding);

		if (!known)
			continue;
		if (known->look && known->look + 1 == follow->look)
			tell(follow, known, finding);
		known->look = follow->look;
	}
}

/* ---- counters ----------------------------------------------------------------------------------------------- */

static void count(struct follow *follow, const struct event *event)
{
	const struct event_exit *exit = (const void *)event;
	const struct event_end *end = (const void *)event;
	const struct event_reap *reap = (const void *)event;
	const struct process *child;

	switch (event->kind) {
	case EVENT_fork:
		follow->now.forked++;
		break;
	case EVENT_exit:
		follow->now.exited += exit->group_dead != 0;
		break;
	case EVENT_end:
		follow->now.reaped += end->state == END_AUTOREAPED;
		break;
	case EVENT_reap:
		child = model_find(follow->engine->model, (struct process_ref){reap->child, reap->child_start});
		/* a tracer's wait returns it, and leaves it to its parent */
		follow->now.reaped += !child || !process_is_zombie(child);
		break;
	default:
		break;
	}
}

static void gather(struct follow *follow)
{
	const struct model *model = follow->engine->model;
	const struct retired *retired = model_retired(model);
	uint64_t switches = retired->counters.voluntary + retired->counters.involuntary;

	follow->now.zombies = 0;
	for (const struct process *process = model_first(model); process; process = process->next) {
		struct counters sum;

		if (process->scope != SCOPE_TARGET)
			continue;
		follow->now.zombies += process_is_zombie(process);
		process_counters(process, &sum);
		switches += sum.voluntary + sum.involuntary;
		if (follow->begun || !process->present_at_start)
			continue;
		follow->switches_before += sum.voluntary + sum.involuntary;
		follow->zombies_before += process_is_zombie(process);
	}
	switches -= switches > follow->switches_before ? follow->switches_before : switches;
	if (switches > follow->now.switches)
		follow->now.switches = switches;
	follow->now.events = model_events(model);
	follow->now.lost = model_lost(model, EVENT_GROUP_COUNT);
}

static void add_text(struct buffer *line, const char *name, uint64_t now, uint64_t last, const char *behind)
{
	buffer_format(line, " %s %llu (%+lld)%s", name, (unsigned long long)now, (long long)(now - last), behind);
}

static void put_text_counters(const struct follow *follow)
{
	const struct counts *now = &follow->now, *last = &follow->last;
	struct buffer line = {0};

	buffer_text_append(&line, "lifeline: ");
	begin_text(follow, &line);
	buffer_char(&line, ':');
	add_text(&line, "forked", now->forked, last->forked, ",");
	add_text(&line, "exited", now->exited, last->exited, ",");
	add_text(&line, "reaped", now->reaped, last->reaped, ",");
	add_text(&line, "zombies", now->zombies, last->zombies, ",");
	add_text(&line, "switches", now->switches, last->switches, ",");
	add_text(&line, "events", now->events, last->events, ",");
	add_text(&line, "lost", now->lost, last->lost, "");
	put(&line);
}

static void write_counts(struct json *json, const struct counts *counts)
{
	json_key_unsigned(json, "forked", counts->forked);
	json_key_unsigned(json, "exited", counts->exited);
	json_key_unsigned(json, "reaped", counts->reaped);
	json_key_signed(json, "zombies", (int64_t)counts->zombies); /* fewer, in a delta */
	json_key_unsigned(json, "switches", counts->switches);
	json_key_unsigned(json, "events", counts->events);
	json_key_unsigned(json, "lost", counts->lost);
}

static void put_json_counters(const struct follow *follow, uint64_t t_ns)
{
	const struct counts *now = &follow->now, *last = &follow->last;
	const struct counts delta = {.forked = now->forked - last->forked,
				     .exited = now->exited - last->exited,
				     .reaped = now->reaped - last->reaped,
				     .zombies = now->zombies - last->zombies,
				     .switches = now->switches - last->switches,
				     .events = now->events - last->events,
				     .lost = now->lost - last->lost};
	struct buffer line = {0};
	struct json json;

	begin_json(follow, &json, &line, "counters");
	json_key_unsigned(&json, "interval_ns", t_ns - follow->last_ns);
	write_counts(&json, now);
	json_key(&json, "delta");
	json_object_open(&json);
	write_counts(&json, &delta);
	json_object_close(&json);
	json_object_close(&json);
	put(&line);
}

static void put_counters(struct follow *follow, uint64_t t_ns)
{
	gather(follow);
	if (follow->options.json)
		put_json_counters(follow, t_ns);
	else
		put_text_counters(follow);
	follow->last = follow->now;
	follow->last_ns = t_ns;
}

/* What was there before: its switches do not count, its zombies do. */
static void begin_counters(struct follow *follow)
{
	gather(follow);
	follow->begun = true;
	follow->next_ns = follow->last_ns = model_observation(follow->engine->model)->begin_ns;
	follow->last.zombies = follow->zombies_before;
}

/*
 * The source asks the kernel for the counters of all threads when an interval is over, and they come between the tick
 * that says so and the next one.
 */
static void pass_time(struct follow *follow, uint64_t t_ns)
{
	if (!follow->due) {
		follow->due = !follow->begun || t_ns >= follow->next_ns;
		return;
	}
	follow->due = false;
	if (follow->begun)
		put_counters(follow, t_ns);
	else
		begin_counters(follow);
	while (follow->next_ns <= t_ns)
		follow->next_ns += follow->options.interval_ns;
}

int follow_observe(void *context, const struct event *event)
{
	struct follow *follow = context;

	if (!follow->options.interval_ns)
		return 0;
	count(follow, event);
	if (event->kind == EVENT_tick)
		pass_time(follow, event->t_ns);
	return 0;
}

void follow_end(struct follow *follow)
{
	const struct finding *finding;

	for (size_t i = 0; follow->options.findings && (finding = findings_get(follow->engine->findings, i)); i++)
		follow_notify(follow, finding);
	if (follow->options.interval_ns)
		put_counters(follow, model_now(follow->engine->model));
}

/* ---- life --------------------------------------------------------------------------------------------------- */

struct follow *follow_new(const struct follow_options *options, const struct engine *engine)
{
	struct follow *follow = calloc(1, sizeof(*follow));

	if (!follow)
		return NULL;
	follow->options = *options;
	follow->engine = engine;
	put_header(follow);
	return follow;
}

void follow_free(struct follow *follow)
{
	struct known *known;
	size_t cursor = 0;

	if (!follow)
		return;
	while ((known = hash_next(&follow->known, &cursor)))
		free(known);
	hash_free(&follow->known);
	free(follow);
}
