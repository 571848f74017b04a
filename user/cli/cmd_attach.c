/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline attach`: observes what runs already, with its descendants.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/report.h"

#define PID_LIMIT 4194304 /* the kernel's PID_MAX_LIMIT on 64-bit machines */

struct attach_options {
	struct observe_options observe;
	struct option_list pids, cgroups;
	const char *comm, *user;
	int64_t in_ns;
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
     .help = "Observe this process and its descendants; can be repeated, or be a list such as 12,34. Of a container's "
	     "PID 1: also who enters the container (docker exec)."},
    {.name = "in-ns",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct attach_options, in_ns),
     .value = "PID",
     .low = 1,
     .high = PID_LIMIT,
     .help = "The numbers given to -p are those in the pid namespace of process PID (a container's)."},
    {.name = "cgroup",
     .letter = 'g',
     .type = OPTION_LIST,
     .offset = offsetof(struct attach_options, cgroups),
     .value = "CGROUP",
     .help = "Observe the members of this control group, and who enters it later: a systemd unit (nginx.service), a "
	     "container's id, a path (/docker/ID) or a folder (/sys/fs/cgroup/…); can be repeated."},
    {.name = "comm",
     .type = OPTION_TEXT,
     .offset = offsetof(struct attach_options, comm),
     .value = "NAME",
     .help = "Observe the processes of this name, and those that get it by exec later."},
    {.name = "uid",
     .type = OPTION_TEXT,
     .offset = offsetof(struct attach_options, user),
     .value = "USER",
     .help = "Observe the processes of this user (name or number), and those that call exec as it later."},
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
	error_hint(error, "write `lifeline attach -p PID`, -g CGROUP, --comm NAME, --uid USER, or --all");
	return -EINVAL;
}

static bool selects(const struct attach_options *attach)
{
	return attach->pids.count || attach->cgroups.count || attach->comm || attach->user;
}

static int check_targets(const struct attach_options *attach, int argument_count, char **arguments, struct pids *pids,
			 struct error *error)
{
	int err;

	if (attach->all && selects(attach))
		return refuse_targets("attach takes either --all or what to select, not both", error);
	if (attach->in_ns && !attach->pids.count)
		return refuse_targets("--in-ns says how to read the numbers of -p, and there is no -p", error);
	if (attach->comm && !*attach->comm)
		return refuse_targets("--comm lacks a name", error);
	if (!attach->pids.count && argument_count) {
		error_set(error, -EINVAL, "attach does not know what '%s' is", arguments[0]);
		error_hint(error, "processes are named with -p");
		return -EINVAL;
	}
	err = read_pids(attach, argument_count, arguments, pids, error);
	if (err < 0)
		return err;
	return attach->all || selects(attach) ? 0 : refuse_targets("attach was not told what to observe", error);
}

static int find_user(const char *name, uint32_t *uid, struct error *error)
{
	const struct passwd *user;
	int64_t number;

	if (!text_parse_number(name, 0, UINT32_MAX, &number)) {
		*uid = (uint32_t)number;
		return 0;
	}
	user = getpwnam(name);
	if (!user) {
		error_set(error, -ENOENT, "there is no user '%s'", name);
		error_hint(error, "give --uid a name of /etc/passwd, or a number");
		return -ENOENT;
	}
	*uid = user->pw_uid;
	return 0;
}

/* Nothing else is printed until the end: somebody at a terminal would wonder whether anything happens. */
static void say_armed(const struct observe_options *how, const struct live_options *live)
{
	if (how->report.quiet || (!isatty(STDERR_FILENO) && !how->report.verbose))
		return;
	fprintf(stderr, "lifeline: observing %s; Ctrl-C ends it and reports\n",
		live->all ? "all processes" : "the selected processes and their descendants");
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
	tell_cost_of_others(&how->report);
	say_armed(how, live);
	status = report_source(&engine, source, &how->report, how->record, stdout);
	engine_free(&engine);
	return status;
}

static int check_locks(const struct attach_options *attach, struct error *error)
{
	if (!attach->all || attach->observe.locks != LOCKS_ALL)
		return 0;
	error_set(error, -EINVAL, "--locks all needs to be told whose locks, not --all");
	error_hint(error, "it makes each call of a lock function slow; name targets by -p, -g, --comm or --uid");
	return -EINVAL;
}

static int run(void *data, int argument_count, char **arguments)
{
	const struct attach_options *attach = data;
	struct live_options live = {.mode = MODE_ATTACH, .all = attach->all};
	struct pids pids = {0};
	struct error error = {0};
	int status = EXIT_TROUBLE;

	if (check_targets(attach, argument_count, arguments, &pids, &error) < 0 || check_locks(attach, &error) < 0 ||
	    (attach->user && find_user(attach->user, &live.uid, &error) < 0) ||
	    observe_check(&attach->observe, stdout, &error) < 0) {
		complain(&error);
	} else {
		live.pids = pids.items;
		live.pid_count = pids.count;
		live.in_ns = (pid_t)attach->in_ns;
		live.cgroups = attach->cgroups.items;
		live.cgroup_count = attach->cgroups.count;
		live.comm = attach->comm;
		live.by_uid = attach->user != NULL;
		status = observe(&attach->observe, &live);
	}
	free(pids.items);
	return status;
}

const struct command command_attach = {
    .name = "attach",
    .summary = "observe what runs already, with its descendants",
    .synopsis = "[options] (-p PID… | -g CGROUP… | --comm NAME | --uid USER | --all)",
    .description =
	"Observes processes that run already, and their descendants, until Ctrl-C, until --for is over, or until the "
	"last of them has ended; then reports. What happened before cannot be seen: the report says where it "
	"had to begin in the middle. Nothing is stopped or changed.",
    .takes = "PID…",
    .options = options,
    .options_size = sizeof(struct attach_options),
    .examples = "sudo lifeline attach -p 4711 --for 30s\n"
		"sudo lifeline attach --all --for 1m --format json -o all.json\n"
		"sudo lifeline attach -p \"$(pgrep -d, nginx)\"\n"
		"sudo lifeline attach -g nginx.service --for 10m\n"
		"sudo lifeline attach -p 1 --in-ns 4711",
    .run = run,
};
