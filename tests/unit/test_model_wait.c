/* SPDX-License-Identifier: BSD-2-Clause
 * Who can collect whom: the kernel's rule (kernel/exit.c, eligible_child), case by case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

#define WNOHANG 1u
#define WUNTRACED 2u
#define WEXITED 4u
#define WCONTINUED 8u
#define WNOWAIT 0x01000000u
#define WNOTHREAD 0x20000000u
#define WALL 0x40000000u
#define WCLONE 0x80000000u
#define SIGCHLD 17
#define SIGUSR1 10

/* Parent 100 (group 100) with threads 100 and 101; child 200 of thread 100, in group 200. */
static const struct process parent = {.id = {100, 1}, .pgid = 100, .pidns = 1, .nspid = 100};
static const struct process child = {.id = {200, 2},
				     .pgid = 200,
				     .pidns = 1,
				     .nspid = 200,
				     .exit_signal = SIGCHLD,
				     .parent = {100, 1},
				     .parent_tid = 100};

static bool matches(uint32_t type, int32_t target, uint32_t options)
{
	const struct wait_sign wait = {.type = type, .target = target, .options = options, .tid = 100};

	return wait_could_match(&wait, &parent, &child);
}

static void any_child_matches(void **state)
{
	(void)state;
	assert_true(matches(WAIT_ANY, -1, 0));
	assert_true(matches(WAIT_ANY, -1, WNOHANG | WUNTRACED | WCONTINUED)); /* a poll is a wait */
}

static void a_pid_matches_itself_only(void **state)
{
	(void)state;
	assert_true(matches(WAIT_PID, 200, 0));
	assert_false(matches(WAIT_PID, 201, 0));
	assert_false(matches(WAIT_PID, -200, 0));
}

static void a_group_matches_its_members(void **state)
{
	const struct wait_sign own = {.type = WAIT_PGID, .target = 0, .tid = 100};
	struct process member = child;

	(void)state;
	assert_true(matches(WAIT_PGID, 200, 0));
	assert_false(matches(WAIT_PGID, 100, 0));
	assert_false(wait_could_match(&own, &parent, &child));
	member.pgid = 100;
	assert_true(wait_could_match(&own, &parent, &member)); /* 0 is the waiter's own */
	member.pgid = 0;
	assert_true(matches(WAIT_PGID, 200, 0)); /* unknown: may match */
}

static void clone_children_need_clone_flags(void **state)
{
	static const struct {
		int32_t exit_signal;
		uint32_t options;
		bool match;
	} cases[] = {
	    {SIGCHLD, 0, true},      {SIGCHLD, WCLONE, false}, {SIGCHLD, WALL, true}, {SIGCHLD, WALL | WCLONE, true},
	    {0, 0, false},           {0, WCLONE, true},        {0, WALL, true},       {SIGUSR1, 0, false},
	    {SIGUSR1, WCLONE, true}, {SIGUSR1, WALL, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct wait_sign wait = {.type = WAIT_ANY, .options = cases[i].options, .tid = 100};
		struct process clone = child;

		clone.exit_signal = cases[i].exit_signal;
		assert_int_equal(wait_could_match(&wait, &parent, &clone), cases[i].match);
	}
}

static void without_other_threads_means_that_thread(void **state)
{
	struct wait_sign wait = {.type = WAIT_ANY, .options = WNOTHREAD, .tid = 100};
	struct process orphan = child;

	(void)state;
	assert_true(wait_could_match(&wait, &parent, &child));
	wait.tid = 101;
	assert_false(wait_could_match(&wait, &parent, &child));
	orphan.parent_tid = 101; /* adopted by that thread */
	assert_true(wait_could_match(&wait, &parent, &orphan));
	orphan.parent_tid = 0; /* unknown: may match */
	assert_true(wait_could_match(&wait, &parent, &orphan));
	wait.options = 0;
	assert_true(wait_could_match(&wait, &parent, &child));
}

static void waitid_must_ask_for_the_dead(void **state)
{
	struct wait_sign wait = {.type = WAIT_ANY, .call = WAIT_CALL_WAITID, .options = WUNTRACED, .tid = 100};

	(void)state;
	assert_false(wait_could_match(&wait, &parent, &child));
	wait.options |= WEXITED;
	assert_true(wait_could_match(&wait, &parent, &child));
	wait.options |= WNOWAIT;
	assert_false(wait_could_match(&wait, &parent, &child)); /* looks, and leaves it */
}

static void a_tracer_may_wait_with_any_flags(void **state)
{
	const struct wait_sign wait = {.type = WAIT_ANY, .options = WCLONE, .tid = 100};
	struct process traced = child;

	(void)state;
	traced.tracer = 100;
	assert_true(wait_could_match(&wait, &parent, &traced));
	traced.tracer = 99;
	assert_false(wait_could_match(&wait, &parent, &traced));
}

/* In a nested namespace the numbers of the call are those of the waiter's namespace. */
static void numbers_are_those_of_the_waiters_namespace(void **state)
{
	const struct process inside = {.id = {1000, 1}, .nspid = 1, .pidns = 7, .pidns_level = 1, .pgid = 1000};
	struct process kid = {.id = {1001, 2}, .nspid = 2, .pidns = 7, .pidns_level = 1, .pgid = 1001};
	struct wait_sign wait = {.type = WAIT_PID, .target = 2};

	(void)state;
	kid.exit_signal = SIGCHLD;
	assert_true(wait_could_match(&wait, &inside, &kid));
	wait.target = 1001;
	assert_false(wait_could_match(&wait, &inside, &kid));
	assert_true(wait_could_match(&wait, &parent, &kid)); /* from outside it is 1001 */
	wait.type = WAIT_PGID;
	assert_false(wait_could_match(&wait, &inside, &kid));
	wait.target = 2;
	assert_true(wait_could_match(&wait, &inside, &kid)); /* leader of its group */
	kid.pgid = 1000;
	assert_false(wait_could_match(&wait, &inside, &kid)); /* in that of the waiter, which is 1 there */
	wait.target = 1;
	assert_true(wait_could_match(&wait, &inside, &kid));
	wait.target = 0;
	assert_true(wait_could_match(&wait, &inside, &kid));
	wait.target = 9;
	kid.pgid = 1005; /* a third process leads it: its number inside is not known */
	assert_true(wait_could_match(&wait, &inside, &kid));
	wait.type = WAIT_PID;
	kid.pidns = 8; /* a namespace below: not translatable either */
	assert_true(wait_could_match(&wait, &inside, &kid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_child_matches),
	    cmocka_unit_test(a_pid_matches_itself_only),
	    cmocka_unit_test(a_group_matches_its_members),
	    cmocka_unit_test(clone_children_need_clone_flags),
	    cmocka_unit_test(without_other_threads_means_that_thread),
	    cmocka_unit_test(waitid_must_ask_for_the_dead),
	    cmocka_unit_test(a_tracer_may_wait_with_any_flags),
	    cmocka_unit_test(numbers_are_those_of_the_waiters_namespace),
	};

	return cmocka_run_group_tests_name("model_wait", tests, NULL, NULL);
}
