/* SPDX-License-Identifier: BSD-2-Clause
 * Demo expectations: what each line accepts, what it refuses, and what it says then. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/expect.h"
#include "cli/peek.h"
#include "cli/roles.h"

/* A parent collects one child late, another is autoreaped, and CMD ends with status 3. */
static const char scenario[] = "0s begin 50/lifeline target=100\n"
			       "1ms fork 50/lifeline child=100\n"
			       "2ms fork 100/parent child=200\n"
			       "3ms fork 100/parent child=201 child_nspid=2\n"
			       "3ms thread 100 child=110\n"
			       "3ms rename 100:110 new_comm=helper\n"
			       "3ms thread 100 child=111\n"
			       "3ms rename 100:111 new_comm=helper\n"
			       "4ms fork 100/parent child=202\n"
			       "4ms thread 100/parent child=101\n"
			       "5ms site 100 site=1 call=pthread_mutex_lock frames=[\"work at bank.c:41\"]\n"
			       "5ms lock 100 lock=1 name=bank+16 object=/opt/bank\n"
			       "6ms lock_sum 100:101/worker lock=1 site=1 waits=3 wait_ns=20ms max_ns=9ms "
			       "holder_tid=100\n"
			       "6ms lock_sum 202 lock=1 waits=1 wait_ns=2ms holder_tid=100 holder_pid=100\n"
			       "6ms lock_sum 100 lock=1 waits=1 wait_ns=1ms holder=unknown\n"
			       "6ms lock_sum 100 lock=1 waits=1 wait_ns=3ms holder_tid=101\n"
			       "6ms lock_wakes 100 lock=1\n"
			       "7ms lock 100 lock=2 kind=semaphore\n"
			       "7ms lock_wait 100:101 lock=2\n"
			       "10ms exit 200/child status=SIGSEGV+core\n"
			       "10ms end 200 state=zombie voluntary=7 involuntary=1\n"
			       "11ms exit 201/other status=exit:5\n"
			       "11ms end 201 state=autoreaped\n"
			       "13ms exit 100:110 group_dead=0 live=2\n"
			       "13ms end 100:110 state=thread voluntary=3 cpu_ns=4ms runqueue_ns=3ms "
			       "blocked_futex=2ms\n"
			       "23ms exit 100:111 group_dead=0 live=1\n"
			       "23ms end 100:111 state=thread voluntary=4 involuntary=5 cpu_ns=6ms "
			       "blocked_futex=1ms\n"
			       "500ms wait_enter 100\n"
			       "500ms reap 100 child=200 status=SIGSEGV\n"
			       "501ms wait_exit 100 result=200\n"
			       "600ms exit 100 status=exit:3\n"
			       "600ms end 100 state=zombie\n"
			       "700ms finish - exit_status=768\n";

static const struct verdict late = {.code = "zombie.late", .severity = SEVERITY_WARNING, .title = "t"};
static const struct verdict crash = {.code = "exit.crashed", .severity = SEVERITY_ERROR, .title = "t"};

static struct engine engine;
static struct roles *roles;

static char *write_file(const char *suffix, const char *text)
{
	char *path = NULL;
	int descriptor;
	FILE *file;

	assert_true(asprintf(&path, "/tmp/lifeline-expect.XXXXXX%s", suffix) > 0);
	descriptor = mkstemps(path, (int)strlen(suffix));
	assert_true(descriptor >= 0);
	file = fdopen(descriptor, "w");
	fputs(text, file);
	fclose(file);
	return path;
}

static void drop_file(char *path)
{
	unlink(path);
	free(path);
}

static void announce(const char *text)
{
	struct error error = {0};
	int descriptor;

	assert_int_equal(roles_open(&roles, &error), 0);
	descriptor = dup(atoi(getenv("LIFELINE_DEMO_FD")));
	assert_int_equal(roles_listen(roles, &error), 0);
	assert_null(getenv("LIFELINE_DEMO_FD"));
	assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
	roles_finish(roles); /* ends although the far end is still open, as survivors keep it */
	close(descriptor);
}

static void find(const struct verdict *verdict, uint32_t pid, const char *title, const char *detail)
{
	struct finding finding;
	struct buffer json = {0};

	finding_begin(&finding, verdict, model_by_pid(engine.model, pid));
	finding_title(&finding, "%s", title);
	buffer_text_append(&json, detail);
	finding_detail(&finding, &json);
	assert_int_equal(findings_add(engine.findings, &finding, 0), 0);
	findings_sort(engine.findings);
}

static int set_up(void **state)
{
	char *path = write_file(".ev", scenario);
	struct source *source;
	struct error error = {0};

	(void)state;
	if (source_script_open(path, &source, &error) < 0 || engine_run(&engine, source, NULL, NULL, NULL, &error) < 0)
		fail_msg("%s", error.text);
	source_close(source);
	drop_file(path);
	findings_free(engine.findings); /* those of real analyzers do not belong here */
	engine.findings = findings_new(engine.model);
	announce("role parent 100\nrole child 200\nrole inner 2\nrole fresh 202\nrole worker 101\nready\n"
		 "role broken\nrole x y\n\x01\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	roles_free(roles);
	engine_free(&engine);
	return 0;
}

/* Differences that the lines give, and, if there are any, whether `says` is among the words. */
static void expect_differences(const char *lines, unsigned wanted, const char *says)
{
	char *path = write_file(".expect", lines);
	struct buffer differences = {0};
	struct expect *expect = NULL;
	struct error error = {0};
	unsigned count;

	if (expect_load(path, &expect, &error) < 0)
		fail_msg("%s", error.text);
	count = expect_compare(expect, &engine, roles, &differences);
	if (count != wanted || (says && !strstr(buffer_text(&differences), says)))
		fail_msg("%s\ngave %u differences:\n%s", lines, count, buffer_text(&differences));
	buffer_free(&differences);
	expect_free(expect);
	drop_file(path);
}

static void facts_that_hold(void **state)
{
	(void)state;
	expect_differences(
	    "fact child exit=SIGSEGV reaped_by=parent zombie_ns>=489ms zombie_ns<=491ms parent=parent\n"
	    "fact child voluntary=7 involuntary>=1 voluntary<=7 reaped_by=100\n"
	    "fact parent waits>=1 exit=3 alive=false threads=4 children=3\n"
	    "fact parent/helper threads=2 switches=12 cpu_ns=10ms runqueue_ns=3ms blocked.futex=3ms\n"
	    "fact parent/helper lived_ns=20ms cpu_percent=50 demand_percent=65 blocked_ns=3ms off_cpu_ns=20ms\n"
	    "fact child switches=8\n"
	    "fact inner exit=5 autoreaped=true\n"
	    "exit 3\n",
	    0, NULL);
}

static void facts_that_do_not(void **state)
{
	static const struct {
		const char *line, *says;
	} wrong[] = {
	    {"fact child exit=SIGKILL", "it is SIGSEGV"},
	    {"fact child exit=11", "it is SIGSEGV"},
	    {"fact child reaped_by=inner", "it is parent"},
	    {"fact inner reaped_by=parent", "it is nobody"},
	    {"fact child zombie_ns>=1s", "it is 490 ms"},
	    {"fact child voluntary<=6", "it is 7"},
	    {"fact fresh voluntary>=0", "unknown"},
	    {"fact child autoreaped=true", "it is false"},
	    {"fact stranger exit=0", "announced no such role"},
	    {"fact child colour=red", "no fact"},
	    {"fact parent/helper cpu_percent>=51", "it is 50 %"},
	    {"fact parent/helper reaps=1", "no fact about a thread"},
	    {"fact parent/nobody threads=0", "no thread of pid 100 has that name"},
	    {"fact paren/helper threads=2", "announced no such role"},
	    {"fact child/ threads=1", "no thread of pid 200 has that name"},
	    {"fact child voluntary=many", "no fact"},
	    {"fact child voluntary", "no fact"},
	    {"exit 0", "it ended with 3"},
	    {"exit SIGKILL", "it ended with 3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect_differences(wrong[i].line, 1, wrong[i].says);
}

static void facts_are_told(void **state)
{
	char *path = write_file(".expect", "fact child exit=0 voluntary>=1 voluntary<=2\nfact parent/helper threads=9\n"
					   "fact child reaped_by=fresh\nfact stranger exit=0\nfact child colour=red\n");
	struct buffer told = {0};
	struct expect *expect;
	struct error error = {0};

	(void)state;
	assert_int_equal(expect_load(path, &expect, &error), 0);
	expect_tell_facts(expect, &engine, roles, &told);
	assert_string_equal(buffer_text(&told), "  child           exit SIGSEGV, voluntary 7, reaped_by parent\n"
						"  parent/helper   threads 2\n");
	buffer_free(&told);
	expect_free(expect);
	drop_file(path);
}

static void findings_that_are_expected(void **state)
{
	(void)state;
	find(&late, 200, "late child",
	     "{\"count\":12,\"rule\":\"init\",\"parent\":\"100@5\",\"in\":{\"a\":[1,2],\"b\":true}}");
	find(&crash, 200, "ended by SIGSEGV", "{}");
	expect_differences("expect zombie.late role=child certain=true severity=warning title~late x1\n"
			   "expect zombie.late detail.count=12 detail.count>=10 detail.rule=init detail.parent=parent\n"
			   "expect zombie.late detail.in.b=true detail.in.a~2\n"
			   "expect exit.crashed title~\"by SIGSEGV\"\n"
			   "none any\nnone zombie\nnone orphan\n",
			   0, NULL);
}

static void findings_that_are_not(void **state)
{
	static const struct {
		const char *line, *says;
	} wrong[] = {
	    {"expect zombie.leak", "no such finding"},
	    {"expect zombie.late role=parent", "found zombie.late of pid 200"},
	    {"expect zombie.late x2", "1 fit"},
	    {"expect zombie.late x0", "1 fit"},
	    {"expect zombie.late certain=false", "found zombie.late"},
	    {"expect zombie.late detail.count>=13", "found zombie.late"},
	    {"expect zombie.late detail.none=1", "found zombie.late"},
	    {"expect zombie.late detail.parent=child", "found zombie.late"},
	    {"expect zombie.late title~\"early bird\"", "found zombie.late"},
	    {"expect zombie.late nonsense", "'nonsense' is no condition"},
	    {"expect zombie.late mood=good", "'mood=good' is no condition"},
	    {"none any", "found zombie.late of pid 200: late child"},
	    {"none zombie", "found zombie.late"},
	    {"none zombie.late", "found zombie.late"},
	    {"expect zombie.late role=parent\nnone zombie", "found zombie.late"},
	};

	(void)state;
	find(&late, 200, "late child", "{\"count\":12,\"parent\":\"100@5\"}");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect_differences(wrong[i].line, strchr(wrong[i].line, '\n') ? 2 : 1, wrong[i].says);
}

static void locks_that_are_as_said(void **state)
{
	(void)state;
	expect_differences("lock bank+16 kind=mutex shared=false object~bank waits=6 waits>=2 "
			   "wait_ns=26ms max_wait_ns<=9ms\n"
			   "lock bank* holder=parent holder=worker main_holder=parent waiter=worker "
			   "waiter=fresh waiter=101\n"
			   "lock * kind=mutex waker=parent site~bank.c:41 call=pthread_mutex_lock holders=2 waiters=3\n"
			   "lock * unknown_ns=1ms\n"
			   "lock * kind=semaphore waiting=1 waits=0\n"
			   "lock - kind=semaphore waiting=1\n",
			   0, NULL);
}

static void locks_that_are_not(void **state)
{
	static const struct {
		const char *line, *says;
	} wrong[] = {
	    {"lock bank", "there is no such lock"},
	    {"lock bank+16 waits>=7", "found bank+16 (mutex): waits=6 wait_ns=26000000"},
	    {"lock bank+16 kind=rwlock", "found bank+16"},
	    {"lock bank+16 shared=true", "found bank+16"},
	    {"lock bank+16 main_holder=worker", "found bank+16"},
	    {"lock bank+16 holder=fresh", "found bank+16"},
	    {"lock bank+16 waker=worker", "found bank+16"},
	    {"lock bank+16 site~other.c", "found bank+16"},
	    {"lock bank+16 waits=many", "'waits=many' is no condition on a lock"},
	    {"lock bank+16 colour=red", "'colour=red' is no condition on a lock"},
	    {"lock * kind=semaphore waits>=1", "; also "},
	    {"lock", "'(nothing)' is no condition on a lock"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect_differences(wrong[i].line, 1, wrong[i].says);
}

static void findings_on_locks(void **state)
{
	struct finding finding;
	struct buffer json = {0};

	(void)state;
	finding_begin(&finding, &late, model_by_pid(engine.model, 100));
	finding_title(&finding, "a circle");
	finding_lock(&finding, 2);
	finding_lock(&finding, 1);
	buffer_text_append(&json, "{\"cycle\":[{\"tid\":101,\"comm\":\"w\"},{\"tid\":202}]}");
	finding_detail(&finding, &json);
	assert_int_equal(findings_add(engine.findings, &finding, 0), 0);
	expect_differences("expect zombie.late member=worker member=fresh member=parent lock=bank+16 lock=bank*\n", 0,
			   NULL);
	expect_differences("expect zombie.late member=child\n", 1, "found zombie.late");
	expect_differences("expect zombie.late member=20\n", 1, "found zombie.late");
	expect_differences("expect zombie.late lock=shelf\n", 1, "found zombie.late");
}

static void a_bad_file_is_refused_with_its_line(void **state)
{
	char *path = write_file(".expect", "about x\n\n# remark\nexpects y\n");
	struct expect *expect;
	struct error error = {0};

	(void)state;
	assert_int_equal(expect_load(path, &expect, &error), -EINVAL);
	assert_non_null(strstr(error.text, ":4: there is no directive 'expects'"));
	assert_int_equal(expect_load("/nowhere.expect", &expect, &error), -ENOENT);
	drop_file(path);
}

static void roles_are_read(void **state)
{
	(void)state;
	assert_string_equal(roles_get(roles, 0)->name, "parent");
	assert_int_equal(roles_get(roles, 2)->pid, 2);
	assert_null(roles_get(roles, 5));
}

static void peek(const char *json, const char *path, const char *wanted)
{
	struct buffer value = {0};
	bool found = peek_value(json, path, &value);

	if (found != (wanted != NULL) || (wanted && strcmp(buffer_text(&value), wanted)))
		fail_msg("%s in %s: %s", path, json, found ? buffer_text(&value) : "(not found)");
	buffer_free(&value);
}

static void values_are_found_in_json(void **state)
{
	static const char json[] =
	    "{ \"a\": 1, \"ab\" : \"x\\\"}\\n\", \"c\":{\"d\":[{\"a\":9},2],\"e\":null},\"f\":-2.5 }";

	(void)state;
	peek(json, "a", "1");
	peek(json, "ab", "x\"}\n");
	peek(json, "c.d", "[{\"a\":9},2]");
	peek(json, "c.e", "null");
	peek(json, "f", "-2.5");
	peek(json, "b", NULL);
	peek(json, "a.b", NULL);
	peek(json, "c.a", NULL);
}

static void broken_json_ends(void **state)
{
	static const char *const broken[] = {
	    "",        "{",          "{\"a",     "{\"a\"",   "{\"a\":",     "{\"a\":\"",
	    "[1]",     "{\"b\":[[[", "{\"b\":]", "{\"b\"}",  "{\"b\":1 1}", "{\"b\":\"\\",
	    "{\"b\" ", "{\"b\":{}",  "{,}",      "{\"b\":,", "nonsense"};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		peek(broken[i], "a.a", NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(facts_that_hold),
	    TEST(facts_that_do_not),
	    TEST(facts_are_told),
	    TEST(findings_that_are_expected),
	    TEST(findings_that_are_not),
	    TEST(locks_that_are_as_said),
	    TEST(locks_that_are_not),
	    TEST(findings_on_locks),
	    TEST(a_bad_file_is_refused_with_its_line),
	    TEST(roles_are_read),
	    TEST(values_are_found_in_json),
	    TEST(broken_json_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
