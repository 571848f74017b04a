/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline attach`: observes what runs already, with its descendants.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/report.h"

#define PID_LIMIT 4194304 /* the kernel's PID_MAX_LIMIT on 64-bit machines */

struct attach_options {
	struct observe_options observe;
	struct option_list pids;
	bool all;
};

struct pids {
	pid_t *items;
	unsigned count;
};

static const struct option options[] = {
    {.name = "pid",
     .letter = 'p',
     .type = OPTION_LIST,
     .offset = offsetof(struct attach_options, pids),
     .value = "PID…",
     .help = "Observe this process and its descendants; can be repeated, or be a list such as 12,34."},
    {.name = "all",
     .type = OPTION_FLAG,
     .offset = offsetof(struct attach_options, all),
     .help = "Observe every process."},
    OBSERVE_OPTIONS(struct attach_options, observe., "standard output.", "End and report after that long."),
    {0},
};

static int add_pid(struct pids *pids, const char *word, struct error *error)
{
	pid_t *items;
	int64_t pid;

	if (text_parse_number(word, 1, PID_LIMIT, &pid) < 0) {
		error_set(error, -EINVAL, "'%s' is not the number of a process", word);
		error_hint(error, "give one to -p, such as -p %d, or several, such as -p 12,34", (int)getppid());
		return -EINVAL;
	}
	items = realloc(pids->items, (pids->count + 1) * sizeof(*items));
	if (!items)
		return error_errno(error, -ENOMEM, "cannot keep the list of processes");
	items[pids->count] = (pid_t)pid;
	pids->items = items;
	for (unsigned i = 0; i < pids->count; i++)
		if (items[i] == (pid_t)pid)
			return 0; /* named twice */
	pids->count++;
	return 0;
}

static int add_list(struct pids *pids, const char *list, struct error *error)
{
	char *copy = strdup(list);
	char *rest = copy;
	char *word;
	int err = 0;

	if (!copy)
		return error_errno(error, -ENOMEM, "cannot keep the list of processes");
	while (!err && (word = strsep(&rest, ", \t\n")))
		if (*word)
			err = add_pid(pids, word, error);
	free(copy);
	return err;
}

/* Also `-p 12 34`: with -p given, what is left over can only be more of them. */
static int read_pids(const struct attach_options *attach, int argument_count, char **arguments, struct pids *pids,
		     struct error *error)
{
	int err = 0;

	for (unsigned i = 0; !err && i < attach->pids.count; i++)
		err = add_list(pids, attach->pids.items[i], error);
	for (int i = 0; !err && i < argument_count; i++)
		err = add_list(pids, arguments[i], error);
	return err;
}

static int refuse_targets(const char *what, struct error *error)
{
	error_set(error, -EINVAL, "%s", what);
	error_hint(error, "write `lifeline attach -p PID`, or `lifeline attach --all`");
	return -EINVAL;
}

static int check_targets(const struct attach_options *attach, int argument_count, char **arguments, struct pids *pids,
			 struct error *error)
{
	int err;

	if (attach->all && attach->pids.count)
		return refuse_targets("attach takes either -p or --all, not both", error);
	if (!attach->pids.count && argument_count) {
		error_set(error, -EINVAL, "attach does not know what '%s' is", arguments[0]);
		error_hint(error, "processes are named with -p");
		return -EINVAL;
	}
	err = read_pids(attach, argument_count, arguments, pids, error);
	if (err < 0)
		return err;
	return attach->all || pids->count ? 0 : refuse_targets("attach was not told what to observe", error);
}

/* Nothing else is printed until the end: somebody at a terminal would wonder whether anything happens. */
static void say_armed(const struct observe_options *how, const struct live_options *live)
{
	if (how->report.quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "lifeline: observing %s; Ctrl-C ends it and reports\n",
		live->all ? "all processes" : "the given processes and their descendants");
}

static int observe(const struct observe_options *how, struct live_options *live)
{
	struct engine engine = {0};
	struct source *source;
	struct error error = {0};
	int status;

	observe_fill(how, live);
	if (source_live_open(live, &source, &error) < 0)
		return complain(&error);
	say_armed(how, live);
	status = report_source(&engine, source, &how->report, how->record, stdout);
	engine_free(&engine);
	return status;
}

static int run(void *data, int argument_count, char **arguments)
{
	const struct attach_options *attach = data;
	struct live_options live = {.mode = MODE_ATTACH, .all = attach->all};
	struct pids pids = {0};
	struct error error = {0};
	int status = EXIT_TROUBLE;

	if (check_targets(attach, argument_count, arguments, &pids, &error) < 0 ||
	    observe_check(&attach->observe, &error) < 0) {
		complain(&error);
	} else {
		live.pids = pids.items;
		live.pid_count = pids.count;
		status = observe(&attach->observe, &live);
	}
	free(pids.items);
	return status;
}

const struct command command_attach = {
    .name = "attach",
    .summary = "observe what runs already, with its descendants",
    .synopsis = "[options] (-p PID… | --all)",
    .description =
	"Observes processes that run already, and their descendants, until Ctrl-C, until --for is over, or until the "
	"last of them has ended; then reports. What happened before cannot be seen: the report says where it "
	"had to begin in the middle. Nothing is stopped or changed.",
    .options = options,
    .options_size = sizeof(struct attach_options),
    .examples = "sudo lifeline attach -p 4711 --for 30s\n"
		"sudo lifeline attach --all --for 1m --format json -o all.json\n"
		"sudo lifeline attach -p \"$(pgrep -d, nginx)\"",
    .run = run,
};
