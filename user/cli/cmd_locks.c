/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline locks PID`: who waits for which lock in a process now, who holds it and where; and, if it hangs, the cycle.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/report.h"
#include "source/locks.h"

#define PID_LIMIT 4194304 /* the kernel's PID_MAX_LIMIT on 64-bit machines */

struct locks_command {
	struct report_options report;
	bool proc;
};

static const struct option options[] = {
    {.name = "proc",
     .type = OPTION_FLAG,
     .offset = offsetof(struct locks_command, proc),
     .help = "Read /proc, as where the kernel allows no BPF."},
    REPORT_OPTIONS(struct locks_command, report., "standard output.", "1s", "10ms"),
    {0},
};

static const char *const locks_alone[] = {"lock", "deadlock", "lost", NULL};

static void tell_degraded(const struct locks_options *how)
{
	if (how->without_bpf || !how->from_proc)
		return;
	fprintf(stderr,
		"lifeline: %s; read /proc instead: since when threads are blocked is not known, stacks can be "
		"cut%s%s\n",
		how->refused.text, how->refused.hint[0] ? ". " : "", how->refused.hint);
}

static int read_pid(int argument_count, char **arguments, pid_t *pid, struct error *error)
{
	int64_t number;

	if (argument_count == 1 && !text_parse_number(arguments[0], 1, PID_LIMIT, &number)) {
		*pid = (pid_t)number;
		return 0;
	}
	if (!argument_count)
		error_set(error, -EINVAL, "locks lacks the process to look at");
	else if (argument_count > 1)
		error_set(error, -EINVAL, "locks looks at one process, not at %d", argument_count);
	else
		error_set(error, -EINVAL, "'%s' is not the number of a process", arguments[0]);
	error_hint(error, "write `lifeline locks PID`");
	return -EINVAL;
}

static int run(void *data, int argument_count, char **arguments)
{
	struct locks_command *command = data;
	struct locks_options how = {.without_bpf = command->proc};
	struct engine engine = {0};
	struct source *source;
	struct error error = {0};
	int status;

	if (read_pid(argument_count, arguments, &how.pid, &error) < 0)
		return complain(&error);
	command->report.analyzers = locks_alone;
	if (report_check(&command->report, stdout, &error) < 0)
		return complain(&error);
	observe_log(command->report.verbose);
	if (source_locks_open(&how, &source, &error) < 0)
		return complain(&error);
	if (!command->report.quiet)
		tell_degraded(&how);
	status = report_source(&engine, source, &command->report, NULL, stdout);
	engine_free(&engine);
	return status;
}

const struct command command_locks = {
    .name = "locks",
    .summary = "who waits for which lock in a process now, who holds it, and the deadlock if there is one",
    .synopsis = "PID [options]",
    .description =
	"Looks twice, a moment apart, at every thread of a process that runs already, or hangs already: what it waits "
	"for, who holds that, where in the program each of them is, and the chain from waiter to holder. Threads that "
	"wait for each other in a circle, and have not moved between the two looks, are a deadlock. Processes that "
	"hold what it waits for are looked at as well.\n"
	"The process is not stopped, traced or changed. Who holds is read from the lock itself where its form is "
	"known (mutexes and rwlocks of glibc, PI mutexes); else it is unknown.\n"
	"Without the right to use BPF, /proc is read instead, and that is said.",
    .takes = "PID",
    .options = options,
    .options_size = sizeof(struct locks_command),
    .examples = "sudo lifeline locks 4711\n"
		"sudo lifeline locks 4711 --format json --fail-on deadlock",
    .run = run,
};
