/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Why the kernel refused; see privilege.h. */
#include "source/privilege.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef CAP_BPF
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

static uint64_t effective_capabilities(void)
{
	uint64_t set = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %" SCNx64, &set) == 1)
			break;
	if (file)
		fclose(file);
	return set;
}

bool privilege_has(int capability)
{
	return effective_capabilities() >> capability & 1;
}

const char *privilege_lockdown(char *buffer, unsigned size)
{
	char line[256] = "", *start, *end;
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");

	buffer[0] = '\0';
	if (!file)
		return buffer;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	start = strchr(line, '[');
	end = start ? strchr(start, ']') : NULL;
	if (end)
		snprintf(buffer, size, "%.*s", (int)(end - start - 1), start + 1);
	return buffer;
}

const struct privilege privileges[] = {
    {CAP_BPF, "CAP_BPF", "loads programs and maps into the kernel", "nothing can be observed", true},
    {CAP_PERFMON, "CAP_PERFMON", "lets them read the kernel's memory", "nothing can be observed", true},
    {CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "reads other users' processes: paths, memory, namespaces",
     "of other users' processes, who holds a lock, names of locks, stacks and program paths stay unknown", false},
    {CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
     "reads what other users keep to themselves: /proc/PID/fd, program files",
     "of other users' processes, descriptors, system calls (from /proc) and unreadable program files stay unknown",
     false},
    {CAP_SETUID, "CAP_SETUID", "run -u USER", "run -u is refused", false},
    {CAP_SETGID, "CAP_SETGID", "run -u USER, with USER's groups", "run -u is refused", false},
    {CAP_KILL, "CAP_KILL", "passes Ctrl-C, SIGTERM and the end of --for on to CMD under run -u",
     "a CMD that runs as another user cannot be ended by lifeline", false},
};
const unsigned privilege_count = sizeof(privileges) / sizeof(privileges[0]);

bool privilege_granted(const struct privilege *privilege)
{
	return privilege_has(privilege->capability) || (privilege->core && privilege_has(CAP_SYS_ADMIN));
}

const char *privilege_cost_of_others(void)
{
	const bool ptrace = privilege_has(CAP_SYS_PTRACE), read = privilege_has(CAP_DAC_READ_SEARCH);

	if (ptrace && read)
		return NULL;
	if (!ptrace)
		return read ? "CAP_SYS_PTRACE is missing: paths, memory and stacks of other users' processes stay "
			      "unknown"
			    : "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are missing: paths, memory, stacks and "
			      "descriptors of "
			      "other users' processes stay unknown";
	return "CAP_DAC_READ_SEARCH is missing: descriptors and unreadable program files of other users' processes "
	       "stay "
	       "unknown";
}

const char *privilege_cost_of_user(void)
{
	return privilege_has(CAP_KILL)
		   ? NULL
		   : "CAP_KILL is missing: a command that runs as another user hears nothing of SIGTERM "
		     "to lifeline, and --for does not end it";
}

static const char *missing_capabilities(void)
{
	const bool bpf = privilege_granted(&privileges[0]), perfmon = privilege_granted(&privileges[1]);

	if (!bpf && !perfmon)
		return "CAP_BPF and CAP_PERFMON are";
	if (!bpf)
		return "CAP_BPF is";
	return perfmon ? NULL : "CAP_PERFMON is";
}

int privilege_explain(int code, const char *attempt, struct error *error)
{
	const char *missing = missing_capabilities();
	char lockdown[32];

	if (missing && (code == -EPERM || code == -EACCES)) {
		error_set(error, code, "cannot %s: %s missing", attempt, missing);
		error_hint(error, "run it with sudo, or once: " PRIVILEGE_SETCAP " LIFELINE");
		return code;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		error_set(error, code, "cannot %s: this kernel has no type information (/sys/kernel/btf/vmlinux)",
			  attempt);
		error_hint(error,
			   "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as those of all large distributions are");
		return code;
	}
	if (!strcmp(privilege_lockdown(lockdown, sizeof(lockdown)), "confidentiality")) {
		error_set(error, code,
			  "cannot %s: the kernel is locked down (confidentiality), which forbids reading its memory",
			  attempt);
		error_hint(error, "boot with lockdown=integrity or without lockdown");
		return code;
	}
	error_errno(error, code, "cannot %s", attempt);
	error_hint(error, code == -EPERM
			      ? "a container's seccomp profile may forbid bpf(2): run on the host"
			      : "'lifeline doctor' tells what this kernel allows; -vv shows the kernel's own words");
	return code;
}
