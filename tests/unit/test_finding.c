/* SPDX-License-Identifier: BSD-2-Clause
 * Findings: kept once, doubted where events were lost, sorted, matched by --fail-on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "finding/finding.h"

#define SECOND 1000000000ULL
#define LIFE (1u << GROUP_LIFE)
#define WAIT (1u << GROUP_WAIT)

static const struct verdict zombie = {.code = "zombie.never-waited", .severity = SEVERITY_WARNING};
static const struct verdict leak = {.code = "zombie.leak", .severity = SEVERITY_ERROR};
static const struct verdict adopted = {.code = "orphan.adopted", .severity = SEVERITY_NOTE};

struct world {
	struct model *model;
	struct findings *findings;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->model = model_new();
	world->findings = findings_new(world->model);
	*state = world;
	return world->findings ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	findings_free(world->findings);
	model_free(world->model);
	free(world);
	return 0;
}

static void lose(struct world *world, uint64_t since_ns, uint64_t until_ns, uint64_t count, enum event_group group)
{
	const struct event_lost lost = {.h = {.size = sizeof(lost), .kind = EVENT_lost, .t_ns = until_ns},
					.count = count,
					.since_ns = since_ns,
					.class = group};

	assert_int_equal(model_event(world->model, &lost.h), 0);
}

static void add(struct world *world, const struct verdict *verdict, uint32_t pid, uint64_t t_ns, uint64_t key,
		unsigned groups)
{
	const struct process process = {.id = {pid, 5}, .comm = "worker"};
	struct finding finding;

	finding_begin(&finding, verdict, pid ? &process : NULL);
	finding.key = key;
	finding_title(&finding, "%u at %llu", pid, (unsigned long long)t_ns);
	if (t_ns)
		finding_evidence(&finding, t_ns, "it was seen");
	assert_int_equal(findings_add(world->findings, &finding, groups), 0);
}

static const struct finding *first(const struct world *world)
{
	return findings_get(world->findings, 0);
}

static void it_is_filled_from_verdict_and_process(void **state)
{
	struct world *world = *state;
	struct buffer detail = {0};
	const struct process process = {.id = {200, 7}, .comm = "wor\x1bker"};
	struct finding finding;

	finding_begin(&finding, &zombie, &process);
	finding_title(&finding, "%s %d", "dead", 1);
	finding_title(&finding, "%s %d", "dead", 2);
	finding_help(&finding, "wait");
	finding_evidence(&finding, 30, "third");
	finding_evidence(&finding, 10, "first");
	finding_evidence(&finding, 0, "always");
	finding_evidence(&finding, 10, "second");
	buffer_text_append(&detail, "{\"a\":1}");
	finding_detail(&finding, &detail);
	assert_int_equal(findings_add(world->findings, &finding, LIFE), 0);
	assert_null(finding.title);
	assert_int_equal(first(world)->process.pid, 200);
	assert_string_equal(first(world)->comm, "wor\x1bker");
	assert_string_equal(first(world)->title, "dead 2");
	assert_string_equal(first(world)->help, "wait");
	assert_string_equal(first(world)->detail, "{\"a\":1}");
	assert_int_equal(first(world)->severity, SEVERITY_WARNING);
	assert_true(first(world)->certain);
	assert_int_equal(first(world)->since_ns, 10);
	assert_int_equal(first(world)->until_ns, 30);
	assert_int_equal(first(world)->evidence_count, 4);
	assert_string_equal(first(world)->evidence[0].text, "always");
	assert_string_equal(first(world)->evidence[1].text, "first");
	assert_string_equal(first(world)->evidence[2].text, "second");
	assert_string_equal(first(world)->evidence[3].text, "third");
	assert_null(findings_get(world->findings, 1));
}

static void equal_ones_are_one_and_the_later_stays(void **state)
{
	struct world *world = *state;

	add(world, &zombie, 200, 10, 0, 0);
	add(world, &zombie, 200, 20, 0, 0);
	assert_int_equal(findings_count(world->findings), 1);
	assert_string_equal(first(world)->title, "200 at 20");
	add(world, &zombie, 200, 30, 1, 0); /* another key */
	add(world, &zombie, 201, 30, 0, 0); /* another process */
	add(world, &leak, 200, 30, 0, 0);   /* another code */
	add(world, &leak, 0, 30, 0, 0);     /* on nobody */
	assert_int_equal(findings_count(world->findings), 5);
}

static void a_thousand_subjects_are_kept_apart(void **state)
{
	struct world *world = *state;

	for (unsigned round = 0; round < 2; round++)
		for (uint32_t pid = 1; pid <= 1000; pid++)
			add(world, &zombie, pid, 10 + pid, round ? 0 : pid % 2, 0);
	assert_int_equal(findings_count(world->findings), 1500);
}

static void a_loss_in_the_window_makes_it_doubtful(void **state)
{
	struct world *world = *state;

	lose(world, 1 * SECOND, 2 * SECOND, 3, GROUP_LIFE);
	add(world, &leak, 200, 2 * SECOND, 0, LIFE);
	assert_false(first(world)->certain);
	assert_int_equal(first(world)->severity, SEVERITY_NOTE);
	assert_int_equal(first(world)->evidence_count, 2);
	assert_non_null(strstr(first(world)->evidence[1].text, "3 events"));
	assert_non_null(strstr(first(world)->evidence[1].text, "life"));
}

static void losses_of_one_class_are_summed(void **state)
{
	struct world *world = *state;

	lose(world, 1 * SECOND, 2 * SECOND, 3, GROUP_LIFE);
	lose(world, 2 * SECOND, 3 * SECOND, 4, GROUP_LIFE);
	lose(world, 2 * SECOND, 3 * SECOND, 1, GROUP_WAIT);
	add(world, &leak, 200, 0, 0, LIFE | WAIT); /* no window: all of the observation */
	assert_int_equal(first(world)->evidence_count, 2);
	assert_non_null(strstr(first(world)->evidence[0].text, "7 events"));
	assert_non_null(strstr(first(world)->evidence[1].text, "1 event of"));
}

static void other_losses_leave_it_certain(void **state)
{
	struct world *world = *state;

	lose(world, 1 * SECOND, 2 * SECOND, 3, GROUP_LIFE);
	lose(world, 4 * SECOND, 5 * SECOND, 3, GROUP_SWITCH);
	lose(world, 5 * SECOND, 6 * SECOND, 3, GROUP_LIFE);
	add(world, &leak, 200, 3 * SECOND, 0, LIFE);
	add(world, &zombie, 200, 5 * SECOND, 0, LIFE);  /* (5 s, 6 s] begins after it */
	add(world, &adopted, 200, 4500000000, 0, LIFE); /* only switches were lost then */
	for (size_t i = 0; i < 3; i++)
		assert_true(findings_get(world->findings, i)->certain);
}

static void a_loss_told_later_casts_doubt_too(void **state)
{
	struct world *world = *state;

	add(world, &leak, 200, 5 * SECOND, 0, WAIT);
	assert_true(first(world)->certain);
	lose(world, 4 * SECOND, 6 * SECOND, 1, GROUP_WAIT);
	findings_sort(world->findings);
	assert_false(first(world)->certain);
	assert_int_equal(first(world)->evidence_count, 2);
	findings_sort(world->findings); /* but only once */
	assert_int_equal(first(world)->evidence_count, 2);
}

static void the_worst_stand_first_then_time_then_pid(void **state)
{
	static const uint32_t order[] = {9, 8, 4, 5, 6, 7};
	struct world *world = *state;

	add(world, &adopted, 7, 1, 0, 0);
	add(world, &zombie, 6, 30, 0, 0);
	add(world, &zombie, 5, 20, 0, 0);
	add(world, &zombie, 4, 20, 0, 0);
	add(world, &leak, 8, 90, 0, 0);
	add(world, &leak, 9, 80, 0, 0);
	findings_sort(world->findings);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(findings_get(world->findings, i)->process.pid, order[i]);
	add(world, &zombie, 5, 95, 0, 0); /* still found after sorting */
	assert_int_equal(findings_count(world->findings), 6);
}

static void lists_match_codes_kinds_and_any(void **state)
{
	struct world *world = *state;

	assert_false(findings_match(world->findings, "any"));
	add(world, &adopted, 7, 1, 0, 0);
	assert_false(findings_match(world->findings, "any")); /* notes are not meant */
	assert_true(findings_match(world->findings, "orphan"));
	assert_true(findings_match(world->findings, "exit,orphan.adopted"));
	assert_false(findings_match(world->findings, "orph"));
	assert_false(findings_match(world->findings, "orphan.adopted.more"));
	assert_false(findings_match(world->findings, "orphan.adopte"));
	assert_false(findings_match(world->findings, ""));
	assert_false(findings_match(world->findings, ",,"));
	assert_false(findings_match(world->findings, "zombie"));
	add(world, &zombie, 7, 1, 0, 0);
	assert_true(findings_match(world->findings, "any"));
	assert_true(findings_match(world->findings, "exit,zombie"));
}

static void what_could_not_be_filled_is_refused(void **state)
{
	struct world *world = *state;
	struct finding finding;

	finding_begin(&finding, &zombie, NULL);
	finding_title(&finding, "half");
	finding_evidence(&finding, 1, "something");
	finding.failed = true;
	assert_int_equal(findings_add(world->findings, &finding, 0), -ENOMEM);
	assert_int_equal(findings_count(world->findings), 0);
}

static const struct verdict cycle = {.code = "deadlock.cycle", .severity = SEVERITY_ERROR, .at_once = true};

static void count_note(void *context, const struct finding *finding)
{
	assert_string_equal(finding->title, "a circle");
	++*(int *)context;
}

static void add_cycle(struct world *world, const struct verdict *verdict, uint32_t pid)
{
	const struct process process = {.id = {pid, 5}, .comm = "worker"};
	struct finding finding;

	finding_begin(&finding, verdict, &process);
	finding_title(&finding, "a circle");
	finding_lock(&finding, 7);
	finding_lock(&finding, 0);
	finding_lock(&finding, 9);
	finding_lock(&finding, 7);
	assert_int_equal(finding.lock_count, 2);
	assert_int_equal(findings_add(world->findings, &finding, LIFE), 0);
}

static void what_goes_on_is_told_once(void **state)
{
	struct world *world = *state;
	int told = 0;

	add_cycle(world, &cycle, 100); /* before anybody listens */
	findings_notify(world->findings, count_note, &told);
	add_cycle(world, &cycle, 200);
	add_cycle(world, &cycle, 200); /* replaces it */
	add_cycle(world, &zombie, 200);
	assert_int_equal(told, 1);
	add_cycle(world, &cycle, 300);
	assert_int_equal(told, 2);
}

static void findings_are_found_by_lock(void **state)
{
	struct world *world = *state;

	assert_false(findings_tell_of_lock(world->findings, "deadlock", 7));
	add_cycle(world, &cycle, 100);
	assert_true(findings_tell_of_lock(world->findings, "deadlock", 7));
	assert_true(findings_tell_of_lock(world->findings, "deadlock.cycle", 9));
	assert_false(findings_tell_of_lock(world->findings, "deadlock.self", 9));
	assert_false(findings_tell_of_lock(world->findings, "deadlock", 8));
	assert_false(findings_tell_of_lock(world->findings, "deadlock", 0));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(what_goes_on_is_told_once),
	    TEST(findings_are_found_by_lock),
	    TEST(it_is_filled_from_verdict_and_process), TEST(equal_ones_are_one_and_the_later_stays),
	    TEST(a_thousand_subjects_are_kept_apart),    TEST(a_loss_in_the_window_makes_it_doubtful),
	    TEST(losses_of_one_class_are_summed),        TEST(other_losses_leave_it_certain),
	    TEST(a_loss_told_later_casts_doubt_too),     TEST(the_worst_stand_first_then_time_then_pid),
	    TEST(lists_match_codes_kinds_and_any),       TEST(what_could_not_be_filled_is_refused),
	};

	return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
