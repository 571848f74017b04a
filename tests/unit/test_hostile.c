/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Streams that no kernel would send, but a trace file may hold: each record is well-formed, what it says is random, in
 * a world so small that events meet (few pids, few start times, jumping clocks, extreme and unknown values). Through
 * engine, model, analyzers and all sinks: nothing crashes (run with SAN=1), it ends, no control byte comes out, and a
 * timeline holds together.
 */
#include "trace_helper.h"

#include "engine/engine.h"
#include "pftrace.h"

#define ROUNDS 400
#define EVENTS_A_ROUND 250

struct chaos {
	struct source source;
	struct event_builder builder;
	unsigned left;
	uint64_t now;
};

static uint64_t small_or_extreme(void)
{
	static const uint64_t extremes[] = {0, UINT64_MAX, INT64_MAX, 1ULL << 63, UINT32_MAX, INT32_MAX, 1ULL << 32};

	return random_below(8) ? random_below(6) : extremes[random_below(7)];
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && !strcmp(text + length - tail, suffix);
}

/* Pids, starts and times are from small sets, so that records speak of each other; the rest is anything. */
static void plausible_field(struct chaos *chaos, const struct event_field *field)
{
	static const char *const pids[] = {"child",  "parent", "parent_tid", "to",         "target",   "victim",
					   "tracer", "pgid",   "sid",        "lock",       "held",     "gate",
					   "site",   "holder", "holder_pid", "holder_tid", "held_site"};
	uint64_t value = small_or_extreme();

	for (unsigned i = 0; i < sizeof(pids) / sizeof(pids[0]); i++)
		if (!strcmp(field->name, pids[i]) && random_below(16))
			value = random_below(8);
	if (ends_with(field->name, "_start") && random_below(16))
		value = random_below(3) * 1000;
	if (ends_with(field->name, "_ns") && random_below(4))
		value = chaos->now - random_below(3) * 1000000000;
	if (field->size == 4)
		event_build_integer(&chaos->builder, field->name, (int32_t)value);
	else
		event_build_integer(&chaos->builder, field->name, (int64_t)value);
}

static const struct event *chaos_event(struct chaos *chaos, const struct event_info *info)
{
	struct event *event = (struct event *)chaos->builder.bytes;

	random_event(&chaos->builder, info, 0, 30);
	for (unsigned i = 0; i < info->field_count; i++)
		if (info->fields[i].type <= FIELD_S32)
			plausible_field(chaos, &info->fields[i]);
	chaos->now += random_below(3) * 700000000;
	event->t_ns = random_below(30) ? chaos->now : small_or_extreme();
	event->pid = (uint32_t)(random_below(30) ? random_below(8) : small_or_extreme());
	event->tid = (uint32_t)(random_below(3) ? event->pid : random_below(8));
	event->start_ns = random_below(30) ? random_below(3) * 1000 : small_or_extreme();
	return event;
}

static int pump(struct source *source, record_fn record, void *context, struct error *error)
{
	struct chaos *chaos = (struct chaos *)source;
	const struct event *event;
	int status;

	(void)error;
	if (chaos->left == EVENTS_A_ROUND)
		event = chaos_event(chaos, event_info(EVENT_begin));
	else
		event = chaos_event(chaos, random_kind());
	if (event->kind == EVENT_finish && random_below(4)) /* not too early */
		return 1;
	if (!chaos->left--)
		return 0;
	status = record(context, event, event->size);
	return status < 0 ? status : 1;
}

static void check_output(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\n' && (text[i] != '\r' || text[i + 1] != '\n')) ||
		    text[i] == 0x7f)
			fail_msg("byte 0x%02x at %zu of %zu", (unsigned char)text[i], i, length);
}

/* ---- exports: sinks that are fed as the events pass ---- */

#define EXPORTS_MAX 8

struct export
{
	const struct sink *sink;
	struct sink_context context;
	void *state;
	char *text;
	size_t length;
};

struct exports {
	struct engine *engine;
	struct export items[EXPORTS_MAX];
	unsigned count;
};

static void open_exports(struct exports *exports)
{
	for (unsigned i = 0; sinks[i]; i++) {
		struct export *item = &exports->items[exports->count];

		if (sinks[i]->report)
			continue;
		assert_true(exports->count++ < EXPORTS_MAX);
		item->sink = sinks[i];
		item->context = (struct sink_context){
		    .model = exports->engine->model, .findings = exports->engine->findings, .version = "0"};
		item->context.out = open_memstream(&item->text, &item->length);
		assert_non_null(item->context.out);
		assert_int_equal(item->sink->open(&item->context, &item->state), 0);
	}
}

static int feed_exports(void *context, const struct event *event)
{
	struct exports *exports = context;

	if (!exports->count)
		open_exports(exports);
	for (unsigned i = 0; i < exports->count; i++)
		assert_int_equal(
		    exports->items[i].sink->event(&exports->items[i].context, exports->items[i].state, event), 0);
	return 0;
}

static void check_export(const struct export *item, unsigned round)
{
	const char *wrong = NULL;

	if (!strcmp(item->sink->name, "perfetto"))
		wrong = pftrace_wrong(item->text, item->length);
	else if (!item->sink->binary)
		check_output(item->text, item->length);
	if (wrong)
		fail_msg("round %u: %s: %s", round, item->sink->name, wrong);
}

static void close_exports(struct exports *exports, unsigned round)
{
	for (unsigned i = 0; i < exports->count; i++) {
		struct export *item = &exports->items[i];

		assert_int_equal(item->sink->close(&item->context, item->state), 0);
		assert_int_equal(fclose(item->context.out), 0);
		check_export(item, round);
		free(item->text);
	}
}

static void report_all(const struct engine *engine, unsigned round)
{
	for (unsigned i = 0; sinks[i]; i++) {
		struct sink_context context = {.model = engine->model, .findings = engine->findings, .version = "0"};
		char *text = NULL;
		size_t length = 0;
		void *state = NULL;

		if (!sinks[i]->report)
			continue;
		context.out = open_memstream(&text, &length);
		context.columns = 40 + (int)(round % 5) * 40;
		context.unicode = round % 2;
		context.verbose = round % 3 == 0;
		assert_non_null(context.out);
		if (sinks[i]->open)
			assert_true(sinks[i]->open(&context, &state) >= 0);
		assert_true(sinks[i]->close(&context, state) >= 0);
		assert_int_equal(fclose(context.out), 0);
		check_output(text, length);
		free(text);
	}
}

static void random_streams_do_no_harm(void **state)
{
	static const struct source_ops ordered = {.pump = pump}, reordered = {.pump = pump, .reorder_ns = 5000000};
	static struct chaos chaos;
	unsigned findings = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct engine engine = {0};
		struct exports exports = {.engine = &engine};
		struct error error = {0};

		random_seed(500 + round);
		chaos = (struct chaos){.left = EVENTS_A_ROUND, .now = 5000000000};
		chaos.source.ops = round % 2 ? &ordered : &reordered;
		if (engine_run(&engine, &chaos.source, NULL, feed_exports, &exports, &error))
			fail_msg("round %u: %s", round, error.text);
		findings += findings_count(engine.findings) != 0;
		report_all(&engine, round);
		close_exports(&exports, round);
		engine_free(&engine);
	}
	assert_true(findings > ROUNDS / 4); /* else the worlds are too empty to show anything */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_streams_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
