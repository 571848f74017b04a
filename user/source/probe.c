/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What works here, for doctor: each capability is tried with the very programs that observation would load. */
#include "source/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "source/live_internal.h"
#include "source/privilege.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* bpftool's generated code */
#include "lifeline.skel.h"
#pragma GCC diagnostic pop

#define NAMES_MAX 5

/* One capability: the programs that it takes, what is lost without it, and how it works when it does. */
struct trial {
	const char *name;
	const char *programs[NAMES_MAX];
	const char *how;
	const char *loses;
	bool core;
};

static const struct trial trials[] = {
    {"births, execs and ends",
     {"ll_newtask", "ll_exec", "ll_exit", "ll_switch", "ll_free"},
     "BTF tracepoints task_newtask, sched_process_exec, sched_process_exit, and the last sched_switch",
     "nothing can be observed without it",
     true},
    {"waits and their targets",
     {"ll_wait"},
     "BTF tracepoint sched_process_wait, arguments from the saved registers",
     "who waits for whom stays unknown: zombies cannot be explained",
     true},
    {"reaps and refused forks", {NULL}, NULL, "who reaped whom, and when, stays unknown", true},
    {"signals and who sent them",
     {"ll_signal"},
     "BTF tracepoint signal_generate",
     "exit.killed cannot name the sender",
     false},
    {"kills by the OOM killer",
     {"ll_oom"},
     "raw tracepoint mark_victim",
     "exit.oom cannot be told from other SIGKILLs",
     false},
    {"waits for locks on files",
     {"ll_posix_lock", "ll_flock"},
     "BTF tracepoints posix_lock_inode and flock_lock_inode",
     "waits for flock and fcntl locks are not told",
     false},
    {"who wakes whom", {"ll_waking"}, "BTF tracepoint sched_waking", "switch.ping-pong cannot be seen", false},
    {"names of threads", {"ll_rename"}, "BTF tracepoint task_rename", "changed thread names are not followed", false},
    {"what runs already (attach), parents of zombies",
     {"ll_iterate"},
     "task iterator",
     "attach is impossible, and why a zombie is not reaped stays unknown",
     true},
};

static bool named(const char *const names[NAMES_MAX], const char *name)
{
	for (int i = 0; i < NAMES_MAX && names[i]; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static int try_programs(const char *const names[NAMES_MAX])
{
	struct lifeline_bpf *skeleton = lifeline_bpf__open();
	struct bpf_program *program;
	int result;

	if (!skeleton)
		return -errno;
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, named(names, bpf_program__name(program)));
	bpf_program__set_autoattach(skeleton->progs.ll_iterate, false);
	result = lifeline_bpf__load(skeleton);
	if (!result)
		result = lifeline_bpf__attach(skeleton);
	lifeline_bpf__destroy(skeleton);
	return result;
}

static void refuse(struct capability *capability, int result, const char *loses)
{
	struct error error = {0};

	capability->state = capability->core ? CAPABILITY_IMPOSSIBLE : CAPABILITY_DEGRADED;
	privilege_explain(result, "be used", &error);
	snprintf(capability->why, sizeof(capability->why), "%s: it %.180s", loses, error.text);
	snprintf(capability->fix, sizeof(capability->fix), "%.300s", error.hint);
}

/* Either way of seeing the return of a wait will do; which one is in use is worth telling. */
static void try_call_hook(struct capability *capability, const char *loses)
{
	static const char *const single[NAMES_MAX] = {"ll_fx_wait4", "ll_fx_waitid", "ll_fx_clone"};
	static const char *const all[NAMES_MAX] = {"ll_sysexit"};
	int result;

	if (live_bpf_single_calls() && !try_programs(single)) {
		snprintf(capability->how, sizeof(capability->how),
			 "attach: fexit on each of these calls, no cost to others, busy polling not seen; run: BTF "
			 "tracepoint sys_exit, quicker to remove");
		return;
	}
	result = try_programs(all);
	if (result) {
		refuse(capability, result, loses);
		return;
	}
	snprintf(capability->how, sizeof(capability->how),
		 "BTF tracepoint sys_exit, filtered by number (fexit on single calls is refused here)");
}

static void run_trial(const struct trial *trial, struct capability *capability)
{
	int result;

	capability->name = trial->name;
	capability->core = trial->core;
	if (!trial->programs[0]) {
		try_call_hook(capability, trial->loses);
		return;
	}
	result = try_programs(trial->programs);
	if (result)
		refuse(capability, result, trial->loses);
	else
		snprintf(capability->how, sizeof(capability->how), "%s", trial->how);
}

static void check_type_information(struct capability *capability)
{
	capability->name = "kernel type information";
	capability->core = true;
	snprintf(capability->how, sizeof(capability->how), "/sys/kernel/btf/vmlinux");
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		return;
	capability->state = CAPABILITY_IMPOSSIBLE;
	snprintf(capability->why, sizeof(capability->why), "there is no /sys/kernel/btf/vmlinux: %s", strerror(errno));
	snprintf(capability->fix, sizeof(capability->fix),
		 "use a kernel built with CONFIG_DEBUG_INFO_BTF=y; mount /sys in a container");
}

static void check_privileges(struct capability *capability)
{
	const bool admin = privilege_has(CAP_SYS_ADMIN);

	capability->name = "privileges";
	capability->core = true;
	snprintf(capability->how, sizeof(capability->how), "%s", geteuid() ? "capabilities" : "root");
	snprintf(capability->fix, sizeof(capability->fix),
		 "sudo, or: sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep on the program");
	if (!admin && (!privilege_has(CAP_BPF) || !privilege_has(CAP_PERFMON))) {
		capability->state = CAPABILITY_IMPOSSIBLE;
		snprintf(capability->why, sizeof(capability->why), "missing:%s%s",
			 privilege_has(CAP_BPF) ? "" : " CAP_BPF (load programs)",
			 privilege_has(CAP_PERFMON) ? "" : " CAP_PERFMON (read kernel memory)");
	} else if (!privilege_has(CAP_SYS_PTRACE)) {
		capability->state = CAPABILITY_DEGRADED;
		snprintf(capability->why, sizeof(capability->why),
			 "without CAP_SYS_PTRACE the program paths of other users' processes are unknown in attach");
	} else {
		capability->fix[0] = '\0';
	}
}

static void check_lockdown(struct capability *capability)
{
	char state[32];

	privilege_lockdown(state, sizeof(state));
	capability->name = "kernel lockdown";
	capability->core = true;
	snprintf(capability->how, sizeof(capability->how), "%s", *state ? state : "off");
	if (strcmp(state, "confidentiality"))
		return;
	capability->state = CAPABILITY_IMPOSSIBLE;
	snprintf(capability->why, sizeof(capability->why), "lockdown=confidentiality forbids reading kernel memory");
	snprintf(capability->fix, sizeof(capability->fix), "boot with lockdown=integrity or without lockdown");
}

static void check_user_switch(struct capability *capability)
{
	capability->name = "running CMD as another user (-u)";
	snprintf(capability->how, sizeof(capability->how), "setuid, all capabilities dropped");
	if (privilege_has(CAP_SETUID) && privilege_has(CAP_SETGID))
		return;
	capability->state = CAPABILITY_DEGRADED;
	snprintf(capability->why, sizeof(capability->why),
		 "CAP_SETUID and CAP_SETGID are missing: CMD runs as the caller");
	snprintf(capability->fix, sizeof(capability->fix), "sudo");
}

int probe_run(void (*tell)(void *context, const struct capability *capability), void *context, struct error *error)
{
	static void (*const checks[])(struct capability *) = {check_type_information, check_privileges, check_lockdown,
							      check_user_switch};

	(void)error;
	libbpf_set_print(NULL);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct capability capability = {0};

		checks[i](&capability);
		tell(context, &capability);
	}
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		struct capability capability = {0};

		run_trial(&trials[i], &capability);
		tell(context, &capability);
	}
	return 0;
}
