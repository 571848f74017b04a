/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What works here, for doctor: each capability is tried with the very programs that observation would load. */
#include "source/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/abi/lock.h"
#include "source/live_internal.h"
#include "source/privilege.h"
#include "source/probe_internal.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* bpftool's generated code */
#include "lifeline.skel.h"
#pragma GCC diagnostic pop

/* A program: what it tells of, and what is lost without it. Where it is attached, its section says. */
struct program_words {
	const char *program, *name, *loses;
	bool core;
};

static const struct program_words words[] = {
    {"ll_newtask", "births", "nothing can be observed", true},
    {"ll_exec", "execs", "which programs run stays unknown", true},
    {"ll_exit", "exits", "nothing can be observed", true},
    {"ll_switch", "switches, ends and adoptions",
     "who became a zombie, whose child it is then, and all switches stay unknown", true},
    {"ll_free", "zombies gone without a wait", "reaps within the kernel are not seen", true},
    {"ll_wait", "waits and their targets", "who waits for whom stays unknown: zombies cannot be explained", true},
    {"ll_iterate", "what runs already, parents of zombies",
     "attach is impossible, and why a zombie is not reaped stays unknown", true},
    {"ll_sysexit", "returns of system calls",
     "who reaped whom, refused forks, steps of daemons and ends of lock waits stay unknown", true},
    {"ll_sysexit_perf", "returns of system calls, where programs are preempted",
     "the other way is used, and what is preempted there is lost, and told", false},
    {"ll_exit_perf", "exits, where programs are preempted",
     "the other way is used, and what is preempted there is lost, and told", false},
    {"ll_signal", "signals and who sent them", "exit.killed cannot name the sender", false},
    {"ll_oom", "kills by the OOM killer", "exit.oom cannot be told from other SIGKILLs", false},
    {"ll_posix_lock", "waits for fcntl locks", "waits for fcntl locks are not told", false},
    {"ll_flock", "waits for flock locks", "waits for flock locks are not told", false},
    {"ll_waking", "who wakes whom", "switch.ping-pong cannot be seen", false},
    {"ll_late", "how long sleepers slept",
     "the sleep of a thread that was moved in it can be told as time in the run queue", false},
    {"ll_wake", "wake-ups, for --switches all", "--switches all does not tell who woke whom", false},
    {"ll_rename", "names of threads", "changed thread names are not followed", false},
    {"ll_attach_task", "who enters a control group (attach -g)", "who enters a group later is not observed", false},
    {"ll_lock_call", "calls of lock functions (--locks all)", "--locks all is refused", false},
    {"ll_lock_tried", "returns of lock functions (--locks all)", "--locks all is refused", false},
    {"ll_locker_ends", "ends of those who hold locks (--locks all)", "--locks all is refused", false},
    {"ll_locker_born", "threads of those who hold locks (--locks all)", "--locks all is refused", false},
};

static const struct program_words *words_of(const char *program)
{
	static const struct program_words unknown = {NULL, "a program", "what it tells of stays unknown", false};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].program, program))
			return &words[i];
	return &unknown;
}

/* Those on single system calls are one part, tried apart: another way does as well. */
static bool is_on_single_call(const char *name)
{
	return !strncmp(name, "ll_fx_", 6);
}

/* Programs that are for other kernels are not tried: 5.10 complains of one at a perf event that may wait for memory. */
static bool is_for_this_kernel(const char *name)
{
	return (strcmp(name, "ll_sysexit_perf") && strcmp(name, "ll_exit_perf")) ||
	       live_bpf_preempts_tracepoints();
}

/* What is known before it is tried. */
static const char *known_lack(const char *name)
{
	return strncmp(name, "ll_lock", 7) ? NULL : source_live_lacks_holds();
}

enum { TRY_ALL = -1, TRY_SINGLE_CALLS = -2 };

static int try_iterator(const struct lifeline_bpf *skeleton)
{
	const int link = bpf_link_create(bpf_program__fd(skeleton->progs.ll_iterate), 0, BPF_TRACE_ITER, NULL);

	if (link < 0)
		return link;
	close(link);
	return 0;
}

static int try_perf(const struct bpf_program *program)
{
	const int event = live_tracepoint_event_of(program);
	struct bpf_link *link;

	if (event < 0)
		return event;
	link = bpf_program__attach_perf_event(program, event);
	if (!link) {
		const int result = -errno;

		close(event);
		return result;
	}
	bpf_link__destroy(link);
	return 0;
}

/* Loads and attaches the program of that number (or such a set), and takes it away again. 0 or a negative errno. */
static int try_programs(int which)
{
	struct lifeline_bpf *skeleton = live_bpf_open();
	struct bpf_program *program;
	int result, number = 0;

	if (!skeleton)
		return -errno;
	bpf_object__for_each_program(program, skeleton->obj)
	{
		const bool single = is_on_single_call(bpf_program__name(program));
		const bool lacks =
		    known_lack(bpf_program__name(program)) || !is_for_this_kernel(bpf_program__name(program));

		/* a call that this kernel does not have has no place for a program */
		bpf_program__set_autoload(program, which == TRY_SINGLE_CALLS ? single && live_bpf_has_call(program)
						   : which == TRY_ALL        ? !single && !lacks
									     : number == which);
		number++;
	}
	bpf_program__set_autoattach(skeleton->progs.ll_iterate, false);
	bpf_program__set_autoattach(skeleton->progs.ll_sysexit_perf, false);
	bpf_program__set_autoattach(skeleton->progs.ll_exit_perf, false);
	/* these are loaded only: probe_here.c tries a probe */
	live_bpf_prepare_probes(skeleton->progs.ll_lock_call, skeleton->progs.ll_lock_tried);
	result = lifeline_bpf__load(skeleton);
	if (!result)
		result = lifeline_bpf__attach(skeleton);
	if (!result && bpf_program__autoload(skeleton->progs.ll_iterate))
		result = try_iterator(skeleton);
	if (!result && bpf_program__autoload(skeleton->progs.ll_sysexit_perf))
		result = try_perf(skeleton->progs.ll_sysexit_perf);
	if (!result && bpf_program__autoload(skeleton->progs.ll_exit_perf))
		result = try_perf(skeleton->progs.ll_exit_perf);
	lifeline_bpf__destroy(skeleton);
	return result;
}

void probe_refuse(struct capability *capability, int code, const char *loses)
{
	struct error error = {0};

	capability->state = capability->core ? CAPABILITY_IMPOSSIBLE : CAPABILITY_DEGRADED;
	privilege_explain(code, "be used", &error);
	snprintf(capability->why, sizeof(capability->why), "%s: it %.180s", loses, error.text);
	snprintf(capability->fix, sizeof(capability->fix), "%.300s", error.hint);
}

/* "tp_btf/sched_switch" is where a reader of the kernel's documentation finds it. */
static void tell_program(const struct bpf_program *program, int result, probe_tell tell, void *context)
{
	const struct program_words *about = words_of(bpf_program__name(program));
	struct capability capability = {.core = about->core};
	const char *section = bpf_program__section_name(program);

	capability.name = about->name;
	snprintf(capability.how, sizeof(capability.how), "%s at %s", bpf_program__name(program),
		 section + (section[0] == '?'));
	if (known_lack(bpf_program__name(program))) {
		capability.state = CAPABILITY_DEGRADED;
		snprintf(capability.why, sizeof(capability.why), "%s: %s", about->loses,
			 known_lack(bpf_program__name(program)));
	} else if (result)
		probe_refuse(&capability, result, about->loses);
	if (!privilege_granted(&privileges[0]) || !privilege_granted(&privileges[1]))
		capability.fix[0] = '\0'; /* told of the capabilities already */
	tell(context, &capability);
}

/* Either way of seeing the return of a call will do; which one is in use is worth telling. */
static void tell_single_calls(probe_tell tell, void *context)
{
	struct capability capability = {.name = "returns of single system calls (attach)"};
	const int result = live_bpf_single_calls() ? try_programs(TRY_SINGLE_CALLS) : -EPERM;

	if (!result && live_bpf_preempts_tracepoints()) {
		snprintf(capability.how, sizeof(capability.how),
			 "fexit on each of these calls would do, but is preempted here: perf is used, as by run");
	} else if (!result) {
		snprintf(capability.how, sizeof(capability.how),
			 "fexit on each of these calls: no cost to others, busy polling not seen");
	} else {
		snprintf(
		    capability.how, sizeof(capability.how),
		    "fexit is refused here; the hook at all returns is used, as by run: same facts, some 90 ns a call");
	}
	tell(context, &capability);
}

/* All at once, as they mostly work all; one by one only to find out which does not. */
static void tell_programs(probe_tell tell, void *context)
{
	struct lifeline_bpf *skeleton = live_bpf_open();
	const int all = skeleton ? try_programs(TRY_ALL) : -errno;
	struct bpf_program *program;
	int number = 0;

	if (!skeleton) {
		struct capability capability = {.name = "programs", .core = true};

		probe_refuse(&capability, all, "nothing can be observed");
		tell(context, &capability);
		return;
	}
	bpf_object__for_each_program(program, skeleton->obj)
	{
		if (!is_on_single_call(bpf_program__name(program)) && is_for_this_kernel(bpf_program__name(program)))
			tell_program(program, all && !known_lack(bpf_program__name(program)) ? try_programs(number) : 0,
				     tell, context);
		number++;
	}
	lifeline_bpf__destroy(skeleton);
	tell_single_calls(tell, context);
}

int probe_run(probe_tell tell, void *context, struct error *error)
{
	(void)error;
	libbpf_set_print(NULL);
	probe_here(tell, context);
	tell_programs(tell, context);
	return 0;
}
