/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A small world for tests of sinks: a model fed with events through event_build, findings made by hand, and what a sink
 * wrote, in memory. Times are milliseconds from the start of observation; a process is as old as it says.
 */
#ifndef LIFELINE_TESTS_SINK_WORLD_H
#define LIFELINE_TESTS_SINK_WORLD_H

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "event/event.h"
#include "finding/finding.h"
#include "model/model.h"
#include "sink/sink.h"

#define MS 1000000LL
#define BASE (1000000 * MS)

extern const struct sink sink_json, sink_text;

struct world {
	struct model *model;
	struct findings *findings;
	struct event_builder builder;
	struct sink_context context;
};

static inline uint64_t at_ms(long long ms)
{
	return (uint64_t)(BASE + ms * MS);
}

/* Starts an event whose actor is the leader of a process. */
static inline void tell(struct world *world, const char *name, long long ms, uint32_t pid, long long started_ms,
			const char *comm)
{
	struct event *event = (struct event *)world->builder.bytes;

	assert_non_null(event_info_by_name(name));
	event_build(&world->builder, event_info_by_name(name));
	event->t_ns = at_ms(ms);
	event->pid = event->tid = pid;
	event->start_ns = pid ? at_ms(started_ms) : 0;
	snprintf(event->comm, sizeof(event->comm), "%s", comm);
}

static inline void number(struct world *world, const char *field, int64_t value)
{
	assert_int_equal(event_build_integer(&world->builder, field, value), 0);
}

static inline void bytes(struct world *world, const char *field, const void *data, size_t length)
{
	assert_int_equal(event_build_bytes(&world->builder, field, data, length), 0);
}

static inline void told(struct world *world)
{
	const struct event *event = event_built(&world->builder);
	const char *why = NULL;

	assert_int_equal(event_check(event, event->size, &why), 0);
	assert_int_equal(model_event(world->model, event), 0);
}

static inline void world_open(struct world *world)
{
	world->model = model_new();
	world->findings = findings_new(world->model);
	assert_non_null(world->model);
	assert_non_null(world->findings);
	world->context = (struct sink_context){
	    .model = world->model, .findings = world->findings, .unicode = true, .columns = 100, .version = "1.2.3"};
}

static inline void world_close(struct world *world)
{
	findings_free(world->findings);
	model_free(world->model);
}

/* unseen: enum unseen */
static inline void begin_unseen(struct world *world, uint32_t mode, uint32_t target, const char *command, size_t length,
				uint32_t unseen)
{
	tell(world, "begin", 0, 4000, 0, "lifeline");
	((struct event *)world->builder.bytes)->start_ns = 0;
	number(world, "realtime_ns", 1769860800123456789LL);
	number(world, "zombie_after_ns", 1000 * MS);
	number(world, "mode", mode);
	number(world, "cpus", 2);
	number(world, "target", target);
	number(world, "unseen", unseen);
	bytes(world, "kernel", "6.1.0-x", 7);
	bytes(world, "arch", "x86_64", 6);
	bytes(world, "command", command, length);
	told(world);
}

static inline void begin(struct world *world, uint32_t mode, uint32_t target, const char *command, size_t length)
{
	begin_unseen(world, mode, target, command, length, 0);
}

static inline void finish(struct world *world, long long ms, uint32_t ended_by, int32_t status)
{
	tell(world, "finish", ms, 4000, 0, "lifeline");
	((struct event *)world->builder.bytes)->start_ns = 0;
	number(world, "ended_by", ended_by);
	number(world, "exit_status", status);
	told(world);
}

static inline void forks(struct world *world, long long ms, uint32_t parent, long long parent_ms, const char *comm,
			 uint32_t child)
{
	tell(world, "fork", ms, parent, parent_ms, comm);
	number(world, "child", child);
	number(world, "child_start", (int64_t)at_ms(ms));
	number(world, "child_nspid", child);
	number(world, "parent", parent);
	number(world, "parent_tid", parent);
	number(world, "parent_start", (int64_t)at_ms(parent_ms));
	number(world, "exit_signal", 17);
	number(world, "pgid", 4711);
	number(world, "sid", 4700);
	told(world);
}

static inline void execs(struct world *world, long long ms, uint32_t pid, long long started_ms, const char *comm,
			 const char *exe, const char *argv, size_t argv_length)
{
	tell(world, "exec", ms, pid, started_ms, comm);
	number(world, "old_tid", pid);
	number(world, "uid", 1000);
	bytes(world, "exe", exe, strlen(exe));
	bytes(world, "argv", argv, argv_length);
	told(world);
}

static inline void counters(struct world *world, int64_t scale)
{
	number(world, "voluntary", 12 * scale);
	number(world, "involuntary", 3 * scale);
	number(world, "cpu_ns", scale * 1234567);
	number(world, "runqueue_ns", scale * 98765);
	number(world, "blocked_sleep", scale * 500 * MS);
	number(world, "blocked_futex", scale * 700 * MS);
	number(world, "blocked_read", scale * MS);
}

/* exit of the last thread, then its end as a zombie (or autoreaped). */
static inline void ends(struct world *world, long long ms, uint32_t pid, long long started_ms, const char *comm,
			int32_t status, uint32_t state, uint32_t parent, long long parent_ms)
{
	tell(world, "exit", ms, pid, started_ms, comm);
	number(world, "status", status);
	number(world, "group_dead", 1);
	number(world, "exit_signal", 17);
	told(world);
	tell(world, "end", ms, pid, started_ms, comm);
	counters(world, 1 + pid % 3);
	number(world, "state", state);
	number(world, "parent", parent);
	number(world, "parent_start", (int64_t)at_ms(parent_ms));
	told(world);
}

static inline void reaps(struct world *world, long long ms, uint32_t pid, long long started_ms, const char *comm,
			 uint32_t child, long long child_ms, int32_t status)
{
	tell(world, "reap", ms, pid, started_ms, comm);
	number(world, "child", child);
	number(world, "child_start", (int64_t)at_ms(child_ms));
	number(world, "status", status);
	told(world);
}

static inline void lose(struct world *world, long long since_ms, long long ms, uint64_t count, uint32_t group)
{
	tell(world, "lost", ms, 4000, 0, "lifeline");
	((struct event *)world->builder.bytes)->start_ns = 0;
	number(world, "count", (int64_t)count);
	number(world, "since_ns", (int64_t)at_ms(since_ms));
	number(world, "class", group);
	told(world);
}

/* ./demo (4711), whose worker (4712) it never waits for, and a helper (4713) that is adopted by init and lives on. */
static inline void tell_zombie_story(struct world *world)
{
	begin(world, MODE_RUN, 4711, "./demo\0--count=2\0two words", 27);
	forks(world, 1, 4000, -50, "lifeline", 4711);
	execs(world, 2, 4711, 1, "demo", "/opt/demo", "./demo\0--count=2\0two words", 27);
	forks(world, 3, 4711, 1, "demo", 4712);
	forks(world, 4, 4711, 1, "demo", 4713);
	execs(world, 6, 4713, 4, "helper", "/opt/helper", "helper", 7);
	ends(world, 104, 4712, 3, "worker", 0, END_ZOMBIE, 4711, 1);
	tell(world, "adopt", 2104, 4711, 1, "demo");
	number(world, "child", 4713);
	number(world, "child_start", (int64_t)at_ms(4));
	number(world, "to", 1);
	number(world, "to_start", 50 * MS);
	number(world, "to_tid", 1);
	number(world, "rule", ADOPT_INIT);
	bytes(world, "to_comm", "systemd", 7);
	told(world);
	ends(world, 2105, 4711, 1, "demo", 3 << 8, END_ZOMBIE, 4000, -50);
	reaps(world, 2106, 4000, -50, "lifeline", 4711, 1, 3 << 8);
	finish(world, 2110, ENDED_COMMAND, 3 << 8);
}

static const struct verdict verdict_never_waited = {
    "zombie.never-waited", SEVERITY_WARNING, "a child was never waited for", "", "", ""};
static const struct verdict verdict_adopted = {"orphan.adopted", SEVERITY_NOTE, "outlived its parent", "", "", ""};
static const struct verdict verdict_crashed = {"exit.crashed", SEVERITY_ERROR, "crashed", "", "", ""};

static inline struct process_ref ref_at(uint32_t pid, long long started_ms)
{
	return (struct process_ref){pid, at_ms(started_ms)};
}

static inline void find_never_waited(struct world *world, uint32_t child, long long started_ms)
{
	const struct process *process = model_find(world->model, ref_at(child, started_ms));
	struct buffer detail = {0};
	struct finding finding;

	finding_begin(&finding, &verdict_never_waited, process);
	finding_title(&finding, "pid %u (%s) has been a zombie for 2.01 s; its parent 4711 (demo) never waited for it",
		      child, process->comm);
	finding_evidence(&finding, at_ms(started_ms), "4711 (demo) created %u", child);
	finding_evidence(&finding, at_ms(104), "%u ended with exit status 0", child);
	finding_evidence(&finding, at_ms(1105),
			 "4711 is sleeping in clock_nanosleep; it has made no wait call since the child was born, and "
			 "it does not ignore SIGCHLD, so the kernel keeps the status for it");
	finding_help(&finding,
		     "call waitpid(%u, &status, 0) in 4711, or wait(NULL) in a loop where SIGCHLD is handled\n"
		     "or, if nobody wants the status: signal(SIGCHLD, SIG_IGN) before fork",
		     child);
	buffer_text_append(&detail, "{\"parent_pid\":4711,\"parent_comm\":\"demo\",\"sigchld\":\"default\","
				    "\"zombie_ns\":2006000000,\"age_is_minimum\":false}");
	finding_detail(&finding, &detail);
	assert_int_equal(findings_add(world->findings, &finding, 1u << GROUP_WAIT | 1u << GROUP_LIFE), 0);
}

static inline void find_adopted(struct world *world, uint32_t child, long long started_ms)
{
	const struct process *process = model_find(world->model, ref_at(child, started_ms));
	struct finding finding;

	finding_begin(&finding, &verdict_adopted, process);
	finding_title(&finding, "%u (%s) outlived its parent 4711 (demo) and was adopted by 1 (systemd)", child,
		      process->comm);
	finding_evidence(&finding, at_ms(2104), "4711 (demo) ended; %u now belongs to 1 (systemd)", child);
	finding_help(&finding, "nothing, if it is meant to go on; else end it before its parent ends");
	assert_int_equal(findings_add(world->findings, &finding, 1u << GROUP_LIFE), 0);
}

/* What the sink wrote; free it. */
/* Not inlined: gcc 12 would think that what it returns points to its own variable. */
static __attribute__((unused, noinline)) char *written(struct world *world, const struct sink *sink)
{
	char *text = NULL;
	size_t size = 0;

	findings_sort(world->findings);
	world->context.out = open_memstream(&text, &size);
	assert_non_null(world->context.out);
	assert_int_equal(sink->close(&world->context, NULL), 0);
	assert_int_equal(fclose(world->context.out), 0);
	assert_int_equal(strlen(text), size);
	return text;
}

#endif
