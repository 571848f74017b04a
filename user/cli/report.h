/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What run, attach, report and demo have in common: their options, and the way from a source to a written report and an
 * exit status.
 */
#ifndef LIFELINE_CLI_REPORT_H
#define LIFELINE_CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/engine.h"
#include "source/live.h"

struct report_options {
	const char *output;
	int format; /* index into REPORT_FORMATS */
	int color;  /* enum color_mode */
	bool quiet;
	int verbose;
	const char *fail_on;
	uint64_t zombie_after_ns, contended_after_ns; /* 0: as recorded */
	struct option_list exports;
	bool follow;	      /* of the live commands: see cli/follow.h */
	uint64_t interval_ns; /* 0: no counters */
	/* set by a command for itself, not by options: */
	const char *const *analyzers; /* as in engine_options; NULL: all */
	const char *text_sink;	      /* who writes --format text; NULL: "text" */
	const struct retire_rule *retire; /* as in engine_options */
};

#define REPORT_FORMATS "text|json"
#define REPORT_JSON 1

#define EXPORT_OPTION(owner, member)                                                                                   \
	{                                                                                                              \
		.name = "export", .type = OPTION_LIST, .offset = offsetof(owner, member), .value = "FORMAT:FILE",      \
		.help = "Also write an export, as `lifeline export FORMAT` does, to FILE (0600, whole or not at all); "\
			"- is standard output. Can be given several times."                                            \
	}

/* Rows of an option table; `member` leads to the struct report_options within `owner`: `report.`, or nothing if it is
 * one. */
#define REPORT_OPTIONS(owner, member, where, zombie_after, contended_after)                                            \
	{.name = "output",                                                                                             \
	 .letter = 'o',                                                                                                \
	 .type = OPTION_TEXT,                                                                                          \
	 .offset = offsetof(owner, member output),                                                                     \
	 .value = "FILE",                                                                                              \
	 .help = "Write the report to FILE (0600, whole or not at all); - is standard output. Default: " where},       \
	    {.name = "format",                                                                                         \
	     .type = OPTION_CHOICE,                                                                                    \
	     .offset = offsetof(owner, member format),                                                                 \
	     .choices = REPORT_FORMATS,                                                                                \
	     .preset = "text",                                                                                         \
	     .help = "For people, or one JSON document (`lifeline --json-schema` describes it)."},                     \
	    {.name = "zombie-after",                                                                                   \
	     .type = OPTION_DURATION,                                                                                  \
	     .offset = offsetof(owner, member zombie_after_ns),                                                        \
	     .value = "DURATION",                                                                                      \
	     .preset = zombie_after,                                                                                   \
	     .low = 1000000,                                                                                           \
	     .high = 86400000000000,                                                                                   \
	     .help = "A death not reaped for longer than this is a zombie verdict."},                                  \
	    {.name = "contended-after",                                                                                \
	     .type = OPTION_DURATION,                                                                                  \
	     .offset = offsetof(owner, member contended_after_ns),                                                     \
	     .value = "DURATION",                                                                                      \
	     .preset = contended_after,                                                                                \
	     .low = 1,                                                                                                 \
	     .high = 86400000000000,                                                                                   \
	     .help = "Summed waiting for one lock beyond this is a contention verdict."},                              \
	    {.name = "fail-on",                                                                                        \
	     .type = OPTION_TEXT,                                                                                      \
	     .offset = offsetof(owner, member fail_on),                                                                \
	     .value = "CODE[,CODE…]",                                                                                  \
	     .help = "Exit with 99 if such a verdict was reached; a kind (zombie) covers its codes, `any` covers "     \
		     "warnings and errors."},                                                                          \
	    {.name = "quiet",                                                                                          \
	     .letter = 'q',                                                                                            \
	     .type = OPTION_FLAG,                                                                                      \
	     .offset = offsetof(owner, member quiet),                                                                  \
	     .help = "Findings only: no tree, no tables, nothing if there is none."},                                  \
	    {.name = "verbose",                                                                                        \
	     .letter = 'v',                                                                                            \
	     .type = OPTION_COUNT,                                                                                     \
	     .offset = offsetof(owner, member verbose),                                                                \
	     .help = "Tell more, also of lifeline's own work; twice: messages of libbpf."},                            \
	{                                                                                                              \
		.name = "color", .type = OPTION_CHOICE, .offset = offsetof(owner, member color),                       \
		.choices = "auto|always|never", .preset = "auto",                                                      \
		.help = "Colours; auto: on a terminal, unless NO_COLOR is set."                                        \
	}, EXPORT_OPTION(owner, member exports)

struct observe_options { /* of the live commands */
	struct report_options report;
	const char *record;
	uint64_t for_ns, buffer_bytes;
	int locks; /* enum lock_mode */
	int switches; /* index into SWITCHES */
};

#define SWITCHES "sum|all"
#define SWITCHES_ALL 1

enum lock_mode { LOCKS_CONTENDED, LOCKS_ALL, LOCKS_OFF };
#define LOCK_MODES "contended|all|off"


#define OBSERVE_OPTIONS(owner, member, where, for_help)                                                                \
	REPORT_OPTIONS(owner, member report., where, "1s", "10ms"),                                                  \
	    {.name = "record",                                                                                         \
	     .type = OPTION_TEXT,                                                                                      \
	     .offset = offsetof(owner, member record),                                                                 \
	     .value = "FILE",                                                                                          \
	     .help = "Also write the trace to FILE, for `lifeline report FILE`."},                                     \
	    {.name = "locks",                                                                                          \
	     .type = OPTION_CHOICE,                                                                                    \
	     .offset = offsetof(owner, member locks),                                                                  \
	     .choices = LOCK_MODES,                                                                                    \
	     .preset = "contended",                                                                                    \
	     .help = "contended: who waits for which lock, without a probe in the program; all: also how often each "  \
		     "lock is taken, for how long it is held, and in which order locks are taken, by probes on "       \
		     "glibc's lock functions (what a call costs then is told at the start); off: nothing of locks is " \
		     "loaded or told."},                                                                               \
	    {.name = "switches",                                                                                       \
	     .type = OPTION_CHOICE,                                                                                    \
	     .offset = offsetof(owner, member switches),                                                               \
	     .choices = SWITCHES,                                                                                      \
	     .preset = "sum",                                                                                          \
	     .help = "Context switches: counted in the kernel, or each one an event as well, for --record and "        \
		     "--export (what that costs is in docs/export.md)."},                                              \
	    {.name = "for",                                                                                            \
	     .type = OPTION_DURATION,                                                                                  \
	     .offset = offsetof(owner, member for_ns),                                                                 \
	     .value = "DURATION",                                                                                      \
	     .low = 1000000,                                                                                           \
	     .high = 86400000000000 * 365,                                                                             \
	     .help = for_help},                                                                                        \
	    {.name = "follow",                                                                                         \
	     .type = OPTION_FLAG,                                                                                      \
	     .offset = offsetof(owner, member report.follow),                                                          \
	     .help = "Tell findings as they come, each once, on standard error: a line each, or with --format json an "\
		     "object each."},                                                                                  \
	    {.name = "interval",                                                                                       \
	     .type = OPTION_DURATION,                                                                                  \
	     .offset = offsetof(owner, member report.interval_ns),                                                     \
	     .value = "DURATION",                                                                                      \
	     .low = 100000000,                                                                                         \
	     .high = 86400000000000,                                                                                   \
	     .help = "Each DURATION, and at the end, tell counters on standard error: processes forked, exited, "     \
		     "reaped, zombies now, switches, events, losses; since the beginning, and since the last time."},  \
	{                                                                                                              \
		.name = "buffer", .type = OPTION_SIZE, .offset = offsetof(owner, member buffer_bytes),                 \
		.value = "SIZE", .low = 65536, .high = 1 << 30,                                                        \
		.help = "Memory between kernel and lifeline (such as 16M); larger helps if events were lost."          \
	}

#define LINGER_OPTION(owner, member)                                                                                   \
	{                                                                                                              \
		.name = "linger", .type = OPTION_DURATION, .offset = offsetof(owner, member),                          \
		.value = "DURATION|forever", .special = "forever", .preset = "0s",                                     \
		.help = "When CMD has ended and descendants live on, observe them for that long; forever: until the "  \
			"last is "                                                                                     \
			"gone."                                                                                        \
	}

/* What can be refused before anything is started or read. `standard`: where the report goes without -o. */
int report_check(const struct report_options *options, FILE *standard, struct error *error);
int observe_check(const struct observe_options *options, FILE *standard, struct error *error);

/* Opens a trace, or a text scenario by its name's end (.ev). */
int report_open_trace(const char *path, struct source **source, struct error *error);
/* A trace that was cut off: what it holds has been told, which is not the whole story. 125 with that said, or 0. */
int report_tell_cut(const struct engine *engine, const char *path);

/* The parts of live_options that all live commands fill in the same way. */
void observe_fill(const struct observe_options *options, struct live_options *live);
/* What libbpf says goes to stderr: its warnings from -vv on, all of it from -vvv on. */
/* Says on stderr what missing capabilities cost where processes of others are looked at. */
void tell_cost_of_others(const struct report_options *options);
/* The same where CMD runs as another user. */
void tell_cost_of_user(const struct report_options *options);
void observe_log(int verbose);

/* Writes the report of a finished engine. -EPIPE, -ENOSPC, … with the error in words. */
int report_write(const struct engine *engine, const struct report_options *options, FILE *standard,
		 struct error *error);

/* The JSON document of a finished engine as text, to be freed. */
int report_render(const struct engine *engine, char **text, struct error *error);

/*
 * Runs the source to its end, with all exports, closes it, and writes the report to options->output, or `standard`
 * (NULL: no report, exports are all that is wanted). The exit status: 125
 * with the reason told if something failed, 99 if --fail-on matched, else 0. The engine is filled: engine_free it.
 */
int report_source(struct engine *engine, struct source *source, const struct report_options *options,
		  const char *record, FILE *standard);

/* run's exit status: CMD's own, 128+N if a signal ended it or, with CMD alive, the observation; 0 if nothing was run.
 */
int report_command_status(const struct engine *engine);

#endif
