/* SPDX-License-Identifier: BSD-2-Clause
 *
 * switch.busy-poll: a thread that asks again and again instead of sleeping until there is something. What a spin is,
 * the kernel side decides (bpf/lib/poll.bpf.h): "not ready" right behind another "not ready". So a loop that finds
 * nothing once for each thing that it found, polls while it works, or sleeps for however short in between, has none.
 * Here it is only asked whether it was worth a word: for long, and most of what the thread did.
 */
#include <string.h>

#include "analyze/analyzer.h"
#include "analyze/common/words.h"

#define MILLISECOND 1000000ULL

#define SPIN_NS (100 * MILLISECOND) /* less processor time than that is no matter */
#define SPIN_CALLS 1000
#define SPIN_PERCENT 50 /* of the thread's processor time: else it did something useful mostly */

enum { BUSY_POLL, VERDICT_COUNT };

static const struct verdict verdicts[] = {
    [BUSY_POLL] =
	{
	    .code = "switch.busy-poll",
	    .severity = SEVERITY_NOTE,
	    .title = "a thread that asks again and again instead of sleeping",
	    .meaning =
		"A thread spent most of its processor time in a loop of calls that returned \"not ready\" (EAGAIN, "
		"a poll with timeout 0 that found nothing, WNOHANG, sched_yield), one right behind the other. It "
		"uses a whole processor to learn nothing, takes it from others, who may be those that it waits "
		"for, and drains batteries. Some programs do this on purpose, on a processor of their own, to save "
		"the microseconds of a wakeup.",
	    .confirm = "strace -c -p PID    (hundreds of thousands of calls, nearly all of them errors)\n"
		       "strace -p TID    (the same call over and over: EAGAIN (Resource temporarily unavailable))\n"
		       "pidstat -wt -p PID 1    (100 % CPU, and next to no cswch/s)",
	    .fix = "Let the kernel wake the thread: poll, select or epoll_wait with a timeout above 0 (or -1) before "
		   "the call that is not ready; or make the descriptor block again (clear O_NONBLOCK). Instead of "
		   "waitpid with WNOHANG: waitpid without, SIGCHLD, or a pidfd in poll. Instead of sched_yield: a "
		   "mutex with a condition variable, or a futex. If it must be a loop, sleep in it.",
	},
    [VERDICT_COUNT] = {NULL},
};

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? (double)part * 100 / (double)whole : 0;
}

/*
 * The time of a spin is from return to return by the clock, so what a processor lost to interrupts or its hypervisor is
 * in it too: no more than the processor time of the thread can have gone there.
 */
static uint64_t spun_ns(const struct counters *counters)
{
	return counters->spin_ns < counters->cpu_ns ? counters->spin_ns : counters->cpu_ns;
}

static bool is_spinning(const struct thread *thread)
{
	const struct counters *counters = &thread->counters;

	return thread->has_counters && counters->spins >= SPIN_CALLS && spun_ns(counters) >= SPIN_NS &&
	       percent(spun_ns(counters), counters->cpu_ns) >= SPIN_PERCENT;
}

static void tell_detail(struct finding *finding, const struct thread *thread, const char *call)
{
	const struct counters *counters = &thread->counters;
	struct buffer buffer = {0};
	struct json json;

	json_begin(&json, &buffer, false);
	json_object_open(&json);
	json_key_unsigned(&json, "tid", thread->tid);
	json_key_string(&json, "call", call);
	json_key_unsigned(&json, "not_ready", counters->spins);
	json_key_unsigned(&json, "spin_ns", spun_ns(counters));
	json_key_unsigned(&json, "cpu_ns", counters->cpu_ns);
	json_key_unsigned(&json, "voluntary", counters->voluntary);
	json_object_close(&json);
	finding_detail(finding, &buffer);
}

static void tell_help(struct finding *finding, const char *call)
{
	static const struct {
		const char *call, *help;
	} others[] = {
	    {"sched_yield", "Sleep until there is something: a mutex with a condition variable, a semaphore or a futex "
			    "instead of looking again after sched_yield."},
	    {"wait4", "Sleep until a child ends: waitpid without WNOHANG, SIGCHLD, or its pidfd in poll."},
	    {"flock", "Sleep until the lock is free: flock without LOCK_NB."},
	    {"fcntl", "Sleep until the lock is free: F_SETLKW (or F_OFD_SETLKW) instead of F_SETLK."},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].call, call)) {
			finding_help(finding, "%s", others[i].help);
			return;
		}
	finding_help(finding,
		     "Sleep until there is something: poll or epoll_wait with a timeout above 0 (or -1), or a "
		     "descriptor without O_NONBLOCK, instead of asking %s again and again.",
		     call);
}

static int tell(const struct analysis *analysis, const struct process *process, const struct thread *thread)
{
	const uint64_t begin_ns = model_observation(analysis->model)->begin_ns;
	const struct words call = words_syscall(analysis->model, thread->counters.spin_call);
	const struct counters *counters = &thread->counters;
	struct finding finding;

	finding_begin(&finding, &verdicts[BUSY_POLL], process);
	finding.key = thread->tid;
	finding.since_ns = thread->started_ns > begin_ns ? thread->started_ns : begin_ns;
	finding.until_ns = thread->exited_ns ? thread->exited_ns : model_now(analysis->model);
	finding_title(&finding,
		      "%.15s (%u) spent %.0f %% of its processor time asking again and again: %s said \"not ready\" "
		      "%llu times in a row",
		      thread->comm, thread->tid, percent(spun_ns(counters), counters->cpu_ns), call.text,
		      (unsigned long long)counters->spins);
	finding_evidence(&finding, 0, "%s of %s on a processor in such loops, %s from one answer to the next",
			 words_duration(spun_ns(counters)).text, words_duration(counters->cpu_ns).text,
			 words_duration(counters->spin_ns / counters->spins).text);
	finding_evidence(&finding, finding.until_ns, "meanwhile it slept %llu times in all (voluntary switches)",
			 (unsigned long long)counters->voluntary);
	tell_help(&finding, call.text);
	tell_detail(&finding, thread, call.text);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SWITCH);
}

static int close_busy_poll(const struct analysis *analysis, void *state)
{
	(void)state;
	for (const struct process *p = model_first(analysis->model); p; p = p->next)
		for (const struct thread *t = p->threads; t; t = t->next) {
			const int error = p->scope == SCOPE_TARGET && is_spinning(t) ? tell(analysis, p, t) : 0;

			if (error)
				return error;
		}
	return 0;
}

static bool needs_thread(const struct analysis *analysis, const void *state, const struct process *process,
			 const struct thread *thread)
{
	(void)analysis;
	(void)state;
	return process->scope == SCOPE_TARGET && is_spinning(thread);
}

const struct analyzer analyzer_busy_poll = {
    .name = "busy_poll",
    .verdicts = verdicts,
    .wants = 1u << GROUP_LIFE | 1u << GROUP_WAIT | 1u << GROUP_SWITCH, /* the hook on calls loads with the waits */
    .close = close_busy_poll,
    .preview = close_busy_poll,
    .needs_thread = needs_thread,
};
