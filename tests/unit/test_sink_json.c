/* SPDX-License-Identifier: BSD-2-Clause
 * The JSON report: valid whatever the names are, valid against the schema, null where nothing is known. Looks into the
 * documents and the schema with python3 and its jsonschema, which tests of that kind skip if they are not there. */
#include "tests/unit/sink_world.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sink/common/schema.h"

#define HOSTILE "\x1b[2J\"\n\xff\xe2\x80\xaex\\"
#define PYTHON "/usr/bin/python3"

/* Validates d; raises (status 1) if it is not as the schema says. */
static const char validate[] = "import jsonschema\n"
			       "schema = json.load(open(schema_path))\n"
			       "jsonschema.Draft202012Validator.check_schema(schema)\n"
			       "jsonschema.Draft202012Validator(schema).validate(d)\n";

static const char *temporary(char path[64], const char *text)
{
	int fd;

	strcpy(path, "/tmp/lifeline-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* Runs Python code on the document d; its exit status. */
static int python(const char *document, const char *code)
{
	static const char head[] = "import json, sys\nschema_path = sys.argv[2]\n"
				   "d = json.load(open(sys.argv[1]), parse_constant=lambda word: 1 / 0)\n";
	char document_path[64], schema_path[64], script[16384];
	int status;
	pid_t pid;

	temporary(document_path, document);
	temporary(schema_path, schema_text(NULL));
	assert_true((size_t)snprintf(script, sizeof(script), "%s%s", head, code) < sizeof(script));
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		execl(PYTHON, PYTHON, "-c", script, document_path, schema_path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(document_path);
	unlink(schema_path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void need_python(const char *module)
{
	char code[64];

	snprintf(code, sizeof(code), "import %s", module);
	if (python("null", code) == 0)
		return;
	print_message("# %s with module %s is not installed\n", PYTHON, module);
	skip();
}

static void expect_true(struct world *world, const char *assertions)
{
	char *text = written(world, &sink_json);

	if (python(text, assertions) != 0)
		fail_msg("failed on\n%s", text);
	free(text);
}

static void expect_in(struct world *world, const char *part)
{
	char *text = written(world, &sink_json);

	if (!strstr(text, part))
		fail_msg("no %s in:\n%s", part, text);
	free(text);
}

static void open_zombie_world(struct world *world)
{
	world_open(world);
	tell_zombie_story(world);
	find_never_waited(world, 4712, 3);
	find_adopted(world, 4713, 4);
}

static void tell_hostile_story(struct world *world)
{
	static char argument[4096];
	struct finding finding;

	world_open(world);
	memset(argument, 0x9b, sizeof(argument));
	memcpy(argument, "./x\0" HOSTILE, 4 + sizeof(HOSTILE));
	begin(world, MODE_RUN, 4711, argument, 3000);
	tell(world, "cgroup", 0, 0, 0, "");
	number(world, "cgroup", 77);
	bytes(world, "path", HOSTILE "/a", sizeof(HOSTILE) + 1);
	told(world);
	forks(world, 1, 4000, -50, HOSTILE, 4711);
	execs(world, 2, 4711, 1, HOSTILE, HOSTILE, argument, sizeof(argument));
	forks(world, 3, 4711, 1, HOSTILE, 4712);
	ends(world, 5, 4712, 3, HOSTILE, SIGSEGV | 0x80, END_ZOMBIE, 4711, 1);
	finish(world, 2010, ENDED_INTERRUPT, 32);
	finding_begin(&finding, &verdict_crashed, model_find(world->model, ref_at(4712, 3)));
	finding_title(&finding, "%s", HOSTILE);
	finding_evidence(&finding, 0, "%s", HOSTILE);
	finding_help(&finding, "%s", HOSTILE);
	assert_int_equal(findings_add(world->findings, &finding, 0), 0);
}

/* ---- against the schema -------------------------------------------------------------------------------- */

static void documents_are_valid(void **state)
{
	struct world world;

	(void)state;
	need_python("jsonschema");
	open_zombie_world(&world);
	expect_true(&world, validate);
	world_close(&world);
	tell_hostile_story(&world);
	expect_true(&world, validate);
	world_close(&world);
	world_open(&world); /* nothing at all */
	expect_true(&world, validate);
	begin(&world, MODE_ATTACH, 0, "", 0);
	forks(&world, 1, 4711, -1000, "demo", 4712);
	lose(&world, 1, 3, UINT32_MAX, GROUP_SWITCH);
	expect_true(&world, validate); /* and one that was cut off */
	world_close(&world);
}

static void refuse_mutants(struct world *world, const char *const *mutations, size_t count)
{
	char code[1024];

	for (size_t i = 0; i < count; i++) {
		snprintf(code, sizeof(code),
			 "import jsonschema\n%s\nv = jsonschema.Draft202012Validator(json.load(open(schema_path)))\n"
			 "sys.exit(0 if not v.is_valid(d) else 'the schema lets pass a mutant')\n",
			 mutations[i]);
		expect_true(world, code);
	}
}

/* The schema must say no to each of these, or it says nothing. */
static void mutants_are_refused(void **state)
{
	static const char *const mutations[] = {
	    "d['schema'] = 'lifeline.report/2'",
	    "d['extra'] = 1",
	    "del d['locks']",
	    "d['trace']['mode'] = 'spy'",
	    "d['trace']['lost']['total'] = None",
	    "d['exit'] = {'code': 256}",
	    "d['exit'] = {'signal': 'KILL', 'core': False}",
	    "d['processes'][0]['id'] = '4711'",
	    "d['processes'][0]['started_ns'] = '1'",
	    "d['processes'][0]['started_ns'] = 1.5",
	    "del d['processes'][0]['cgroup']",
	    "d['processes'][0]['threads'][0]['extra'] = 1",
	    "d['processes'][0]['blocked_ns']['tea'] = 1",
	    "d['processes'][2]['orphaned']['rule'] = 'guess'",
	    "d['findings'][0]['code'] = 'Zombie'",
	    "d['findings'][0]['certain'] = False",
	    "d['findings'][0]['detail'] = None",
	    "d['findings'][0]['detail']['sigchld'] = 'eaten'",
	    "d['findings'][0]['evidence'][0]['t_ns'] = 'soon'",
	};
	struct world world;

	(void)state;
	need_python("jsonschema");
	open_zombie_world(&world);
	refuse_mutants(&world, mutations, sizeof(mutations) / sizeof(*mutations));
	world_close(&world);
}

/* ---- what it says -------------------------------------------------------------------------------------- */

/* Thread 4799 of ./demo waited for a lock behind 4711, and so does 4712 still. */
static void tell_lock_story(struct world *world)
{
	begin(world, MODE_RUN, 4711, "./demo", 6);
	forks(world, 1, 4000, -50, "lifeline", 4711);
	tell(world, "thread", 2, 4711, 1, "demo");
	number(world, "child", 4799);
	told(world);
	forks(world, 3, 4711, 1, "demo", 4712);
	tell(world, "site", 4, 4711, 1, "demo");
	number(world, "site", 5);
	bytes(world, "frames", "work \"x\" at bank.c:41\0main\x01", 28);
	told(world);
	tell(world, "lock", 4, 4711, 1, "demo");
	number(world, "lock", 9);
	number(world, "kind", LOCK_RWLOCK);
	number(world, "shared", 1);
	number(world, "address", 0x7f00);
	bytes(world, "name", "bank\xff", 5);
	told(world);
	tell(world, "lock_sum", 5, 4711, 1, "w\x02");
	((struct event *)world->builder.bytes)->tid = 4799;
	number(world, "lock", 9);
	number(world, "site", 5);
	number(world, "waits", 3);
	number(world, "timeouts", 1);
	number(world, "wait_ns", 30 * MS);
	number(world, "max_ns", 12 * MS);
	number(world, "holder", HOLDER_THREAD);
	number(world, "holder_pid", 4711);
	number(world, "holder_tid", 4711);
	number(world, "holder_start", (int64_t)at_ms(1));
	told(world);
	tell(world, "lock_wait", 6, 4712, 3, "demo");
	number(world, "lock", 9);
	number(world, "holder", HOLDER_THREAD);
	number(world, "holder_pid", 4711);
	number(world, "holder_tid", 4711);
	number(world, "holder_start", (int64_t)at_ms(1));
	told(world);
	tell(world, "lock_wait", 6, 4711, 1, "demo"); /* a lock that is only known by number */
	number(world, "lock", 4000000000u);
	told(world);
	tell(world, "lock", 6, 4711, 1, "demo"); /* and one that nobody waits for */
	number(world, "lock", 10);
	told(world);
	finish(world, 106, ENDED_COMMAND, 0);
}

static void locks_with_the_waits_that_go_on(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	need_python("jsonschema");
	tell_lock_story(&world);
	expect_true(&world, validate);
	expect_true(&world, "a, b = d['locks']\n"
			    "assert (a['id'], a['kind'], a['shared'], a['address']) == (9, 'rwlock', True, '0x7f00')\n"
			    "assert a['name'].startswith('bank') and a['object'] is None\n"
			    "assert (a['waits'], a['timeouts']) == (4, 1)\n"
			    "assert (a['wait_ns'], a['max_wait_ns']) == (130000000, 100000000)\n"
			    "assert [w['tid'] for w in a['waiters']] == [4712, 4799]\n"
			    "assert [w['waiting_now'] for w in a['waiters']] == [True, False]\n"
			    "h, = a['holders']\n"
			    "assert (h['tid'], h['blocked_others_ns'], h['holding_now']) == (4711, 130000000, True)\n"
			    "assert a['sites'][0]['stack'][0] == 'work \"x\" at bank.c:41'\n"
			    "assert [p.split('@')[0] for p in a['processes']] == ['4711', '4712']\n"
			    "assert (b['id'], b['kind'], b['name'], b['shared']) == (4000000000, 'futex', None, None)\n"
			    "assert b['address'] is None and b['waiters'][0]['wait_ns'] == 100000000\n"
			    "assert b['holders'] == []\n");
	world_close(&world);
}

static const struct verdict verdict_cycle = {"deadlock.cycle", SEVERITY_ERROR, "a circle", "", "", ""};

static void lock_mutants_are_refused(void **state)
{
	static const char *const mutations[] = {
	    "d['locks'][0]['kind'] = 'padlock'",
	    "d['locks'][0]['id'] = 0",
	    "d['locks'][0]['address'] = '7f00'",
	    "del d['locks'][0]['sites'][0]['stack']",
	    "d['locks'][0]['waiters'][0]['waiting_now'] = 1",
	    "d['locks'][0]['holders'][0]['extra'] = 1",
	    "d['findings'][0]['lock'] = 'bank'",
	    "del d['findings'][0]['detail']['cycle']",
	    "d['findings'][0]['detail']['lock'] = None",
	    "d['findings'][0]['detail']['cycle'] = []",
	    "d['findings'][0]['detail']['cycle'][0]['waits_for'] = 'bank'",
	    "del d['findings'][0]['detail']['cycle'][0]['held_by_tid']",
	    "d['findings'][0]['code'] = 'lock.owner-died'; del d['findings'][0]['detail']['lock']",
	    "d['findings'][0]['code'] = 'lock.contended'; d['findings'][0]['detail']['cause'] = 'magic'",
	};
	struct buffer detail = {0};
	struct finding finding;
	struct world world;

	(void)state;
	need_python("jsonschema");
	world_open(&world);
	tell_lock_story(&world);
	finding_begin(&finding, &verdict_cycle, model_by_pid(world.model, 4711));
	finding_title(&finding, "a circle");
	finding_help(&finding, "one order");
	finding_lock(&finding, 9);
	buffer_text_append(&detail, "{\"lock\":9,\"cycle\":[{\"tid\":4711,\"comm\":\"a\",\"process\":\"4711@5\","
				    "\"waits_for\":9,\"held_by_tid\":null,\"site\":null}]}");
	finding_detail(&finding, &detail);
	assert_int_equal(findings_add(world.findings, &finding, 0), 0);
	expect_true(&world, validate);
	expect_true(&world, "assert d['findings'][0]['lock'] == 9\n");
	refuse_mutants(&world, mutations, sizeof(mutations) / sizeof(*mutations));
	world_close(&world);
}

static void the_head_is_complete(void **state)
{
	struct world world;

	(void)state;
	need_python("json");
	open_zombie_world(&world);
	expect_true(&world,
		    "assert list(d) == ['schema', 'tool', 'host', 'trace', 'exit', 'processes', 'locks', 'findings']\n"
		    "assert d['tool'] == {'name': 'lifeline', 'version': '1.2.3'}\n"
		    "assert d['host'] == {'kernel': '6.1.0-x', 'arch': 'x86_64', 'cpus': 2}\n"
		    "t = d['trace']\n"
		    "assert t['mode'] == 'run' and t['ended_by'] == 'command' and t['events'] == 13\n"
		    "assert t['started'] == '2026-01-31T12:00:00.123456789Z'\n"
		    "assert t['duration_ns'] == 2110000000\n"
		    "assert t['command'] == ['./demo', '--count=2', 'two words']\n"
		    "assert t['lost'] == "
		    "dict.fromkeys('total life wait signal session switch stream lock timeline'.split(), 0)\n"
		    "assert d['exit'] == {'code': 3} and d['locks'] == []\n");
	world_close(&world);
}

static void processes_come_by_birth_with_their_lives(void **state)
{
	struct world world;

	(void)state;
	need_python("json");
	open_zombie_world(&world);
	expect_true(
	    &world,
	    "demo, worker, helper = d['processes']\n"
	    "assert [p['pid'] for p in d['processes']] == [4711, 4712, 4713]\n"
	    "assert demo['id'] == '4711@1000001000000' and worker['parent'] == demo['id']\n"
	    "assert worker['ppid'] == 4711 and worker['comm'] == 'worker'\n"
	    "assert demo['exe'] == '/opt/demo' and demo['argv'] == ['./demo', '--count=2', 'two words']\n"
	    "assert (demo['uid'], demo['pgid'], demo['sid']) == (1000, 4711, 4700)\n"
	    "assert (demo['started_ns'], demo['exited_ns'], demo['reaped_ns']) == (1000000, 2105000000, 2106000000)\n"
	    "assert demo['reaped_by'] == '4000@999950000000' and demo['zombie_ns'] == 1000000\n"
	    "assert demo['exit'] == {'code': 3}\n"
	    "assert worker['exit'] == {'code': 0} and worker['reaped_ns'] is None is worker['reaped_by']\n"
	    "assert worker['zombie_ns'] == 2006000000\n"
	    "assert helper['exit'] is None is helper['exited_ns'] and helper['ppid'] == 1\n"
	    "assert helper['orphaned'] == {'at_ns': 2104000000, 'from': demo['id'], 'to': '1@50000000',\n"
	    "  'to_pid': 1, 'to_comm': 'systemd', 'rule': 'init'}\n"
	    "assert worker['orphaned'] is None\n"
	    "assert worker['switches'] == {'voluntary': 36, 'involuntary': 9}\n"
	    "assert worker['cpu_ns'] == 3703701 and worker['runqueue_ns'] == 296295\n"
	    "assert worker['blocked_ns'] == {'futex': 2100000000, 'sleep': 1500000000, 'wait': 0, 'poll': 0,\n"
	    "  'read': 3000000, 'write': 0, 'network': 0, 'disk': 0, 'other': 0}\n"
	    "assert demo['waits'] == {'calls': 0, 'reaped': 0, 'last_ns': None}\n"
	    "assert [t['tid'] for t in worker['threads']] == [4712]\n"
	    "assert worker['threads'][0]['switches'] == worker['switches']\n");
	world_close(&world);
}

static void findings_come_worst_first_with_their_evidence(void **state)
{
	struct world world;

	(void)state;
	need_python("json");
	open_zombie_world(&world);
	expect_true(&world,
		    "f, g = d['findings']\n"
		    "assert (f['code'], f['severity'], f['certain']) == ('zombie.never-waited', 'warning', True)\n"
		    "assert f['process'] == d['processes'][1]['id'] and f['pid'] == 4712 and f['comm'] == 'worker'\n"
		    "assert f['lock'] is None and 'never waited' in f['title'] and 'waitpid(4712' in f['help']\n"
		    "assert f['detail']['parent_pid'] == 4711 and f['detail']['zombie_ns'] == 2006000000\n"
		    "assert [e['t_ns'] for e in f['evidence']] == [3000000, 104000000, 1105000000]\n"
		    "assert g['code'] == 'orphan.adopted' and g['severity'] == 'note' and g['detail'] == {}\n");
	world_close(&world);
}

/* What a way of observing cannot see is told by the verdict that is missing then; bits of a newer lifeline are none. */
static void what_could_not_be_seen_is_told(void **state)
{
	static const struct {
		uint32_t unseen;
		const char *told;
	} ways[] = {
	    {0, "[]"}, {UNSEEN_POLLS, "['switch.busy-poll']"}, {UNSEEN_POLLS | 1U << 31, "['switch.busy-poll']"}};
	char code[160];

	(void)state;
	need_python("jsonschema");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct world world;

		world_open(&world);
		begin_unseen(&world, MODE_ATTACH, 0, "", 0, ways[i].unseen);
		snprintf(code, sizeof(code), "assert d['trace']['unseen'] == %s\n", ways[i].told);
		expect_true(&world, code);
		expect_true(&world, validate);
		world_close(&world);
	}
}

/* A process known only by name, from an event of its own; one with neither counters nor status. */
static void the_unknown_is_null(void **state)
{
	struct world world;

	(void)state;
	need_python("json");
	world_open(&world);
	begin(&world, MODE_ATTACH, 0, "", 0);
	tell(&world, "snap_process", 1, 4711, -3000, "old");
	number(&world, "scope", SCOPE_TARGET);
	told(&world);
	expect_true(&world, "p, = d['processes']\n"
			    "assert p['started_ns'] == -3000000000\n"
			    "for key in ('ns_pid ppid parent exe argv uid cgroup pgid sid exited_ns reaped_ns "
			    "reaped_by exit orphaned '\n"
			    "            'switches cpu_ns runqueue_ns blocked_ns').split():\n"
			    "  assert p[key] is None, key\n"
			    "t, = p['threads']\n"
			    "for key in 'exited_ns switches cpu_ns runqueue_ns blocked_ns'.split():\n"
			    "  assert t[key] is None, key\n"
			    "assert d['exit'] is None is d['trace']['ended_by'] and d['trace']['command'] is None\n");
	world_close(&world);
}

static void hostile_names_stay_json(void **state)
{
	struct world world;

	(void)state;
	need_python("json");
	tell_hostile_story(&world);
	expect_true(&world, "name = '\\x1b[2J\"\\n\\ufffd\\u202ex\\\\'\n"
			    "demo, worker = d['processes']\n"
			    "assert demo['exe'] == name == worker['comm'] and demo['argv'][1] == name\n"
			    "assert set(demo['argv'][2]) == {'\\ufffd'}\n"
			    "assert worker['exit'] == {'signal': 'SIGSEGV', 'core': True, 'sender': None}\n"
			    "assert d['exit'] == {'signal': 'SIG32', 'core': False}\n"
			    "assert d['findings'][0]['title'] == name and d['findings'][0]['evidence'][0] == {'t_ns': "
			    "None, 'text': name}\n");
	world_close(&world);
}

static void tell_kill(struct world *world, uint32_t origin)
{
	world_open(world);
	begin(world, MODE_RUN, 4711, "x", 1);
	forks(world, 1, 4000, -50, "demo", 4711);
	forks(world, 2, 4711, 1, "demo", 4712);
	tell(world, "signal", 3, 4711, 1, "demo");
	number(world, "target", 4712);
	number(world, "target_tid", 4712);
	number(world, "target_start", (int64_t)at_ms(2));
	number(world, "signal", SIGKILL);
	number(world, "fatal", 1);
	number(world, "origin", origin);
	told(world);
	ends(world, 4, 4712, 2, "demo", SIGKILL, END_ZOMBIE, 4711, 1);
}

static void only_who_sent_a_signal_is_its_sender(void **state)
{
	struct world world;

	(void)state;
	tell_kill(&world, SIGNAL_USER);
	expect_in(&world, "\"sender\": \"4711@1000001000000\"");
	world_close(&world);
	tell_kill(&world, SIGNAL_KERNEL);
	expect_in(&world, "\"sender\": null");
	world_close(&world);
}

/* A trace without its end can still hold the command's. */
static void a_cut_trace_tells_the_command_s_exit_if_it_saw_it(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	begin(&world, MODE_RUN, 4711, "x", 1);
	forks(&world, 1, 4000, -50, "demo", 4711);
	expect_in(&world, "\n  \"exit\": null,");
	ends(&world, 4, 4711, 1, "demo", 7 << 8, END_ZOMBIE, 4000, -50);
	expect_in(&world, "\n  \"exit\": {\n    \"code\": 7\n  },");
	world_close(&world);
}

static void subjects_are_listed_though_only_relatives(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	begin(&world, MODE_ATTACH, 0, "", 0);
	tell(&world, "snap_process", 1, 4700, -9000, "adopter");
	number(&world, "scope", SCOPE_RELATIVE);
	told(&world);
	expect_in(&world, "\"processes\": []");
	find_never_waited(&world, 4700, -9000);
	expect_in(&world, "\"comm\": \"adopter\"");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(documents_are_valid),
	    cmocka_unit_test(mutants_are_refused),
	    cmocka_unit_test(locks_with_the_waits_that_go_on),
	    cmocka_unit_test(lock_mutants_are_refused),
	    cmocka_unit_test(the_head_is_complete),
	    cmocka_unit_test(processes_come_by_birth_with_their_lives),
	    cmocka_unit_test(findings_come_worst_first_with_their_evidence),
	    cmocka_unit_test(what_could_not_be_seen_is_told),
	    cmocka_unit_test(the_unknown_is_null),
	    cmocka_unit_test(hostile_names_stay_json),
	    cmocka_unit_test(only_who_sent_a_signal_is_its_sender),
	    cmocka_unit_test(a_cut_trace_tells_the_command_s_exit_if_it_saw_it),
	    cmocka_unit_test(subjects_are_listed_though_only_relatives),
	};

	return cmocka_run_group_tests_name("sink_json", tests, NULL, NULL);
}
