/* SPDX-License-Identifier: BSD-2-Clause
 * Text scenarios: what lines become, and that a mistake is told with its file and line. What scenarios lead to is
 * tested by scenarios (tests/cases). */
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

#include "source/script.h"

#define MS 1000000ULL

static char path[] = "/tmp/lifeline-script-XXXXXX";

static void write_script(const char *text, size_t length)
{
	int fd;
	FILE *file;

	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static struct source *open_script(const char *text)
{
	struct source *source = NULL;
	struct error error = {0};
	int err;

	write_script(text, strlen(text));
	err = source_script_open(path, &source, &error);
	unlink(path);
	if (err)
		fail_msg("%s", error.text);
	return source;
}

static void refused_bytes(const char *text, size_t length, unsigned line, const char *why)
{
	struct source *source = NULL;
	struct error error = {0};
	char place[64];

	write_script(text, length);
	snprintf(place, sizeof(place), "%s:%u: ", path, line);
	assert_int_not_equal(source_script_open(path, &source, &error), 0);
	unlink(path);
	assert_null(source);
	if (strncmp(error.text, place, strlen(place)) != 0 || !strstr(error.text, why))
		fail_msg("`%s` does not start with `%s` and tell `%s`", error.text, place, why);
}

static void refused(const char *text, unsigned line, const char *why)
{
	refused_bytes(text, strlen(text), line, why);
}

struct taken {
	_Alignas(8) unsigned char bytes[16][512];
	size_t count;
};

static int take(void *context, const void *record, size_t available)
{
	struct taken *taken = context;
	const struct event *event = record;

	assert_true(taken->count < 16 && event->size <= 512);
	assert_int_equal(event_check(record, available, NULL), 0);
	memcpy(taken->bytes[taken->count++], record, event->size);
	return 0;
}

static void pump_all(struct source *source, struct taken *taken)
{
	taken->count = 0;
	assert_int_equal(source_pump(source, take, taken, NULL), 0);
}

static const void *at(const struct taken *taken, size_t index, uint16_t kind)
{
	assert_true(index < taken->count);
	assert_int_equal(((const struct event *)taken->bytes[index])->kind, kind);
	return taken->bytes[index];
}

static void lines_become_records_with_what_is_usual(void **state)
{
	struct source *source = open_script("# a comment\n\n10ms fork 100/\"my shell\" child=200 # more\n"
					    "20ms exit 200 status=SIGSEGV+core\n20ms end 200:201/th cpu_ns=1.5ms\n");
	struct taken taken;
	const struct event_fork *fork;
	const struct event_exit *exit;
	const struct event_end *end;

	(void)state;
	pump_all(source, &taken);
	assert_int_equal(taken.count, 4);
	at(&taken, 0, EVENT_begin); /* not written: an ordinary one */
	fork = at(&taken, 1, EVENT_fork);
	assert_int_equal(fork->h.t_ns, SCRIPT_BASE_NS + 10 * MS);
	assert_string_equal(fork->h.comm, "my shell");
	assert_int_equal(fork->h.start_ns, SCRIPT_BASE_NS - 1100 * MS);
	assert_int_equal(fork->child_start, SCRIPT_BASE_NS + 10 * MS);
	assert_int_equal(fork->parent, 100);
	assert_int_equal(fork->parent_start, fork->h.start_ns);
	assert_int_equal(fork->exit_signal, 17);
	exit = at(&taken, 2, EVENT_exit);
	assert_int_equal(exit->h.start_ns, fork->child_start);
	assert_int_equal(exit->status, 11 | 0x80);
	assert_int_equal(exit->group_dead, 1);
	assert_string_equal(exit->h.comm, "my shell");
	end = at(&taken, 3, EVENT_end);
	assert_int_equal(end->h.tid, 201);
	assert_string_equal(end->h.comm, "th");
	assert_int_equal(end->cpu_ns, 1500000);
	assert_int_equal(end->state, END_ZOMBIE);
	assert_int_equal(end->parent, 100);
	assert_int_equal(end->parent_start, fork->h.start_ns);
	source_close(source);
}

static void values_are_read_by_field(void **state)
{
	struct source *source =
	    open_script("1ms signal 5 target=6 signal=SIGRTMIN+1 origin=kernel result=pending target_start=-2s\n"
			"1ms wait_exit 5 options=WNOHANG|__WCLONE result=ECHILD type=pgid target=7\n"
			"1ms zombie_look 6 parent=5 parent_state=T syscall=pause wait_options=0x4 sigchld=nocldwait\n"
			"1ms exec 6 argv=[\"a\",\"b \\\"c\\x1b\"] exe=\"/a b\"\n"
			"1ms lost - class=signal since_ns=500us count=3\n");
	struct taken taken;
	const struct event_signal *signal;
	const struct event_wait_exit *leave;
	const struct event_zombie_look *look;
	const struct event_exec *exec;
	const struct event_lost *lost;
	const char *argv;
	uint32_t length;

	(void)state;
	pump_all(source, &taken);
	signal = at(&taken, 1, EVENT_signal);
	assert_int_equal(signal->signal, 35);
	assert_int_equal(signal->origin, SIGNAL_KERNEL);
	assert_int_equal(signal->result, 2);
	assert_int_equal(signal->target_start, SCRIPT_BASE_NS - 2000 * MS);
	leave = at(&taken, 2, EVENT_wait_exit);
	assert_int_equal(leave->options, 0x80000001u);
	assert_int_equal(leave->result, -10);
	assert_int_equal(leave->type, WAIT_PGID);
	look = at(&taken, 3, EVENT_zombie_look);
	assert_int_equal(look->parent_state, 'T');
	assert_int_equal(look->syscall, 34);
	assert_int_equal(look->wait_options, 4);
	assert_int_equal(look->sigchld, SIGCHLD_NOCLDWAIT);
	exec = at(&taken, 4, EVENT_exec);
	argv = EVENT_BLOB(exec, exec, argv, &length);
	assert_int_equal(length, 8);
	assert_memory_equal(argv, "a\0b \"c\x1b\0", 8);
	assert_int_equal(exec->args_size, 8);
	lost = at(&taken, 5, EVENT_lost);
	assert_int_equal(lost->class, GROUP_SIGNAL);
	assert_int_equal(lost->since_ns, SCRIPT_BASE_NS + MS / 2);
	source_close(source);
}

static void expectations_are_kept_apart(void **state)
{
	struct source *source = open_script("expect zombie.leak x3 pid=200 title~\"two words\" detail.a=\n0s tick -\n"
					    "none any\nfact 200:201 voluntary=5\n");
	const struct script_expectation *each = source_script_expectations(source);

	(void)state;
	assert_int_equal(each->kind, SCRIPT_EXPECT);
	assert_string_equal(each->subject, "zombie.leak");
	assert_int_equal(each->count, 3);
	assert_int_equal(each->condition_count, 3);
	assert_string_equal(each->conditions[1].name, "title");
	assert_true(each->conditions[1].contains);
	assert_string_equal(each->conditions[1].value, "two words");
	assert_string_equal(each->conditions[2].name, "detail.a");
	assert_string_equal(each->conditions[2].value, "");
	each = each->next;
	assert_int_equal(each->kind, SCRIPT_NONE);
	assert_int_equal(each->count, -1);
	each = each->next;
	assert_int_equal(each->kind, SCRIPT_FACT);
	assert_string_equal(each->subject, "200:201");
	assert_int_equal(each->line, 4);
	assert_null(each->next);
	source_close(source);
}

static void mistakes_are_told_with_their_line(void **state)
{
	(void)state;
	refused("hello\n", 1, "`hello`");
	refused("0s tick -\n10 tick -\n", 2, "`10` is not a time");
	refused("-2000s tick -\n", 1, "is not a time");
	refused("0s tock -\n", 1, "`tock` is no event");
	refused("0s fork 100\n", 1, "needs child");
	refused("0s fork 100 child=0\n", 1, "needs child");
	refused("0s fork 100 child=200 child_start=soon\n", 1, "`soon`");
	refused("0s exit\n", 1, "needs an actor");
	refused("0s exit x\n", 1, "`x` is no actor");
	refused("0s exit 100:\n", 1, "is no actor");
	refused("0s exit 99999999999\n", 1, "is no actor");
	refused("0s exit 100/a-name-that-is-too-long\n", 1, "no command name");
	refused("0s exit 100 colour=red\n", 1, "`colour` is no field of `exit`");
	refused("0s exit 100 pad=1\n", 1, "no field");
	refused("0s exit 100 status\n", 1, "is not key=value");
	refused("0s exit 100 =3\n", 1, "is not key=value");
	refused("0s exit 100 status=SIGNONE\n", 1, "does not fit");
	refused("0s exit 100 status=exit:256\n", 1, "does not fit");
	refused("0s exit 100 live=5000000000\n", 1, "does not fit");
	refused("0s exit 100 start=x\n", 1, "`x` is not a time");
	refused("0s rename 100 new_comm=sixteen-bytes-xx\n", 1, "does not fit");
	refused("0s rename 100 new_comm=\"a\n", 1, "not closed");
	refused("0s rename 100 new_comm=\"\\q\"\n", 1, "does not fit");
	refused("0s rename 100 new_comm=\"\\x1\"\n", 1, "does not fit");
	refused("0s exec 100 argv=[\"a\"\n", 1, "not closed");
	refused("0s exec 100 argv=[a]b\n", 1, "does not fit");
	refused("0s wait_exit 100 options=WNOHANG|WNONE\n", 1, "does not fit");
	refused("expect\n", 1, "needs a subject");
	refused("expect zombie pid\n", 1, "is not name=value");
	refused("expect zombie =200\n", 1, "is not name=value");
	refused("fact 200\n", 1, "says nothing");
	refused_bytes("0s tick -\n0s \0tick -\n", 21, 2, "zero byte");
}

static void what_cannot_be_read_is_refused(void **state)
{
	struct source *source = NULL;
	struct error error = {0};

	(void)state;
	assert_int_equal(source_script_open("/nonexistent/x.ev", &source, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nonexistent/x.ev"));
	assert_int_not_equal(source_script_open("/", &source, &error), 0);
	assert_null(source);
}

static void lines_of_any_length_are_harmless(void **state)
{
	size_t length = 300000;
	char *text = malloc(length);

	(void)state;
	memcpy(text, "0s exec 1 exe=", 14);
	memset(text + 14, 'a', length - 14);
	refused_bytes(text, length, 1, "does not fit");
	for (size_t i = 9; i + 1 < length; i += 2)
		memcpy(text + i, "a ", 2);
	refused_bytes(text, length, 1, "words");
	free(text);
}

static void times_and_statuses_are_parsed(void **state)
{
	int64_t ns;
	int32_t status;

	(void)state;
	assert_int_equal(script_parse_time("-1.5s", &ns), 0);
	assert_int_equal(ns, -1500000000);
	assert_int_not_equal(script_parse_time("--1s", &ns), 0);
	assert_int_not_equal(script_parse_time("", &ns), 0);
	assert_int_equal(script_parse_status("exit:255", &status), 0);
	assert_int_equal(status, 0xff00);
	assert_int_equal(script_parse_status("SIGKILL", &status), 0);
	assert_int_equal(status, 9);
	assert_int_equal(script_parse_status("256", &status), 0);
	assert_int_equal(status, 256);
	assert_int_not_equal(script_parse_status("SIGKILL+cores", &status), 0);
	assert_int_not_equal(script_parse_status("exit:", &status), 0);
	assert_int_not_equal(script_parse_status("", &status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_become_records_with_what_is_usual),
	    cmocka_unit_test(values_are_read_by_field),
	    cmocka_unit_test(expectations_are_kept_apart),
	    cmocka_unit_test(mistakes_are_told_with_their_line),
	    cmocka_unit_test(what_cannot_be_read_is_refused),
	    cmocka_unit_test(lines_of_any_length_are_harmless),
	    cmocka_unit_test(times_and_statuses_are_parsed),
	};

	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
