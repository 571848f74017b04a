/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fork.failed: a process or thread could not be created, and which limit said no.
 *
 * The kernel asks in this order (kernel/fork.c, copy_process): RLIMIT_NPROC of the user, kernel.threads-max, a free pid
 * (kernel.pid_max), pids.max of each cgroup up to the root. The first three of EAGAIN cannot be told apart from
 * outside, except by the numbers as they stood at the refusal; where none of them was reached the report says
 * "unknown".
 */
#include <errno.h>
#include <string.h>

#include "analyze/analyzer.h"
#include "analyze/common/words.h"
#include "base/text.h"

#define UNLIMITED UINT64_MAX

static const struct verdict verdicts[] = {
	{
		.code = "fork.failed",
		.severity = SEVERITY_ERROR,
		.title = "a process or thread could not be created",
		.meaning =
		    "The kernel refused fork, vfork, clone or clone3. EAGAIN means that a limit on the number of "
		    "processes and threads was reached: that of the user (RLIMIT_NPROC, `ulimit -u`), of the "
		    "cgroup (pids.max, which containers and systemd's TasksMax set), or of the whole machine "
		    "(kernel.threads-max, kernel.pid_max). Threads count like processes, and so do zombies until "
		    "they are reaped. ENOMEM means that memory for the new task was not to be had, or that the "
		    "init of the pid namespace is dead, after which nobody can be born in it.",
		.confirm =
		    "ulimit -u; ps -L -u USER | wc -l; cat /proc/PID/limits\n"
		    "cat /proc/PID/cgroup, then pids.max, pids.current and pids.events in /sys/fs/cgroup/PATH\n"
		    "sysctl kernel.threads-max kernel.pid_max; ps -eLf | wc -l",
		.fix =
		    "Find out what uses the tasks before raising the limit: `lifeline zombies` shows dead "
		    "children that nobody reaps, `ps -eLf` the living threads. Then start fewer at a time, reap "
		    "the dead, or raise the limit that was hit: `ulimit -u`, /etc/security/limits.conf, TasksMax= "
		    "of the systemd unit, `docker run --pids-limit`, sysctl kernel.threads-max.",
	},
	{NULL},
};

enum limit { LIMIT_UNKNOWN, LIMIT_NPROC, LIMIT_PIDS, LIMIT_MEMORY };

static const char *const limit_names[] = {
    [LIMIT_UNKNOWN] = "unknown",
    [LIMIT_NPROC] = "RLIMIT_NPROC",
    [LIMIT_PIDS] = "pids.max",
    [LIMIT_MEMORY] = "memory",
};

/* Root is never held to RLIMIT_NPROC (copy_process asks for INIT_USER), whatever its value is. */
static enum limit limit_of(const struct fork_failure *failure)
{
	if (failure->error == -ENOMEM)
		return LIMIT_MEMORY;
	if (failure->uid != 0 && failure->nproc_limit != UNLIMITED && failure->nproc_count >= failure->nproc_limit)
		return LIMIT_NPROC;
	if (failure->pids_max != UNLIMITED && failure->pids_current >= failure->pids_max)
		return LIMIT_PIDS;
	return LIMIT_UNKNOWN;
}

static void write_limit(struct finding *finding, const struct model *model, const struct fork_failure *failure,
			enum limit limit)
{
	const char *path = model_cgroup_path(model, failure->pids_cgroup);
	const struct words call = words_syscall(model, (int)failure->call);

	switch (limit) {
	case LIMIT_NPROC:
		finding_evidence(finding, failure->at_ns,
				 "%s refused: user %u had %llu tasks, and RLIMIT_NPROC allows %llu", call.text,
				 failure->uid, (unsigned long long)failure->nproc_count,
				 (unsigned long long)failure->nproc_limit);
		finding_help(finding,
			     "See what the tasks of user %u are: ps -L -u %u -o pid,ppid,tid,stat,comm\n"
			     "Raise it where the program is started: ulimit -u N, LimitNPROC= in the systemd unit, or "
			     "nproc in /etc/security/limits.conf",
			     failure->uid, failure->uid);
		return;
	case LIMIT_PIDS:
		finding_evidence(
		    finding, failure->at_ns,
		    "%s refused: cgroup %s (%u level%s above the caller's) had %llu tasks, and its pids.max is %llu",
		    call.text, path ? path : "unknown", failure->pids_level, failure->pids_level == 1 ? "" : "s",
		    (unsigned long long)failure->pids_current, (unsigned long long)failure->pids_max);
		finding_help(
		    finding,
		    "See what the tasks are: cat /sys/fs/cgroup%s/cgroup.threads\n"
		    "Raise it: TasksMax= of the systemd unit, docker run --pids-limit N, podPidsLimit of the kubelet, "
		    "or pids.max itself",
		    path ? path : "/PATH");
		return;
	case LIMIT_MEMORY:
		finding_evidence(
		    finding, failure->at_ns,
		    "%s refused with ENOMEM: no memory for the task, or the init of its pid namespace is dead",
		    call.text);
		finding_help(
		    finding,
		    "Look at free -m and dmesg, at memory.max of its cgroup, and at vm.overcommit_memory (a "
		    "large process forks as if it were copied).\n"
		    "If PID 1 of its container is gone, nothing can be started in it any more: start a new one.");
		return;
	case LIMIT_UNKNOWN:
		finding_evidence(
		    finding, failure->at_ns,
		    "%s refused with EAGAIN; neither RLIMIT_NPROC nor pids.max of a cgroup was reached: which "
		    "limit it was is unknown",
		    call.text);
		finding_help(finding, "Compare the machine's own limits with what there is: sysctl kernel.threads-max "
				      "kernel.pid_max; ps -eLf | wc -l");
		return;
	}
}

static void write_number(struct json *json, const char *key, uint64_t value)
{
	if (value == UNLIMITED)
		json_key_null(json, key);
	else
		json_key_unsigned(json, key, value);
}

static void write_detail(struct finding *finding, const struct model *model, const struct fork_failure *failure,
			 enum limit limit)
{
	struct buffer buffer = {0};
	struct json json;

	json_begin(&json, &buffer, false);
	json_object_open(&json);
	json_key_string(&json, "error", text_errno_name(-failure->error));
	json_key_string(&json, "call", words_syscall(model, (int)failure->call).text);
	json_key_unsigned(&json, "count", failure->count);
	json_key_string(&json, "limit", limit_names[limit]);
	if (limit == LIMIT_NPROC) {
		json_key_unsigned(&json, "uid", failure->uid);
		write_number(&json, "value", failure->nproc_limit);
		write_number(&json, "current", failure->nproc_count);
	} else if (limit == LIMIT_PIDS) {
		json_key_string(&json, "cgroup", model_cgroup_path(model, failure->pids_cgroup));
		write_number(&json, "value", failure->pids_max);
		write_number(&json, "current", failure->pids_current);
	} else {
		json_key_null(&json, "value");
		json_key_null(&json, "current");
	}
	json_object_close(&json);
	finding_detail(finding, &buffer);
}

static int conclude(const struct analysis *analysis, const struct fork_failure *failure)
{
	const struct model *model = analysis->model;
	const enum limit limit = limit_of(failure);
	const char *error = text_errno_name(-failure->error);
	struct finding finding;

	finding_begin(&finding, &verdicts[0], NULL);
	finding.process = failure->who; /* also if its own birth was never told */
	memcpy(finding.comm, failure->comm, COMM_SIZE);
	finding.key = (uint64_t) - (int64_t)failure->error;
	finding_title(&finding, "%s could not create a process or thread: %s%s%s",
		      words_named(failure->comm, failure->who).text, error ? error : "an error",
		      limit == LIMIT_UNKNOWN ? ", for a limit that is not known" : ", the limit is ",
		      limit == LIMIT_UNKNOWN ? "" : limit_names[limit]);
	write_limit(&finding, model, failure, limit);
	if (failure->count > 1)
		finding_evidence(&finding, failure->last_ns, "refused %llu times until here",
				 (unsigned long long)failure->count);
	write_detail(&finding, model, failure, limit);
	return findings_add(analysis->findings, &finding, 0);
}

static int close_fork(const struct analysis *analysis, void *state)
{
	(void)state;
	for (const struct fork_failure *f = model_fork_failures(analysis->model); f; f = f->next) {
		const int error = f->error == -EAGAIN || f->error == -ENOMEM ? conclude(analysis, f) : 0;

		if (error)
			return error;
	}
	return 0;
}

const struct analyzer analyzer_fork = {
    .name = "fork",
    .verdicts = verdicts,
    .wants = 1u << GROUP_LIFE,
    .close = close_fork,
    .preview = close_fork,
};
