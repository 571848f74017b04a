/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline zombies`: every zombie that exists now, by the parent that owes the wait; with --watch, observed for a
 * while, which tells what a look cannot: whether the parent waits at all, and how fast zombies gather.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/report.h"
#include "source/zombies.h"

#define PID_LIMIT 4194304 /* the kernel's PID_MAX_LIMIT on 64-bit machines */

struct zombies_command {
	struct report_options report;
	int64_t parent;
	uint64_t watch_ns;
	bool proc;
};

static const struct option options[] = {
    {.name = "parent",
     .letter = 'p',
     .type = OPTION_NUMBER,
     .offset = offsetof(struct zombies_command, parent),
     .value = "PPID",
     .low = 1,
     .high = PID_LIMIT,
     .help = "Only the zombies of this parent."},
    {.name = "watch",
     .type = OPTION_DURATION,
     .offset = offsetof(struct zombies_command, watch_ns),
     .value = "DURATION",
     .low = 1000000,
     .high = 86400000000000 * 365,
     .help = "Observe for that long: adds what the parents did meanwhile, the cause, and the rate."},
    {.name = "proc",
     .type = OPTION_FLAG,
     .offset = offsetof(struct zombies_command, proc),
     .help = "Read /proc, as where the kernel allows no BPF; takes as long as --zombie-after."},
    REPORT_OPTIONS(struct zombies_command, report., "standard output.", "1s", "10ms"),
    {0},
};

static const char *const zombies_alone[] = {"zombie", "lost", NULL};

static void tell_degraded(const struct zombies_options *how)
{
	if (how->without_bpf || !how->from_proc)
		return;
	fprintf(stderr, "lifeline: %s; read /proc instead: start times, ages and causes are less exact%s%s\n",
		how->refused.text, how->refused.hint[0] ? ". " : "", how->refused.hint);
}

static int look(const struct zombies_command *command)
{
	struct zombies_options how = {.parent = (pid_t)command->parent,
				      .zombie_after_ns = command->report.zombie_after_ns,
				      .without_bpf = command->proc};
	struct engine engine = {0};
	struct source *source;
	struct error error = {0};
	int status;

	observe_log(command->report.verbose);
	if (source_zombies_open(&how, &source, &error) < 0)
		return complain(&error);
	if (!command->report.quiet)
		tell_degraded(&how);
	tell_cost_of_others(&command->report);
	status = report_source(&engine, source, &command->report, NULL, stdout);
	engine_free(&engine);
	return status;
}

static int watch(const struct zombies_command *command)
{
	const pid_t parent = (pid_t)command->parent;
	const struct observe_options how = {.report = command->report, .for_ns = command->watch_ns};
	struct live_options live = {.mode = MODE_ATTACH, .all = !parent, .pids = &parent, .pid_count = parent ? 1 : 0};
	struct engine engine = {0};
	struct source *source;
	struct error error = {0};
	int status;

	observe_fill(&how, &live);
	if (source_live_open(&live, &source, &error) < 0)
		return complain(&error);
	tell_cost_of_others(&command->report);
	status = report_source(&engine, source, &command->report, NULL, stdout);
	engine_free(&engine);
	return status;
}

static int run(void *data, int argument_count, char **arguments)
{
	struct zombies_command *command = data;
	struct error error = {0};

	if (argument_count) {
		error_set(&error, -EINVAL, "zombies does not know what '%s' is", arguments[0]);
		error_hint(&error, "a parent is named with -p: `lifeline zombies -p PPID`");
		return complain(&error);
	}
	if (command->watch_ns && command->proc) {
		error_set(&error, -EINVAL, "--watch needs the kernel's events, which /proc does not tell");
		error_hint(&error, "leave out --proc");
		return complain(&error);
	}
	command->report.analyzers = zombies_alone;
	command->report.text_sink = "zombies";
	if (report_check(&command->report, stdout, &error) < 0)
		return complain(&error);
	return command->watch_ns ? watch(command) : look(command);
}

const struct command command_zombies = {
    .name = "zombies",
    .summary = "every zombie that exists now, who owes the wait, and what to do",
    .synopsis = "[-p PPID] [--watch DURATION] [options]",
    .description =
	"Looks once at all processes and lists those that are dead and not reaped, by the parent that owes the wait: "
	"how long they have been dead, how they ended, where they belong (cgroup, systemd unit, container), what the "
	"parent is doing. One that is stopped, traced, or waits for another child is named as the cause; whether a "
	"parent ever waits, one look cannot tell: --watch observes for a while, and can. Those dead for less than "
	"--zombie-after are listed, but are no finding: a parent may be about to reap them.\n"
	"Without the right to use BPF, /proc is read instead, and that is said.",
    .options = options,
    .options_size = sizeof(struct zombies_command),
    .examples = "sudo lifeline zombies\n"
		"sudo lifeline zombies --watch 30s -p 4711\n"
		"sudo lifeline zombies --format json --fail-on zombie",
    .run = run,
};
