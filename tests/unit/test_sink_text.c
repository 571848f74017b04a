/* SPDX-License-Identifier: BSD-2-Clause
 * The text report: whole reports against golden texts, and what must hold of any. */
#include "tests/unit/sink_world.h"

#include <signal.h>
#include <time.h>

#include "base/text.h"

static const struct verdict verdict_crowded = {"switch.oversubscribed", SEVERITY_NOTE, "too many", "", "", ""};

#define HOSTILE "\x1b[2J\n\xff\xe2\x80\xaex\\"

static char *slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		fail_msg("cannot open %s", path);
	if (getdelim(&text, &size, '\0', file) < 0)
		fail_msg("cannot read %s", path);
	fclose(file);
	return text;
}

/* With WRITE_GOLDEN set the golden text is written instead, for a look at the difference with git. */
static void expect_golden(struct world *world, const char *path)
{
	char *text = written(world, &sink_text), *golden;

	if (getenv("WRITE_GOLDEN")) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	golden = slurp(path);
	assert_string_equal(text, golden);
	free(golden);
	free(text);
}

static void expect_in(struct world *world, const char *part)
{
	char *text = written(world, &sink_text);

	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
	free(text);
}

static void expect_not_in(struct world *world, const char *part)
{
	char *text = written(world, &sink_text);

	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
	free(text);
}

/* Takes out what only colours, which is the one thing an ESC may be used for. */
static void strip_colors(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from != '\033') {
			*to++ = *from;
			continue;
		}
		assert_int_equal(from[1], '[');
		for (from += 2; *from != 'm'; from++)
			assert_true((*from >= '0' && *from <= '9') || *from == ';');
	}
	*to = '\0';
}

/* Every line fits, and nothing but line ends is a control character. */
static void expect_fits(struct world *world, int columns)
{
	char *text, *line, *rest;

	world->context.columns = columns;
	text = written(world, &sink_text);
	strip_colors(text);
	for (rest = text; (line = strsep(&rest, "\n"));) {
		if (text_columns(line, strlen(line)) > (size_t)columns)
			fail_msg("longer than %d columns: %s", columns, line);
		for (size_t i = 0, length = strlen(line); i < length; i++) {
			assert_true((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
			assert_true(text_utf8_length(line + i, length - i) || ((unsigned char)line[i] & 0xc0) == 0x80);
		}
	}
	free(text);
}

static void expect_fits_everywhere(struct world *world)
{
	static const int widths[] = {40, 80, 100, 200};

	for (int colored = 0; colored < 2; colored++)
		for (int unicode = 0; unicode < 2; unicode++)
			for (int verbose = 0; verbose < 2; verbose++)
				for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
					world->context.color = colored;
					world->context.unicode = unicode;
					world->context.verbose = verbose;
					expect_fits(world, widths[i]);
				}
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void open_zombie_world(struct world *world)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(world);
	tell_zombie_story(world);
	find_never_waited(world, 4712, 3);
	find_adopted(world, 4713, 4);
}

/* `true` that is born, runs, ends and is reaped in time. */
static void tell_healthy_story(struct world *world)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(world);
	begin(world, MODE_RUN, 4711, "true", 5);
	forks(world, 1, 4000, -50, "lifeline", 4711);
	execs(world, 2, 4711, 1, "true", "/bin/true", "true", 4);
	ends(world, 5, 4711, 1, "true", 0, END_ZOMBIE, 4000, -50);
	reaps(world, 6, 4000, -50, "lifeline", 4711, 1, 0);
	finish(world, 7, ENDED_COMMAND, 0);
}

/* ---- whole reports ------------------------------------------------------------------------------------- */

static void a_zombie_at_100_columns(void **state)
{
	struct world world;

	(void)state;
	open_zombie_world(&world);
	expect_golden(&world, "tests/unit/golden/zombie-100.txt");
	world_close(&world);
}

static void a_zombie_at_80_columns_in_ascii(void **state)
{
	struct world world;

	(void)state;
	open_zombie_world(&world);
	world.context.columns = 80;
	world.context.unicode = false;
	expect_golden(&world, "tests/unit/golden/zombie-80-ascii.txt");
	world_close(&world);
}

static void a_healthy_run_is_a_few_lines(void **state)
{
	struct world world;

	(void)state;
	tell_healthy_story(&world);
	expect_golden(&world, "tests/unit/golden/healthy.txt");
	world.context.verbose = 1;
	expect_golden(&world, "tests/unit/golden/healthy-verbose.txt");
	world_close(&world);
}

static void quiet_means_findings_only(void **state)
{
	struct world world;
	char *text;

	(void)state;
	tell_healthy_story(&world);
	world.context.quiet = true;
	text = written(&world, &sink_text);
	assert_string_equal(text, "");
	free(text);
	world_close(&world);
	open_zombie_world(&world);
	world.context.quiet = true;
	expect_in(&world, "warning[zombie.never-waited]: ");
	expect_not_in(&world, "lifeline: ");
	expect_not_in(&world, "lifelines");
	world_close(&world);
}

/* ---- what must hold of any report ---------------------------------------------------------------------- */

static void every_width_is_kept(void **state)
{
	struct world world;

	(void)state;
	open_zombie_world(&world);
	expect_fits_everywhere(&world);
	world_close(&world);
}

static void colors_only_color(void **state)
{
	struct world world;
	char *plain, *colored;

	(void)state;
	open_zombie_world(&world);
	plain = written(&world, &sink_text);
	world.context.color = true;
	colored = written(&world, &sink_text);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strstr(colored, "\033[1;33mwarning\033[0m"));
	strip_colors(colored);
	assert_string_equal(plain, colored);
	free(plain);
	free(colored);
	world_close(&world);
}

static void ascii_means_ascii(void **state)
{
	struct world world;
	char *text;

	(void)state;
	open_zombie_world(&world);
	tell(&world, "rename", 50, 4713, 4, "helper");
	bytes(&world, "new_comm", "Zürich…", 10);
	told(&world);
	world.context.unicode = false;
	text = written(&world, &sink_text);
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c < 0x80);
	assert_non_null(strstr(text, "Z\\u{fc}rich..."));
	free(text);
	world_close(&world);
}

/* A process that names itself, its program, its arguments and a finding about it as nastily as it can. */
static void tell_hostile_story(struct world *world)
{
	static char argument[4096];
	struct finding finding;

	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(world);
	memset(argument, 0x1b, sizeof(argument));
	memcpy(argument, "./x\0" HOSTILE, 4 + sizeof(HOSTILE));
	begin(world, MODE_RUN, 4711, argument, 3000);
	forks(world, 1, 4000, -50, "\x1b[31m\n\n\n\n\n\n\n\n", 4711);
	execs(world, 2, 4711, 1, HOSTILE, HOSTILE, argument, sizeof(argument));
	forks(world, 3, 4711, 1, HOSTILE, 4712);
	tell(world, "rename", 4, 4712, 3, HOSTILE);
	bytes(world, "new_comm", "\xe6\x9d\xb1\xe4\xba\xac\xe6\x9d\xb1\xe4\xba\xac\n", 13);
	told(world);
	ends(world, 5, 4712, 3, "", SIGSEGV | 0x80, END_ZOMBIE, 4711, 1);
	finish(world, 2010, ENDED_INTERRUPT, -1);
	memset(argument, 'w', sizeof(argument) - 1);
	argument[sizeof(argument) - 1] = '\0';
	finding_begin(&finding, &verdict_crashed, model_find(world->model, ref_at(4712, 3)));
	finding_title(&finding, "%s and " HOSTILE " crashed", argument);
	finding_evidence(&finding, at_ms(-7000), HOSTILE " was here, %s", argument);
	finding_evidence(&finding, 0, "\xe6\x9d\xb1%s", argument);
	finding_help(&finding, "\n\n" HOSTILE "\n%s\n    indented %s", argument, argument);
	assert_int_equal(findings_add(world->findings, &finding, 0), 0);
}

static void hostile_names_only_fill_columns(void **state)
{
	struct world world;

	(void)state;
	tell_hostile_story(&world);
	expect_fits_everywhere(&world);
	world.context.color = false;
	world.context.unicode = true;
	world.context.columns = 100;
	expect_in(&world, "\\x1b[2J\\n\\xff\\u{202e}x\\\\");
	expect_in(&world, "東京東京\\n");
	expect_in(&world, "SIGSEGV (core), zombie 2.01 s");
	world_close(&world);
}

/* ---- doubts -------------------------------------------------------------------------------------------- */

static void losses_are_shown_and_make_uncertain(void **state)
{
	struct world world;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(&world);
	tell_zombie_story(&world);
	lose(&world, 50, 2110, 1234, GROUP_WAIT);
	lose(&world, 50, 2110, 5, GROUP_LIFE);
	find_never_waited(&world, 4712, 3);
	expect_in(&world, "note[zombie.never-waited] (uncertain: events were lost): pid 4712");
	expect_in(&world, "\n  1,239 events were LOST (life 5, wait 1,234)");
	expect_fits_everywhere(&world);
	world_close(&world);
}

static void a_cut_trace_says_so(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	begin(&world, MODE_RUN, 4711, "./demo", 6);
	forks(&world, 1, 4000, -50, "lifeline", 4711);
	forks(&world, 340, 4711, 1, "lifeline", 4712);
	expect_in(&world, "the trace is cut off: what came later than 340 ms after its start is not in it");
	expect_in(&world, "./demo had not ended when observation did");
	world_close(&world);
}

static void what_could_not_be_seen_is_told(void **state)
{
	static const char sentence[] = "could not be seen in this way of observing: switch.busy-poll\n";

	(void)state;
	for (uint32_t unseen = 0; unseen <= UNSEEN_POLLS; unseen += UNSEEN_POLLS) {
		struct world world;
		char *text;

		world_open(&world);
		begin_unseen(&world, MODE_RUN, 4711, "./demo", 6, unseen);
		forks(&world, 1, 4000, -50, "lifeline", 4711);
		text = written(&world, &sink_text);
		assert_int_equal(strstr(text, sentence) != NULL, unseen != 0);
		assert_int_equal(strstr(text, "could not be seen") != NULL, unseen != 0);
		free(text);
		world_close(&world);
	}
}

static void an_empty_world_is_told_calmly(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	world.context.verbose = 1;
	expect_in(&world, "0 processes, 0 threads; 0 events, none lost");
	begin(&world, MODE_ATTACH, 0, "", 0);
	finish(&world, 5020, ENDED_TARGETS_GONE, -1);
	expect_in(&world, "lifeline: observed for 5.02 s, until the last target had ended\n");
	world_close(&world);
}

/* ---- long lists ---------------------------------------------------------------------------------------- */

static void many_findings_of_one_code_are_cut(void **state)
{
	struct world world;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(&world);
	tell_zombie_story(&world);
	for (uint32_t child = 5000; child < 5025; child++) {
		forks(&world, child - 4900, 4711, 1, "demo", child);
		find_never_waited(&world, child, child - 4900);
	}
	find_adopted(&world, 4713, 4);
	expect_in(&world, "pid 5009 (demo)");
	expect_not_in(&world, "pid 5010 (demo)");
	expect_in(&world, "\n… and 15 more of zombie.never-waited (-v shows all)\n");
	expect_in(&world, "note[orphan.adopted]");
	expect_in(&world, "25 warnings, 1 note");
	world.context.verbose = 1;
	expect_in(&world, "pid 5024 (demo)");
	expect_not_in(&world, "-v shows all");
	world_close(&world);
}

static void long_evidence_is_cut_in_the_middle(void **state)
{
	struct world world;
	struct finding finding;

	(void)state;
	open_zombie_world(&world);
	finding_begin(&finding, &verdict_crashed, NULL);
	finding_title(&finding, "much evidence");
	for (int i = 0; i < 100; i++)
		finding_evidence(&finding, at_ms(i + 1), "fact %d.", i);
	assert_int_equal(findings_add(world.findings, &finding, 0), 0);
	expect_in(&world, "fact 9.");
	expect_not_in(&world, "fact 10.");
	expect_in(&world, "… 86 more (-v shows all)");
	expect_not_in(&world, "fact 95.");
	expect_in(&world, "fact 96.");
	expect_in(&world, "fact 99.");
	world.context.verbose = 1;
	expect_in(&world, "fact 50.");
	world_close(&world);
}

static void close_events_are_told_in_microseconds(void **state)
{
	struct world world;
	struct finding finding;

	(void)state;
	open_zombie_world(&world);
	finding_begin(&finding, &verdict_crashed, NULL);
	finding_title(&finding, "close");
	finding_evidence(&finding, at_ms(5) + 17999, "first");
	finding_evidence(&finding, at_ms(5) + 40000, "second");
	finding_evidence(&finding, at_ms(-3000), "before");
	assert_int_equal(findings_add(world.findings, &finding, 0), 0);
	expect_in(&world, "  |  -3.000000 s  before\n  |  +0.005017 s  first\n  |  +0.005040 s  second\n");
	world_close(&world);
}

/* ---- the tree ------------------------------------------------------------------------------------------ */

#define CROWD 100000

static void a_hundred_thousand_processes_stay_readable(void **state)
{
	struct timespec before, after;
	struct world world;
	char *text;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(&world);
	begin(&world, MODE_RUN, 4711, "./storm", 7);
	forks(&world, 1, 4000, -50, "lifeline", 4711);
	for (uint32_t i = 0; i < CROWD; i++) {
		forks(&world, 10 + i, 4711, 1, "storm", 10000 + i);
		ends(&world, 12 + i, 10000 + i, 10 + i, "storm", 0, END_AUTOREAPED, 4711, 1);
	}
	finish(&world, CROWD + 20, ENDED_INTERRUPT, -1);
	find_never_waited(&world, 10000 + CROWD / 2, 10 + CROWD / 2);
	clock_gettime(CLOCK_MONOTONIC, &before);
	text = written(&world, &sink_text);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 10); /* some 50 ms; seconds under sanitizers, hours if quadratic */
	assert_true(count_lines(text) < 120);
	assert_non_null(strstr(text, "60000 storm")); /* the finding's subject */
	assert_non_null(strstr(text, "4711 storm"));
	assert_non_null(strstr(text, "… and 99,961 more processes (-v shows all)"));
	free(text);
	world_close(&world);
}

static void a_long_chain_of_births_does_not_recurse(void **state)
{
	struct world world;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(&world);
	begin(&world, MODE_RUN, 10000, "./chain", 7);
	forks(&world, 0, 4000, -50, "lifeline", 10000);
	for (uint32_t i = 1; i < 20000; i++)
		forks(&world, i, 10000 + i - 1, i - 1, "chain", 10000 + i);
	finish(&world, 20001, ENDED_COMMAND, 0);
	find_never_waited(&world, 29999, 19999);
	expect_in(&world, "29999 chain");
	expect_fits(&world, 80);
	world.context.verbose = 1;
	expect_fits(&world, 100);
	expect_in(&world, "19999: 29999 chain");
	world_close(&world);
}

/* Each says that the other is its parent; a tree must come out all the same. */
static void contradictory_births_make_no_cycle(void **state)
{
	struct world world;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(&world);
	begin(&world, MODE_ATTACH, 0, "", 0);
	for (int i = 0; i < 2; i++) {
		tell(&world, "snap_process", 1 + i, 501 + (uint32_t)i, 501 + i, i ? "two" : "one");
		number(&world, "parent", 502 - i);
		number(&world, "parent_start", (int64_t)at_ms(502 - i));
		number(&world, "scope", SCOPE_TARGET);
		number(&world, "nspid", 501 + i);
		told(&world);
	}
	finish(&world, 900, ENDED_INTERRUPT, -1);
	world.context.verbose = 1;
	expect_in(&world, "501 one");
	expect_in(&world, "502 two");
	world_close(&world);
}

static bool in_order(const char *text, const char *first, const char *second)
{
	const char *at = strstr(text, first);

	return at && strstr(at, second);
}

static void a_reused_pid_is_two_rows(void **state)
{
	struct world world;
	char *text;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(&world);
	begin(&world, MODE_RUN, 4711, "./demo", 6);
	forks(&world, 1, 4000, -50, "demo", 4711);
	for (int i = 0; i < 2; i++) {
		forks(&world, 10 + 50 * i, 4711, 1, "demo", 4712);
		ends(&world, 20 + 50 * i, 4712, 10 + 50 * i, i ? "second" : "first", i << 8, END_ZOMBIE, 4711, 1);
		reaps(&world, 21 + 50 * i, 4711, 1, "demo", 4712, 10 + 50 * i, i << 8);
	}
	finish(&world, 100, ENDED_INTERRUPT, -1);
	world.context.verbose = 1;
	text = written(&world, &sink_text);
	assert_true(in_order(text, "├─ 4712 first", "└─ 4712 second"));
	free(text);
	world_close(&world);
}

/* ---- the switch table ---------------------------------------------------------------------------------- */

static void add_thread(struct world *world, uint32_t tid, int64_t scale)
{
	char name[COMM_SIZE];

	tell(world, "thread", 10, 4711, 1, "pool");
	number(world, "child", tid);
	told(world);
	snprintf(name, sizeof(name), "worker-%u", tid - 4711);
	tell(world, "counters", 90, 4711, 1, name);
	((struct event *)world->builder.bytes)->tid = tid;
	counters(world, scale);
	told(world);
}

static void the_busiest_threads_are_listed(void **state)
{
	static const int64_t scales[] = {100, 5, 900, 300, 1, 2000, 50};
	struct finding finding;
	struct world world;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	world_open(&world);
	begin(&world, MODE_RUN, 4711, "./pool", 6);
	forks(&world, 1, 4000, -50, "pool", 4711);
	for (uint32_t i = 0; i < 7; i++)
		add_thread(&world, 4712 + i, scales[i]);
	tell(&world, "counters", 90, 4711, 1, "pool");
	counters(&world, 10);
	told(&world);
	finish(&world, 100, ENDED_DURATION, -1);
	finding_begin(&finding, &verdict_crowded, model_find(world.model, ref_at(4711, 1)));
	finding_title(&finding, "8 threads of 4711 (pool) shared 2 processors");
	assert_int_equal(findings_add(world.findings, &finding, 0), 0);
	expect_golden(&world, "tests/unit/golden/threads.txt");
	world.context.verbose = 1;
	expect_in(&world, "worker-5");
	expect_fits_everywhere(&world);
	world_close(&world);
}

static void unknown_counters_are_not_shown_as_zero(void **state)
{
	struct world world;

	(void)state;
	open_zombie_world(&world); /* 4713 lives on, and was never sampled */
	expect_in(&world, "(counters of 1 process are not known)");
	world_close(&world);
	world_open(&world);
	begin(&world, MODE_RUN, 4711, "./demo", 6);
	forks(&world, 1, 4000, -50, "demo", 4711);
	finish(&world, 100, ENDED_INTERRUPT, -1);
	world.context.verbose = 1;
	expect_not_in(&world, "voluntary");
	expect_not_in(&world, "on processors");
	world_close(&world);
}

/* ---- locks ---------------------------------------------------------------------------------------------- */

static void thread_tells(struct world *world, const char *event, long long ms, uint32_t tid, const char *comm)
{
	tell(world, event, ms, 4711, 1, comm);
	((struct event *)world->builder.bytes)->tid = tid;
}

static void waits_for(struct world *world, const char *event, long long ms, uint32_t tid, const char *comm,
		      uint32_t lock, uint32_t holder_tid)
{
	thread_tells(world, event, ms, tid, comm);
	number(world, "lock", lock);
	number(world, "site", 1 + lock % 2);
	if (!holder_tid)
		return;
	number(world, "holder", HOLDER_THREAD);
	number(world, "holder_pid", 4711);
	number(world, "holder_tid", holder_tid);
	number(world, "holder_start", (int64_t)at_ms(1));
}

static void names_lock(struct world *world, uint32_t lock, uint32_t kind, const char *name)
{
	thread_tells(world, "lock", 4, 4711, "bank");
	number(world, "lock", lock);
	number(world, "kind", kind);
	number(world, "address", 0x7f0010);
	bytes(world, "name", name, strlen(name));
	told(world);
}

/* Threads 4712 and 4713 wait for each other, 4714 behind them, 4715 for work; 4716 has waited for 4712 before. */
static void tell_locks(struct world *world, uint32_t mode)
{
	static const char frames[] = "pay at bank.c:41\0main at bank.c:90";
	static const char *const names[] = {"payer", "clerk", "third", "idle\x1b[31m", "fourth"};

	begin(world, mode, 4711, "./bank", 6);
	forks(world, 1, 4000, -50, "lifeline", 4711);
	for (uint32_t i = 0; i < 5; i++) {
		thread_tells(world, "thread", 2, 4711, names[i]);
		number(world, "child", 4712 + i);
		told(world);
	}
	for (uint32_t site = 1; site < 3; site++) {
		thread_tells(world, "site", 3, 4711, "bank");
		number(world, "site", site);
		bytes(world, "frames", frames, site == 1 ? sizeof(frames) : 17);
		told(world);
	}
	names_lock(world, 1, LOCK_MUTEX,
		   "a_mutex_with_a_name_that_is_longer_than_any_sensible_one_would_be_in_any_program_of_ours");
	names_lock(world, 2, LOCK_RWLOCK, "b");
	names_lock(world, 3, LOCK_CONDVAR, "");
	waits_for(world, "lock_sum", 5, 4716, names[4], 1, 4712);
	number(world, "waits", 12345);
	number(world, "wait_ns", 700 * MS);
	number(world, "max_ns", 90 * MS);
	told(world);
	waits_for(world, "lock_sum", 5, 4712, names[0], 1, 0);
	number(world, "waits", 1);
	number(world, "wait_ns", 7 * MS);
	number(world, "max_ns", 7 * MS);
	told(world);
	waits_for(world, "lock_wait", 10, 4712, names[0], 2, 4713);
	told(world);
	waits_for(world, "lock_wait", 11, 4713, names[1], 1, 4712);
	told(world);
	waits_for(world, "lock_wait", 12, 4714, names[2], 1, 4712);
	number(world, "timed", 1);
	told(world);
	waits_for(world, "lock_wait", 13, 4715, names[3], 3, 0);
	told(world);
	waits_for(world, "thread_look", 14, 4711, "bank", 0, 0);
	number(world, "state", 'S');
	number(world, "syscall", 7);
	told(world);
	finish(world, 1010, ENDED_DURATION, -1);
}

static void locks_and_who_waits(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	tell_locks(&world, MODE_SNAPSHOT);
	expect_golden(&world, "tests/unit/golden/locks-snapshot.txt");
	world.context.columns = 80;
	world.context.unicode = false;
	expect_golden(&world, "tests/unit/golden/locks-snapshot-80-ascii.txt");
	world_close(&world);
	world_open(&world);
	tell_locks(&world, MODE_RUN);
	find_never_waited(&world, 4711, 1);
	expect_golden(&world, "tests/unit/golden/locks-run.txt");
	world.context.columns = 200;
	world.context.verbose = 1;
	expect_golden(&world, "tests/unit/golden/locks-run-200-verbose.txt");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(locks_and_who_waits),
	    cmocka_unit_test(a_zombie_at_100_columns),
	    cmocka_unit_test(a_zombie_at_80_columns_in_ascii),
	    cmocka_unit_test(a_healthy_run_is_a_few_lines),
	    cmocka_unit_test(quiet_means_findings_only),
	    cmocka_unit_test(every_width_is_kept),
	    cmocka_unit_test(colors_only_color),
	    cmocka_unit_test(ascii_means_ascii),
	    cmocka_unit_test(hostile_names_only_fill_columns),
	    cmocka_unit_test(losses_are_shown_and_make_uncertain),
	    cmocka_unit_test(a_cut_trace_says_so),
	    cmocka_unit_test(what_could_not_be_seen_is_told),
	    cmocka_unit_test(an_empty_world_is_told_calmly),
	    cmocka_unit_test(many_findings_of_one_code_are_cut),
	    cmocka_unit_test(long_evidence_is_cut_in_the_middle),
	    cmocka_unit_test(close_events_are_told_in_microseconds),
	    cmocka_unit_test(a_hundred_thousand_processes_stay_readable),
	    cmocka_unit_test(a_long_chain_of_births_does_not_recurse),
	    cmocka_unit_test(contradictory_births_make_no_cycle),
	    cmocka_unit_test(a_reused_pid_is_two_rows),
	    cmocka_unit_test(the_busiest_threads_are_listed),
	    cmocka_unit_test(unknown_counters_are_not_shown_as_zero),
	};

	return cmocka_run_group_tests_name("sink_text", tests, NULL, NULL);
}
