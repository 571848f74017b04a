/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What works here that is no program of lifeline's: types of the kernel, capabilities one by one, settings of the
 * kernel and of /proc that take something away. Tried where it can be tried. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/privilege.h"
#include "source/probe_internal.h"

#define SAY(field, ...) snprintf(capability->field, sizeof(capability->field), __VA_ARGS__)

static void take_away(struct capability *capability)
{
	capability->state = capability->core ? CAPABILITY_IMPOSSIBLE : CAPABILITY_DEGRADED;
}

/* First line of a small file, without its end; false if there is none. */
static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	const bool read = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (read)
		line[strcspn(line, "\n")] = '\0';
	return read;
}

/* -1: there is no such setting */
static int read_setting(const char *path)
{
	char line[64];

	return read_line(path, line, sizeof(line)) ? atoi(line) : -1;
}

static void check_type_information(struct capability *capability)
{
	capability->name = "kernel type information";
	capability->core = true;
	SAY(how, "/sys/kernel/btf/vmlinux");
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		return;
	take_away(capability);
	SAY(why, "there is no /sys/kernel/btf/vmlinux: %s", strerror(errno));
	SAY(fix, "use a kernel built with CONFIG_DEBUG_INFO_BTF=y; mount /sys in a container");
}

static void check_lockdown(struct capability *capability)
{
	char state[32];

	privilege_lockdown(state, sizeof(state));
	capability->name = "kernel lockdown";
	capability->core = true;
	SAY(how, "%s", *state ? state : "off");
	if (strcmp(state, "confidentiality"))
		return;
	take_away(capability);
	SAY(why, "lockdown=confidentiality forbids reading kernel memory");
	SAY(fix, "boot with lockdown=integrity or without lockdown");
}

static void check_ring(struct capability *capability)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ll_try", 0, 0, 65536, NULL), failure = -errno;

	capability->name = "ring buffer";
	capability->core = true;
	SAY(how, "BPF_MAP_TYPE_RINGBUF");
	if (fd >= 0)
		close(fd);
	else
		probe_refuse(capability, failure, "no event reaches lifeline without it");
}

/* Yama asks who an attach is for, also when memory is read (Documentation/admin-guide/LSM/Yama.rst). */
static const char *yama_words(int scope)
{
	if (scope >= 3)
		return "yama's ptrace_scope is 3: nobody reads memory of others, not even root";
	if (scope >= 1 && !privilege_has(CAP_SYS_PTRACE))
		return "yama's ptrace_scope: without CAP_SYS_PTRACE only memory of lifeline's own children is read";
	return NULL;
}

static bool can_read_child(void)
{
	static volatile char here = 'y';
	char byte = 0;
	struct iovec to = {&byte, 1}, from = {(void *)(uintptr_t)&here, 1};
	pid_t child = fork();
	bool read;

	if (child < 0)
		return false;
	if (!child)
		for (;;)
			pause();
	read = process_vm_readv(child, &to, 1, &from, 1, 0) == 1 && byte == 'y';
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return read;
}

static void check_memory(struct capability *capability)
{
	const char *yama = yama_words(read_setting("/proc/sys/kernel/yama/ptrace_scope"));
	const bool reads = can_read_child();

	capability->name = "memory of processes";
	SAY(how, "process_vm_readv, nothing is stopped");
	if (reads && !yama)
		return;
	take_away(capability);
	SAY(why, "%s: who holds a lock, and stacks, stay unknown",
	    yama ? yama : "the kernel refuses process_vm_readv even for an own child (seccomp?)");
	SAY(fix, "%s",
	    yama ? "sysctl kernel.yama.ptrace_scope=0, or CAP_SYS_PTRACE for values below 3"
		 : "allow process_vm_readv in the container's seccomp profile");
}

/* Options of the mount that lifeline reads: the last one on /proc. */
static bool proc_options(char *options, size_t size)
{
	char line[1024], type[64], place[256], found[512];
	FILE *file = fopen("/proc/self/mounts", "re");
	bool any = false;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %255s %63s %511s", place, type, found) != 3 || strcmp(place, "/proc"))
			continue;
		any = !strcmp(type, "proc");
		snprintf(options, size, "%s", found);
	}
	if (file)
		fclose(file);
	return any;
}

static void check_proc(struct capability *capability)
{
	char options[512] = "";
	const char *hidden;

	capability->name = "/proc";
	if (!proc_options(options, sizeof(options))) {
		take_away(capability);
		SAY(why, "it is not mounted: paths, arguments, control groups and stacks stay unknown");
		SAY(fix, "mount -t proc proc /proc");
		return;
	}
	hidden = strstr(options, "hidepid=");
	SAY(how, "mounted; %.*s", hidden ? (int)strcspn(hidden, ",") : 20, hidden ? hidden : "shows all processes");
	if (!hidden || !strncmp(hidden, "hidepid=0", 9) || !strncmp(hidden, "hidepid=off", 11) ||
	    privilege_has(CAP_SYS_PTRACE))
		return;
	take_away(capability);
	SAY(why,
	    "hidepid hides other users' processes without CAP_SYS_PTRACE: their paths, arguments and control groups "
	    "stay unknown");
	SAY(fix, "CAP_SYS_PTRACE, or mount -o remount,hidepid=0 /proc");
}

/* None of these limits who has CAP_BPF and CAP_PERFMON; told as they are what people look for. */
static void check_settings(struct capability *capability)
{
	static const char *const names[] = {"unprivileged_bpf_disabled", "perf_event_paranoid", "kptr_restrict"};
	size_t used = 0;

	capability->name = "kernel settings";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		int value;

		snprintf(path, sizeof(path), "/proc/sys/kernel/%s", names[i]);
		value = read_setting(path);
		used += (size_t)snprintf(capability->how + used, sizeof(capability->how) - used, "%s%s %s",
					 used ? ", " : "", names[i],
					 value < 0 ? "absent" : (char[]){(char)('0' + value % 10), 0});
	}
	snprintf(capability->how + used, sizeof(capability->how) - used,
		 ": no limit to those with the capabilities above");
}

/* A probe on an instruction of lifeline itself, which is not executed meanwhile; removed at once. */
static int try_uprobe(void)
{
	const int type = read_setting("/sys/bus/event_source/devices/uprobe/type");
	struct perf_event_attr attr = {.size = sizeof(attr)};
	int fd;

	if (type < 0)
		return -ENOENT;
	attr.type = (uint32_t)type;
	attr.config1 = (uint64_t)(uintptr_t) "/proc/self/exe";
	attr.config2 = 0;
	fd = (int)syscall(SYS_perf_event_open, &attr, getpid(), -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void check_uprobes(struct capability *capability)
{
	const int result = try_uprobe();

	capability->name = "probes in programs (uprobes)";
	SAY(how, "perf events of type uprobe; used for --locks all alone");
	if (!result)
		return;
	take_away(capability);
	SAY(why, "--locks all: acquisitions that nobody waits for are not seen: %s",
	    result == -ENOENT ? "this kernel has no uprobes (CONFIG_UPROBE_EVENTS)" : strerror(-result));
	SAY(fix, "%s",
	    result == -EACCES || result == -EPERM ? "root, or CAP_SYS_ADMIN: the kernel asks for no less" : "");
}

/* What the programs call of the kernel's, asked by a program of one call each. But for the first there are other ways.
 */
static void check_helpers(struct capability *capability)
{
	static const struct {
		enum bpf_func_id helper;
		enum bpf_prog_type type;
		const char *name;
	} called[] = {{BPF_FUNC_ringbuf_query, BPF_PROG_TYPE_RAW_TRACEPOINT, "bpf_ringbuf_query (Linux 5.8)"},
		      {BPF_FUNC_loop, BPF_PROG_TYPE_RAW_TRACEPOINT, "bpf_loop (Linux 5.17)"},
		      {BPF_FUNC_find_vma, BPF_PROG_TYPE_RAW_TRACEPOINT, "bpf_find_vma (5.17)"},
		      {BPF_FUNC_task_pt_regs, BPF_PROG_TYPE_RAW_TRACEPOINT, "bpf_task_pt_regs (5.15)"},
		      {BPF_FUNC_get_attach_cookie, BPF_PROG_TYPE_KPROBE, "bpf_get_attach_cookie (5.15)"},
		      {BPF_FUNC_get_current_task_btf, BPF_PROG_TYPE_RAW_TRACEPOINT, "bpf_get_current_task_btf (5.11)"}};
	char lacks[200] = "";
	bool first = true;

	capability->name = "kernel helpers";
	capability->core = true;
	if (!privilege_has(CAP_BPF) && !privilege_has(CAP_SYS_ADMIN)) {
		SAY(how, "not asked, without privileges");
		return;
	}
	SAY(how, "all that the programs call");
	for (size_t i = 0; i < sizeof(called) / sizeof(called[0]); i++) {
		if (libbpf_probe_bpf_helper(called[i].type, called[i].helper, NULL))
			continue;
		first = first && i;
		snprintf(lacks + strlen(lacks), sizeof(lacks) - strlen(lacks), "%s%s", *lacks ? ", " : "",
			 called[i].name);
	}
	if (!first) {
		take_away(capability);
		SAY(why, "this kernel has no %s", lacks);
		SAY(fix, "use Linux 5.8 or later; `report`, `zombies` and `locks` work here all the same");
	} else if (*lacks) {
		capability->state = CAPABILITY_DEGRADED;
		SAY(how, "programs for older kernels");
		SAY(why,
		    "this kernel has no %s: --locks all is refused; told as lost are adoptions of more than 64 "
		    "children "
		    "of one thread, and threads beyond 8192 at a time; more than 256 descriptors are not counted",
		    lacks);
		SAY(fix, "Linux 5.17 or later");
	}
}

/* In one word, before each of them. */
static void check_privileges(struct capability *capability)
{
	size_t used = 0;

	capability->name = "privileges";
	capability->core = true;
	SAY(how, "%s", geteuid() ? "capabilities" : "root");
	for (unsigned i = 0; i < privilege_count; i++) {
		if (privilege_granted(&privileges[i]) || used >= sizeof(capability->why))
			continue;
		used += (size_t)snprintf(capability->why + used, sizeof(capability->why) - used, "%s%s",
					 used ? ", " : "missing: ", privileges[i].name);
		if (capability->state == CAPABILITY_WORKS || privileges[i].core)
			capability->state = privileges[i].core ? CAPABILITY_IMPOSSIBLE : CAPABILITY_DEGRADED;
	}
	if (used)
		SAY(fix, "sudo, or once: " PRIVILEGE_SETCAP " LIFELINE");
}

static void tell_privilege(const struct privilege *privilege, probe_tell tell, void *context)
{
	struct capability capability = {.name = privilege->name, .core = privilege->core};

	snprintf(capability.how, sizeof(capability.how), "%s", privilege->use);
	if (!privilege_granted(privilege)) {
		take_away(&capability);
		snprintf(capability.why, sizeof(capability.why), "it is missing: %s", privilege->loses);
	}
	tell(context, &capability);
}

void probe_here(probe_tell tell, void *context)
{
	static void (*const checks[])(struct capability *) = {
	    check_type_information, check_helpers, check_lockdown, check_ring,
	    check_memory,           check_proc,    check_settings, check_uprobes};

	struct capability summary = {0};

	check_privileges(&summary);
	tell(context, &summary);
	for (unsigned i = 0; i < privilege_count; i++)
		tell_privilege(&privileges[i], tell, context);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct capability capability = {0};

		checks[i](&capability);
		tell(context, &capability);
	}
}
