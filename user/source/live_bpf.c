/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Loading, attaching and talking to the BPF programs. Which are loaded follows from what is wanted; why a load failed
 * is told in words, from what can be seen of privileges and kernel. */
#include "bpf/abi/lock.h"
#include "source/live_internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/privilege.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* bpftool's generated code */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "lifeline.skel.h"
#include "older.skel.h"
#pragma GCC diagnostic pop

#define DEFAULT_BUFFER (4U << 20)
#define DEFAULT_BUFFER_OF_ALL (16U << 20) /* when each switch is an event */
#define LEAST_BUFFER 65536U
#define LARGEST_BUFFER (1U << 30)
#define DEFAULT_PID_MAX 4194304UL
#define THREADS_OF_SOME 65536UL
#define THREADS_OF_ALL 262144UL
#define THREADS_OF_OLDER 8192UL /* where each takes its room beforehand: some 8 MB */
#define FOLDS_OF_OLDER 8192U
#define RECORDS_ROOM (256U * 1024)

/* Both objects are built of the same sources, so one skeleton serves both: it finds maps and programs by name. */
_Static_assert(sizeof(struct lifeline_bpf__rodata) == sizeof(struct older_bpf__rodata) &&
		   sizeof(struct lifeline_bpf__bss) == sizeof(struct older_bpf__bss),
	       "the objects' variables lie differently");

static void (*log_line)(int level, const char *text);

void source_live_log(void (*log)(int level, const char *text))
{
	log_line = log;
}

/* "prog 'NAME': -- BEGIN PROG LOAD LOG --", and in one of the lines behind it "processed N insns" */
static void log_cost(const char *text)
{
	static const char sign[] = "': -- BEGIN PROG LOAD LOG --";
	const char *begin = strstr(text, "prog '"), *end = strstr(text, sign), *cost = strstr(text, "\nprocessed ");
	char line[128];

	if (!begin || !end || !cost)
		return;
	begin += 6;
	snprintf(line, sizeof(line), "verifier: %.*s: %lu instructions\n", (int)(end - begin), begin,
		 strtoul(cost + 11, NULL, 10));
	log_line(3, line);
}

/* The verifier's log of a refused program is long, and its end is what matters: nothing is cut. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char *text;

	if (!log_line)
		return 0;
	if (vasprintf(&text, format, arguments) < 0)
		return 0;
	log_line(level == LIBBPF_WARN ? 1 : level == LIBBPF_INFO ? 2 : 3, text);
	if (level == LIBBPF_DEBUG)
		log_cost(text);
	free(text);
	return 0;
}

unsigned long live_read_limit(const char *path, unsigned long otherwise)
{
	unsigned long value = otherwise;
	FILE *file = fopen(path, "re");

	if (file && fscanf(file, "%lu", &value) != 1)
		value = otherwise;
	if (file)
		fclose(file);
	return value;
}

static uint32_t scope_chunks(void)
{
	return (uint32_t)(live_read_limit("/proc/sys/kernel/pid_max", DEFAULT_PID_MAX) / SCOPE_CHUNK + 1);
}

/* As many threads as the kernel allows, within reason: the map's table of buckets is made at once, its elements are
 * not. */
static uint32_t thread_limit(bool watch_all)
{
	const unsigned long limit = live_read_limit("/proc/sys/kernel/threads-max", THREADS_OF_SOME);
	const unsigned long most = live_bpf_older() ? THREADS_OF_OLDER : watch_all ? THREADS_OF_ALL : THREADS_OF_SOME;

	return (uint32_t)(limit < most ? limit : most);
}

/* The ring's size: a power of two, as the kernel asks for. */
static uint32_t ring_size(uint64_t wanted, bool timeline)
{
	uint32_t size = LEAST_BUFFER;

	if (!wanted)
		return timeline ? DEFAULT_BUFFER_OF_ALL : DEFAULT_BUFFER;
	while (size < wanted && size < LARGEST_BUFFER)
		size *= 2;
	return size;
}

/* Which class of events a program serves, and so whose loss it is when the kernel did not run it. Those not named here
 * are of the class "life". */
static const struct {
	const char *name;
	enum event_group group;
} program_groups[] = {
	{"ll_wait", GROUP_WAIT},	{"ll_sysexit", GROUP_WAIT},	   {"ll_fx_wait4", GROUP_WAIT},
	{"ll_sysexit_perf", GROUP_WAIT},
	{"ll_fx_waitid", GROUP_WAIT},	{"ll_free", GROUP_WAIT},	   {"ll_signal", GROUP_SIGNAL},
	{"ll_oom", GROUP_SIGNAL},	{"ll_waking", GROUP_SWITCH},	   {"ll_late", GROUP_SWITCH},
	{"ll_fx_setsid", GROUP_SESSION},
	{"ll_fx_setpgid", GROUP_SESSION}, {"ll_fx_prctl", GROUP_SESSION},  {"ll_fx_chdir", GROUP_SESSION},
	{"ll_fx_fchdir", GROUP_SESSION}, {"ll_fx_umask", GROUP_SESSION},   {"ll_fx_close", GROUP_SESSION},
	{"ll_fx_close_range", GROUP_SESSION}, {"ll_fx_dup", GROUP_SESSION}, {"ll_fx_dup2", GROUP_SESSION},
	{"ll_fx_dup3", GROUP_SESSION},	{"ll_fx_open", GROUP_SESSION},	   {"ll_fx_openat", GROUP_SESSION},
	{"ll_fx_openat2", GROUP_SESSION}, {"ll_fx_creat", GROUP_SESSION},  {"ll_fx_fcntl", GROUP_SESSION},
	{"ll_fx_flock", GROUP_SESSION},	{"ll_fx_unlink", GROUP_SESSION},   {"ll_fx_unlinkat", GROUP_SESSION},
	{"ll_fx_rename", GROUP_SESSION}, {"ll_fx_renameat", GROUP_SESSION}, {"ll_fx_renameat2", GROUP_SESSION},
	{"ll_fx_listen", GROUP_SESSION}, {"ll_fx_futex", GROUP_LOCK},	   {"ll_fx_futex_wait", GROUP_LOCK},
	{"ll_fx_futex_waitv", GROUP_LOCK}, {"ll_fx_futex_wake", GROUP_LOCK},
	{"ll_posix_lock", GROUP_LOCK},	{"ll_flock", GROUP_LOCK},
	{"ll_lock_call", GROUP_LOCK},	{"ll_lock_tried", GROUP_LOCK},	   {"ll_locker_ends", GROUP_LOCK},
	{"ll_locker_born", GROUP_LOCK}, {"ll_wake", GROUP_TIMELINE},
};

static enum event_group group_of_program(const char *name)
{
	for (size_t i = 0; i < sizeof(program_groups) / sizeof(program_groups[0]); i++)
		if (!strcmp(program_groups[i].name, name))
			return program_groups[i].group;
	return GROUP_LIFE;
}

/* Calls that are steps of daemons and waits for locks: one program serves both. */
static bool is_file_call(const char *name)
{
	return !strcmp(name, "ll_fx_fcntl") || !strcmp(name, "ll_fx_flock");
}

/* Tests run all ways: fexit, sys_exit (as this kernel needs it, or one of both: tp_btf, perf). */
#define HOOK_VARIABLE "LIFELINE_CALL_HOOK"

static bool is_forced(const char *hook)
{
	const char *forced = getenv(HOOK_VARIABLE);

	return forced && !strcmp(forced, hook);
}

static struct bpf_program *perf_program(const struct lifeline_bpf *skeleton, int hook)
{
	return hook == PERF_RETURNS ? skeleton->progs.ll_sysexit_perf : skeleton->progs.ll_exit_perf;
}

/* Programs by perf are for kernels that preempt the others. An event is had before its program is loaded: where it
 * cannot be had, the other one is still to be chosen. */
static bool choose_perf(struct live_bpf *bpf, int hook, bool wanted)
{
	struct bpf_program *program = perf_program(bpf->skeleton, hook);
	int event = -1;

	if (wanted && (is_forced("perf") || (!is_forced("tp_btf") && live_bpf_preempts_tracepoints()))) {
		event = live_tracepoint_event_of(program);
		if (log_line && event >= 0)
			log_line(2, hook == PERF_RETURNS ? "returns of system calls are seen by a perf event\n"
							 : "exits are seen by a perf event\n");
		else if (log_line)
			log_line(1, "no perf event can be had: losses are likely here, and will be told\n");
	}
	bpf->perf_hooks[hook].event = event < 0 ? -1 : event;
	bpf_program__set_autoload(program, event >= 0);
	return event >= 0;
}

/* At the return of which calls? One program a call where the kernel allows that, else the one on all of them. */
static void choose_call_programs(struct live_bpf *bpf, unsigned wants, bool single_calls)
{
	const bool by_perf = choose_perf(bpf, PERF_RETURNS, !single_calls);
	struct lifeline_bpf *skeleton = bpf->skeleton;
	const bool locks = wants & (1U << GROUP_LOCK);
	struct bpf_program *program;

	bpf_object__for_each_program(program, skeleton->obj) {
		const char *name = bpf_program__name(program);
		const bool wanted = (wants | 1U << GROUP_LIFE) >> group_of_program(name) & 1;

		if (!strncmp(name, "ll_fx_", 6))
			bpf_program__set_autoload(program, single_calls && (wanted || (locks && is_file_call(name))));
	}
	bpf_program__set_autoload(skeleton->progs.ll_sysexit, !single_calls && !by_perf);
	bpf_object__for_each_program(program, skeleton->obj)
		if (!live_bpf_has_call(program))
			bpf_program__set_autoload(program, false);
}

/*
 * Programs on single calls cost other calls nothing, but the kernel takes some 0.1 s to remove each one (a grace period
 * of RCU tasks, held under a lock): 0.9 s in all where it was measured. That is right for attach, which stays, and
 * wrong for run, which is started for a short command as often as for a long one. It is wrong for both where a perf
 * event is used for the reason that programs are preempted: these are, too, and none of theirs would be lost there.
 */
static bool prefer_single_calls(const struct live_plan *plan)
{
	const bool wanted = getenv(HOOK_VARIABLE) ? is_forced("fexit")
						  : plan->stays && !live_bpf_preempts_tracepoints();
	static bool told;

	if (!wanted || live_bpf_single_calls())
		return wanted;
	if (log_line && !told)
		log_line(1, "this kernel refuses programs on single calls (fexit): the hook at all returns is used\n");
	told = true;
	return false;
}

static void choose_only_looks(struct lifeline_bpf *skeleton)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, program == skeleton->progs.ll_iterate);
}

/* A program that serves no wanted group is not loaded. */
static void choose_programs(struct live_bpf *bpf, const struct live_plan *plan)
{
	struct lifeline_bpf *skeleton = bpf->skeleton;
	const unsigned wants = plan->wants;

	bpf_program__set_autoload(skeleton->progs.ll_wait, wants & (1U << GROUP_WAIT));
	bpf_program__set_autoload(skeleton->progs.ll_exit, !choose_perf(bpf, PERF_EXITS, true));
	choose_call_programs(bpf, wants, prefer_single_calls(plan));
	bpf_program__set_autoload(skeleton->progs.ll_posix_lock, wants & (1U << GROUP_LOCK));
	bpf_program__set_autoload(skeleton->progs.ll_flock, wants & (1U << GROUP_LOCK));
	bpf_program__set_autoload(skeleton->progs.ll_lock_call, plan->holds);
	bpf_program__set_autoload(skeleton->progs.ll_lock_tried, plan->holds);
	bpf_program__set_autoload(skeleton->progs.ll_locker_ends, plan->holds);
	bpf_program__set_autoload(skeleton->progs.ll_locker_born, plan->holds);
	bpf_program__set_autoload(skeleton->progs.ll_signal, wants & (1U << GROUP_SIGNAL));
	bpf_program__set_autoload(skeleton->progs.ll_oom, wants & (1U << GROUP_SIGNAL));
	bpf_program__set_autoload(skeleton->progs.ll_waking, wants & (1U << GROUP_SWITCH));
	bpf_program__set_autoload(skeleton->progs.ll_late, wants & (1U << GROUP_SWITCH | 1U << GROUP_LOCK));
	bpf_program__set_autoload(skeleton->progs.ll_wake, wants & (1U << GROUP_TIMELINE));
	bpf_program__set_autoload(skeleton->progs.ll_attach_task, plan->selection && plan->selection->cgroup_count);
}

static void fill_selection(struct settings *settings, const struct live_options *selection)
{
	if (!selection)
		return;
	settings->select_cgroups = selection->cgroup_count > 0;
	settings->select_pids = selection->pid_count > 0;
	settings->select_comm = selection->comm != NULL;
	if (selection->comm)
		snprintf(settings->comm, sizeof(settings->comm), "%s", selection->comm);
	settings->select_uid = selection->by_uid;
	settings->uid = selection->uid;
}

static void fill_settings(struct lifeline_bpf *skeleton, const struct live_plan *plan, uint32_t ring)
{
	struct settings *settings = (struct settings *)&skeleton->rodata->settings;

	settings->begin_ns = plan->begin_ns;
	settings->watch_all = plan->watch_all;
	settings->want_session = (plan->wants >> GROUP_SESSION) & 1;
	settings->want_switch = (plan->wants >> GROUP_SWITCH) & 1;
	settings->want_lock = (plan->wants >> GROUP_LOCK) & 1;
	settings->want_timeline = (plan->wants >> GROUP_TIMELINE) & 1;
	settings->want_holds = plan->holds;
	settings->timeline_bytes = ring / 2;
	settings->wake_bytes = ring / 4;
	fill_selection(settings, plan->selection);
	live_syscalls_fill(settings);
	skeleton->bss->shared.self_tgid = (uint32_t)getpid();
	skeleton->bss->shared.self_call = -1;
}

static int map_scope(struct live_bpf *bpf, struct error *error)
{
	bpf->scope_size = (size_t)bpf_map__max_entries(bpf->skeleton->maps.scope) * SCOPE_CHUNK;
	bpf->scope =
	    mmap(NULL, bpf->scope_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bpf->skeleton->maps.scope), 0);
	if (bpf->scope != MAP_FAILED)
		return 0;
	bpf->scope = NULL;
	return error_errno(error, -errno, "cannot map the table of watched processes");
}

static int open_iterator(struct live_bpf *bpf, struct error *error)
{
	LIBBPF_OPTS(bpf_link_create_opts, options);
	int fd = bpf_link_create(bpf_program__fd(bpf->skeleton->progs.ll_iterate), 0, BPF_TRACE_ITER, &options);

	if (fd < 0)
		return error_errno(error, fd, "cannot make a task iterator");
	bpf->iterator_link = fd;
	return 0;
}

struct lifeline_bpf *live_bpf_open(void)
{
	struct lifeline_bpf *skeleton = calloc(1, sizeof(*skeleton));
	int result = skeleton ? lifeline_bpf__create_skeleton(skeleton) : -ENOMEM;
	size_t size;

	if (!result && live_bpf_older()) {
		skeleton->skeleton->data = older_bpf__elf_bytes(&size);
		skeleton->skeleton->data_sz = size;
	}
	if (!result)
		result = bpf_object__open_skeleton(skeleton->skeleton, NULL);
	if (!result)
		return skeleton;
	lifeline_bpf__destroy(skeleton);
	errno = -result;
	return NULL;
}

/* Maps that are not in use take no room. */
static void size_holds(struct lifeline_bpf *skeleton, uint32_t entries)
{
	bpf_map__set_max_entries(skeleton->maps.holds0, entries);
	bpf_map__set_max_entries(skeleton->maps.holds1, entries);
	bpf_map__set_max_entries(skeleton->maps.orders0, entries);
	bpf_map__set_max_entries(skeleton->maps.orders1, entries);
	bpf_map__set_max_entries(skeleton->maps.semaphores, entries);
}

#define LOG_STATISTICS 4 /* BPF_LOG_STATS of the kernel's include/linux/bpf_verifier.h */

static void prepare_older(struct lifeline_bpf *skeleton)
{
	struct bpf_program *program;

	bpf_map__set_max_entries(skeleton->maps.folds0, FOLDS_OF_OLDER);
	bpf_map__set_max_entries(skeleton->maps.folds1, FOLDS_OF_OLDER);
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_log_level(program, LOG_STATISTICS);
}

static int prepare(struct live_bpf *bpf, const struct live_plan *plan, struct error *error)
{
	uint32_t ring = ring_size(plan->buffer_bytes, plan->wants & (1U << GROUP_TIMELINE));
	struct lifeline_bpf *skeleton = live_bpf_open();

	if (!skeleton)
		return error_errno(error, -errno, "cannot open the BPF programs");
	bpf->skeleton = skeleton;
	bpf_map__set_max_entries(skeleton->maps.events, ring);
	bpf_map__set_max_entries(skeleton->maps.threads, thread_limit(plan->watch_all));
	bpf_map__set_max_entries(skeleton->maps.lockers, plan->holds ? thread_limit(plan->watch_all) : 1);
	if (!plan->holds)
		size_holds(skeleton, 1);
	if (live_bpf_older())
		prepare_older(skeleton);
	bpf_map__set_max_entries(skeleton->maps.scope, plan->watch_all ? 1 : scope_chunks());
	bpf_program__set_autoattach(skeleton->progs.ll_iterate, false);
	bpf_program__set_autoattach(skeleton->progs.ll_waking, false);
	for (int i = 0; i < PERF_HOOKS; i++)
		bpf_program__set_autoattach(perf_program(skeleton, i), false);
	if (plan->holds)
		bpf->many_probes = live_bpf_prepare_probes(skeleton->progs.ll_lock_call, skeleton->progs.ll_lock_tried);
	if (plan->only_looks)
		choose_only_looks(skeleton);
	else
		choose_programs(bpf, plan);
	bpf->single_calls = !plan->only_looks && prefer_single_calls(plan) && (plan->wants & (1U << GROUP_SWITCH));
	fill_settings(skeleton, plan, ring);
	return 0;
}

/* All 0 of a program that is not loaded. */
static struct bpf_prog_info info_of(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_program__fd(program) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return (struct bpf_prog_info){0};
	return info;
}

/* What each loaded program cost the kernel's verifier, for tests/vm/verifier.txt. Kernels before 5.16 (commit
 * aba64c7da983) tell it in the verifier's log alone: log_cost. */
static void log_verified(const struct live_bpf *bpf)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, bpf->skeleton->obj) {
		const struct bpf_prog_info info = info_of(program);
		char line[128];

		if (!info.verified_insns)
			continue;
		snprintf(line, sizeof(line), "verifier: %s: %u instructions\n", bpf_program__name(program),
			 info.verified_insns);
		log_line(3, line);
	}
}

static int attach_perf_hooks(struct live_bpf *bpf)
{
	for (int i = 0; i < PERF_HOOKS; i++) {
		struct perf_hook *hook = &bpf->perf_hooks[i];

		if (hook->event < 0)
			continue;
		hook->link = bpf_program__attach_perf_event(perf_program(bpf->skeleton, i), hook->event);
		if (!hook->link)
			return -errno;
	}
	return 0;
}

static void remove_perf_hooks(struct live_bpf *bpf)
{
	for (int i = 0; i < PERF_HOOKS; i++) {
		struct perf_hook *hook = &bpf->perf_hooks[i];

		if (hook->link)
			bpf_link__destroy(hook->link);
		else if (hook->event >= 0)
			close(hook->event);
	}
}

#define NO_LIVE_BPF (struct live_bpf){.iterator_link = -1, .perf_hooks = {{-1, NULL}, {-1, NULL}}}

int live_bpf_load(struct live_bpf *bpf, const struct live_plan *plan, struct error *error)
{
	int result;

	*bpf = NO_LIVE_BPF;
	libbpf_set_print(print_libbpf);
	if (plan->holds && source_live_lacks_holds()) {
		error_set(error, -EOPNOTSUPP, "%s", source_live_lacks_holds());
		error_hint(error, "--locks contended tells of waits for locks here too");
		return -EOPNOTSUPP;
	}
	result = prepare(bpf, plan, error);
	if (result)
		return result;
	result = lifeline_bpf__load(bpf->skeleton);
	if (result)
		return privilege_explain(result, "load its BPF programs into the kernel", error);
	if (log_line)
		log_verified(bpf);
	bpf->shared = &bpf->skeleton->bss->shared;
	if (!plan->watch_all) {
		result = map_scope(bpf, error);
		if (result)
			return result;
	}
	result = open_iterator(bpf, error);
	if (result)
		return result;
	live_bpf_iterate(bpf, ITERATE_SELF, NULL, NULL);
	if (live_bpf_older() && (bpf->shared->self_call != SYS_read || bpf->shared->self_size != RECORDS_ROOM))
		return error_set(error, -EOPNOTSUPP, "cannot find the registers of threads in this kernel");
	if (!bpf->shared->queued_asleep)
		bpf_program__set_autoattach(bpf->skeleton->progs.ll_late, false);
	result = lifeline_bpf__attach(bpf->skeleton);
	if (!result)
		result = attach_perf_hooks(bpf);
	return result ? privilege_explain(result, "attach its BPF programs", error) : 0;
}

int live_bpf_ring_fd(const struct live_bpf *bpf)
{
	return bpf_map__fd(bpf->skeleton->maps.events);
}

int live_bpf_fold_fd(const struct live_bpf *bpf, unsigned side)
{
	return bpf_map__fd(side ? bpf->skeleton->maps.folds1 : bpf->skeleton->maps.folds0);
}

int live_bpf_hold_fd(const struct live_bpf *bpf, unsigned side)
{
	return bpf_map__fd(side ? bpf->skeleton->maps.holds1 : bpf->skeleton->maps.holds0);
}

int live_bpf_order_fd(const struct live_bpf *bpf, unsigned side)
{
	return bpf_map__fd(side ? bpf->skeleton->maps.orders1 : bpf->skeleton->maps.orders0);
}

int live_bpf_locker_fd(const struct live_bpf *bpf)
{
	return bpf_map__fd(bpf->skeleton->maps.lockers);
}

static bool is_seen_by_perf(const struct live_bpf *bpf)
{
	return bpf->perf_hooks[PERF_RETURNS].link || bpf->perf_hooks[PERF_EXITS].link;
}

/* Others are real-time already, or could not be had back. */
static bool is_usual_policy(int policy)
{
	const int plain = policy & ~SCHED_RESET_ON_FORK;

	return policy >= 0 && (plain == SCHED_OTHER || plain == SCHED_BATCH || plain == SCHED_IDLE);
}

/*
 * While a system call walks through a map, the kernel does not run programs at perf events on that processor
 * (kernel/bpf/syscall.c, bpf_disable_instrumentation). Where there are such, this thread is not to be put off
 * the processor meanwhile, so it is a real-time thread for that long, if it may (CAP_SYS_NICE).
 */
int live_bpf_take(const struct live_bpf *bpf, int map, uint64_t *position, bool begun, void *keys, void *values,
		  uint32_t *count)
{
	const struct sched_param least = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	struct sched_param usual;
	const int policy = is_seen_by_perf(bpf) ? sched_getscheduler(0) : -1;
	const bool hurries = is_usual_policy(policy) && !sched_getparam(0, &usual) &&
			     !sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &least);
	const int result =
	    bpf_map_lookup_and_delete_batch(map, begun ? position : NULL, position, keys, values, count, NULL);

	if (hurries)
		sched_setscheduler(0, policy, &usual);
	return result;
}

struct bpf_program *live_bpf_probe_program(const struct live_bpf *bpf, bool at_return)
{
	return at_return ? bpf->skeleton->progs.ll_lock_tried : bpf->skeleton->progs.ll_lock_call;
}

int live_bpf_look_at(const struct live_bpf *bpf)
{
	return bpf_map__fd(bpf->skeleton->maps.look_at);
}

/* How often the kernel did not run a program because it was running already on that processor (an interrupt that met
 * itself): bpf_prog_info.recursion_misses, from 5.12 on. */
static uint64_t missed_runs(const struct live_bpf *bpf, enum event_group group)
{
	struct bpf_program *program;
	uint64_t total = 0;

	bpf_object__for_each_program(program, bpf->skeleton->obj) {
		if (group_of_program(bpf_program__name(program)) == group)
			total += info_of(program).recursion_misses;
	}
	return total;
}

uint64_t live_bpf_lost(struct live_bpf *bpf, enum event_group group)
{
	const uint64_t total = missed_runs(bpf, group) + __atomic_load_n(&bpf->shared->lost[group], __ATOMIC_RELAXED);
	const uint64_t fresh = total - bpf->lost_told[group];

	bpf->lost_told[group] = total;
	return fresh;
}

void live_bpf_mark(struct live_bpf *bpf, uint32_t tgid, unsigned char bits)
{
	if (bpf->scope && tgid < bpf->scope_size)
		__atomic_store_n(&bpf->scope[tgid], bits, __ATOMIC_RELAXED);
}

int live_bpf_select_cgroup(struct live_bpf *bpf, uint32_t hierarchy, uint64_t number)
{
	const struct selected_group group = {.number = number, .hierarchy = hierarchy};
	const uint32_t yes = 1;

	return bpf_map_update_elem(bpf_map__fd(bpf->skeleton->maps.selected), &group, &yes, BPF_ANY);
}

/* Hands over the whole records in `bytes`; returns how many bytes they were, or what record returned. */
static ssize_t hand_over(const unsigned char *bytes, size_t length, record_fn record, void *context)
{
	size_t used = 0;
	int result;

	while (length - used >= sizeof(struct event)) {
		uint32_t size;

		memcpy(&size, bytes + used, sizeof(size));
		if (size < sizeof(struct event) || size > EVENT_SIZE_MAX)
			return -EINVAL;
		if (size > length - used)
			break;
		result = record ? record(context, bytes + used, size) : 0;
		if (result)
			return result;
		used += size;
	}
	return (ssize_t)used;
}

static int read_records(int fd, record_fn record, void *context)
{
	static const size_t room = RECORDS_ROOM;
	unsigned char *bytes = malloc(room);
	size_t length = 0;
	ssize_t got = 0, used;

	if (!bytes)
		return -ENOMEM;
	for (;;) {
		got = read(fd, bytes + length, room - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
		used = hand_over(bytes, length, record, context);
		if (used < 0) {
			free(bytes);
			return (int)used;
		}
		length -= (size_t)used;
		memmove(bytes, bytes + used, length);
	}
	got = got < 0 ? -errno : 0;
	free(bytes);
	return (int)got;
}

int live_bpf_iterate(struct live_bpf *bpf, enum iterate_mode mode, record_fn record, void *context)
{
	int fd, result;

	__atomic_store_n(&bpf->shared->iterate, mode, __ATOMIC_SEQ_CST);
	fd = bpf_iter_create(bpf->iterator_link);
	if (fd < 0)
		return fd;
	result = read_records(fd, record, context);
	close(fd);
	__atomic_store_n(&bpf->shared->iterate, ITERATE_NONE, __ATOMIC_SEQ_CST);
	return result;
}

void live_bpf_sample_wakes(struct live_bpf *bpf, bool on)
{
	if (!on) {
		bpf_link__destroy(bpf->waking);
		bpf->waking = NULL;
	} else if (!bpf->waking && bpf_program__fd(bpf->skeleton->progs.ll_waking) >= 0) {
		bpf->waking = bpf_program__attach(bpf->skeleton->progs.ll_waking);
	}
}

/* Which programs the kernel kept from running, for those who look into losses. */
static void log_missed(const struct live_bpf *bpf)
{
	struct bpf_program *program;

	if (!log_line || !bpf->skeleton)
		return;
	bpf_object__for_each_program(program, bpf->skeleton->obj) {
		const struct bpf_prog_info info = info_of(program);
		char line[128];

		if (!info.recursion_misses)
			continue;
		snprintf(line, sizeof(line), "%s was not run %" PRIu64 " times, as it was under way already\n",
			 bpf_program__name(program), (uint64_t)info.recursion_misses);
		log_line(2, line);
	}
}

void live_bpf_unload(struct live_bpf *bpf)
{
	log_missed(bpf);
	live_bpf_sample_wakes(bpf, false);
	remove_perf_hooks(bpf);
	live_bpf_unprobe(bpf);
	if (bpf->scope)
		munmap(bpf->scope, bpf->scope_size);
	if (bpf->iterator_link >= 0)
		close(bpf->iterator_link);
	lifeline_bpf__destroy(bpf->skeleton);
	*bpf = NO_LIVE_BPF;
}
