/* SPDX-License-Identifier: BSD-2-Clause
 *
 * exit.*: processes that did not end by themselves. Who sent the fatal signal is read where the kernel made it
 * (signal_generate, after the decision that the target dies of it); where that was not seen it is told as unknown.
 *
 * A signal can also be an orderly end: from an ancestor or the process itself, from the terminal, a timer or a limit,
 * or with the end of a pid namespace: then it is a note. SIGPIPE is how pipelines end and is not told at all.
 * Parent-death signals and the hang-up of orphaned groups are told as daemon.child-killed and orphan.hung-up.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "analyze/analyzer.h"
#include "analyze/common/ending.h"
#include "analyze/common/fault.h"
#include "analyze/common/hangup.h"
#include "analyze/common/sent.h"
#include "analyze/common/words.h"
#include "base/hash.h"
#include "base/text.h"

#define TOLD_SINGLY 10  /* more deaths by one signal of one sender are told as one finding */
#define FIRST_PAGE 4096 /* addresses that only a null pointer leads to */

enum { KILLED, CRASHED, OOM, VERDICT_COUNT };

static const struct verdict verdicts[] = {
	[KILLED] = {
		.code = "exit.killed",
		.severity = SEVERITY_WARNING,
		.title = "ended by a signal from outside",
		.meaning =
		    "The process did not end by itself: a signal ended it that it did not handle. The sender is "
		    "the process that was running in the kernel when the signal was made, and the call is the one "
		    "it was in. It is a warning when the sender is none of its ancestors: somebody else ended it. "
		    "It is a note when an ancestor, the process itself, its terminal, a timer or a limit did, "
		    "which is an orderly end. An exit status of 137 in a shell or container is SIGKILL (128 + 9) "
		    "and 143 is SIGTERM; neither says who sent it, nor that memory ran out.",
		.confirm =
		    "echo $?    (128 + number of the signal)\n"
		    "auditctl -a always,exit -F arch=b64 -S kill -S tgkill -S pidfd_send_signal    (from now "
		    "on)\n"
		    "journalctl -k | grep -i -E 'killed process|oom'    (if it was for memory)",
		.fix =
		    "Ask the sender why: the report names it. If SIGKILL followed a SIGTERM, the process took too "
		    "long to end: handle SIGTERM, or raise the grace period (TimeoutStopSec=, docker stop -t, "
		    "terminationGracePeriodSeconds). A shell as PID 1 does not pass SIGTERM on: start the program "
		    "with exec, or under tini.",
	},
	[CRASHED] = {
		.code = "exit.crashed",
		.severity = SEVERITY_ERROR,
		.title = "ended by a fault",
		.meaning =
		    "The process ended by SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT. The first four are the "
		    "processor's answer to what the program did: an address that is not mapped or not allowed, a "
		    "file cut while mapped, an instruction that does not exist, a division by zero. SIGABRT is "
		    "the program's own doing: abort(), a failed assert(), damage that the C library found in its "
		    "heap, an exception that nobody caught.",
		.confirm =
		    "coredumpctl info PID; coredumpctl gdb PID    (then `bt`)\n"
		    "journalctl -k | grep -i segfault    (instruction and address)\n"
		    "ulimit -c; cat /proc/sys/kernel/core_pattern    (where cores go)",
		.fix =
		    "Get the stack: ulimit -c unlimited before the start, then gdb PROGRAM CORE and `bt`. Build "
		    "with -g and -fsanitize=address,undefined to be told the first wrong access instead of the "
		    "last. In Python: -X faulthandler.",
	},
	[OOM] = {
		.code = "exit.oom",
		.severity = SEVERITY_ERROR,
		.title = "chosen by the kernel's OOM killer",
		.meaning =
		    "Memory ran out, in the machine or within the memory.max of a cgroup (a container's limit), "
		    "and nothing could be freed. The kernel chose this process, mostly the one that uses most, "
		    "and sent it SIGKILL. The one that asked for the last page can be another.",
		.confirm =
		    "journalctl -k | grep -i -A3 'out of memory\\|oom-kill'\n"
		    "cat /sys/fs/cgroup/PATH/memory.events    (oom_kill), memory.max, memory.peak\n"
		    "cat /proc/PID/oom_score /proc/PID/oom_score_adj    (of those alive)",
		.fix =
		    "Raise memory.max (docker run -m, resources.limits.memory, MemoryMax=) or use less: the "
		    "report of the kernel in the journal lists who used how much. oom_score_adj protects one "
		    "process at the cost of another.",
	},
	[VERDICT_COUNT] = {NULL},
};

/* Where a fatal signal came from, in the order in which it is asked. */
enum origin {
	FROM_UNKNOWN,
	FROM_NAMESPACE,
	FROM_TIMER,
	FROM_LIMIT,
	FROM_TERMINAL,
	FROM_SECCOMP,
	FROM_KERNEL,
	FROM_SELF,
	FROM_LIFELINE,
	FROM_ANCESTOR,
	FROM_PROCESS,
};

struct origin_words {
	const char *name;  /* in JSON */
	const char *words; /* in the title, behind the signal; NULL: the sender is named */
	enum severity severity;
};

static const struct origin_words origins[] = {
    [FROM_UNKNOWN] = {"unknown", "; who sent it is not known", SEVERITY_WARNING},
    [FROM_NAMESPACE] = {"pid-namespace", " from the kernel, as the init of its pid namespace ended", SEVERITY_NOTE},
    [FROM_TIMER] = {"timer", " from a timer that it had set", SEVERITY_NOTE},
    [FROM_LIMIT] = {"limit", " for passing a resource limit", SEVERITY_NOTE},
    [FROM_TERMINAL] = {"terminal", " from its terminal", SEVERITY_NOTE},
    [FROM_SECCOMP] = {"seccomp", " for a system call that is not allowed (seccomp)", SEVERITY_WARNING},
    [FROM_KERNEL] = {"kernel", " from the kernel", SEVERITY_WARNING},
    [FROM_SELF] = {"self", " that it sent itself", SEVERITY_NOTE},
    [FROM_LIFELINE] = {"lifeline", " from lifeline, as asked with --for", SEVERITY_NOTE},
    [FROM_ANCESTOR] = {"ancestor", NULL, SEVERITY_NOTE},
    [FROM_PROCESS] = {"process", NULL, SEVERITY_WARNING},
};

struct batch { /* deaths by one signal of one sender */
	uint64_t count;
	struct batch *next;
};

struct state {
	struct hangups hangups;
	struct sent sent;
	struct hash batches;
	struct batch *first_batch;
	struct process_ref lifeline;
};

struct death { /* of a process by a signal */
	const struct process *process;
	const struct signal_note *killer; /* NULL: not seen */
	enum origin origin;
};

/* ---- who did it ------------------------------------------------------------------------------------------- */

static int signal_of(const struct process *process)
{
	return process->has_status ? process->status & 0x7f : 0;
}

static bool by_end_of_namespace(const struct model *model, const struct death *death)
{
	const struct process *process = death->process, *sender = model_find(model, death->killer->sender);

	return death->killer->signal == SIGKILL && sender && sender != process && sender->nspid == 1 &&
	       sender->pidns_level && process->pidns_level >= sender->pidns_level &&
	       death->killer->sender_is_dying_parent;
}

static enum origin kernel_origin(const struct model *model, const struct death *death)
{
	switch (death->killer->signal) {
	case SIGALRM:
	case SIGVTALRM:
	case SIGPROF:
		return FROM_TIMER;
	case SIGXCPU:
	case SIGXFSZ:
		return FROM_LIMIT;
	case SIGINT:
	case SIGQUIT:
	case SIGHUP:
		return FROM_TERMINAL;
	case SIGSYS:
		return FROM_SECCOMP;
	default:
		if (death->killer->code == SI_TIMER)
			return FROM_TIMER;
		return by_end_of_namespace(model, death) ? FROM_NAMESPACE : FROM_KERNEL;
	}
}

static enum origin origin_of(const struct state *state, const struct model *model, const struct death *death)
{
	const struct process *process = death->process;
	const struct signal_note *killer = death->killer;

	if (!killer)
		return FROM_UNKNOWN;
	if (killer->origin == SIGNAL_KERNEL)
		return kernel_origin(model, death);
	if (killer->signal == SIGXFSZ && process_ref_equal(killer->sender, process->id))
		return FROM_LIMIT; /* made in the name of the writer */
	if (process_ref_equal(killer->sender, process->id))
		return FROM_SELF;
	if (killer->sender.pid == state->lifeline.pid && state->lifeline.pid)
		return FROM_LIFELINE;
	return model_is_ancestor(model, killer->sender, process->id) ? FROM_ANCESTOR : FROM_PROCESS;
}

static const struct signal_note *killer_of(const struct state *state, const struct process *process)
{
	return process->killer ? process->killer : sent_by_one(&state->sent, process, signal_of(process));
}

static struct death death_of(const struct state *state, const struct model *model, const struct process *process)
{
	struct death death = {.process = process, .killer = killer_of(state, process)};

	death.origin = origin_of(state, model, &death);
	return death;
}

/* ---- telling ------------------------------------------------------------------------------------------------ */

static void tell_request(struct finding *finding, const struct model *model, const struct death *death)
{
	const struct signal_note *term = ending_request(death->process, death->killer);

	if (!term)
		return;
	finding_evidence(finding, term->at_ns, "%s%s: asked to end, %s before it was killed",
			 words_signal(term->signal).text,
			 term->origin == SIGNAL_KERNEL ? " from the kernel" : ending_sent(model, term).text,
			 words_duration(death->killer->at_ns - term->at_ns).text);
}

static void tell_reaping(struct finding *finding, const struct process *process)
{
	if (process->reaped_ns && process->reaper.pid && process->reaped_ns >= process->dead_ns && process->dead_ns)
		finding_evidence(finding, process->reaped_ns, "%s reaped it, %s after its death",
				 words_named(process->reaper_comm, process->reaper).text,
				 words_duration(process->reaped_ns - process->dead_ns).text);
}

static void write_sender(struct json *json, const struct model *model, const struct death *death)
{
	const struct signal_note *killer = death->killer;
	const enum origin origin = death->origin;
	const bool named = origin == FROM_SELF || origin == FROM_LIFELINE || origin == FROM_ANCESTOR ||
			   origin == FROM_PROCESS || origin == FROM_NAMESPACE;

	json_key_string(json, "origin", origins[origin].name);
	words_json_id(json, "sender", named ? killer->sender : (struct process_ref){0});
	if (named) {
		json_key_unsigned(json, "sender_pid", killer->sender.pid);
		json_key_string(json, "sender_comm", killer->sender_comm);
	} else {
		json_key_null(json, "sender_pid");
		json_key_null(json, "sender_comm");
	}
	json_key_string(json, "call",
			named && killer->syscall >= 0 ? words_syscall(model, killer->syscall).text : NULL);
}

static void write_reaping(struct json *json, const struct process *process)
{
	words_json_id(json, "reaped_by", process->reaper);
	if (process->reaped_ns && process->dead_ns && process->reaped_ns >= process->dead_ns)
		json_key_unsigned(json, "unreaped_ns", process->reaped_ns - process->dead_ns);
	else
		json_key_null(json, "unreaped_ns");
}

static void write_detail(struct finding *finding, const struct model *model, const struct death *death, uint64_t count)
{
	const struct process *process = death->process;
	const struct signal_note *killer = death->killer, *term = ending_request(death->process, death->killer);
	const struct fault_code *code = killer ? fault_code(killer) : NULL;
	struct buffer buffer = {0};
	struct json json;

	json_begin(&json, &buffer, false);
	json_object_open(&json);
	json_key_string(&json, "signal", words_signal(signal_of(process)).text);
	json_key_bool(&json, "core", process->status & 0x80);
	write_sender(&json, model, death);
	if (fault_signal(signal_of(process))) {
		json_key_string(&json, "fault", fault_is(killer) && code ? code->name : NULL);
		json_key_string(
		    &json, "address",
		    fault_has_address(killer) ? words_format("0x%llx", (unsigned long long)killer->addr).text : NULL);
	}
	if (term)
		json_key_unsigned(&json, "after_request_ns", killer->at_ns - term->at_ns);
	else
		json_key_null(&json, "after_request_ns");
	write_reaping(&json, process);
	if (count > 1)
		json_key_unsigned(&json, "count", count);
	json_object_close(&json);
	finding_detail(finding, &buffer);
}

/* ---- exit.killed -------------------------------------------------------------------------------------------- */

static void write_killed_help(struct finding *finding, const struct death *death)
{
	const struct signal_note *killer = death->killer;
	const int signal = signal_of(death->process);

	switch (death->origin) {
	case FROM_UNKNOWN:
		finding_help(finding, "The signal was made when it was not observed. Observe it from its start: "
				      "lifeline run -- CMD, or attach "
				      "earlier.");
		return;
	case FROM_LIMIT:
		finding_help(
		    finding,
		    "See the limits of such a process: prlimit --pid PID; raise them with ulimit -t or ulimit -f.");
		return;
	case FROM_TERMINAL:
		if (signal == SIGINT || signal == SIGQUIT)
			finding_help(finding,
				     "Its key (%s) was pressed while it was in the foreground. To clean up before such "
				     "an end, handle %s; to stay out of it, run in the background.",
				     signal == SIGINT ? "mostly Ctrl-C" : "mostly Ctrl-\\", words_signal(signal).text);
		else
			finding_help(finding, "To let it survive its terminal: setsid or nohup, or a handler for %s.",
				     words_signal(signal).text);
		return;
	case FROM_SECCOMP:
		finding_help(
		    finding,
		    "See which call it was: journalctl -k | grep -i seccomp; then allow it in the profile (docker run "
		    "--security-opt seccomp=FILE, SystemCallFilter=).");
		return;
	case FROM_KERNEL:
		finding_help(finding, "Look for the kernel's own words: journalctl -k. The kernel sends SIGKILL for "
				      "RLIMIT_CPU (ulimit -t), "
				      "for an exec that failed half-way, and for lack of memory.");
		return;
	case FROM_PROCESS:
		finding_help(finding, "Ask %s why it sent %s.%s", words_named(killer->sender_comm, killer->sender).text,
			     words_signal(signal).text,
			     ending_request(death->process, death->killer)
				 ? " The process had been asked before: let it handle SIGTERM, or give it longer."
				 : "");
		return;
	default:
		finding_help(finding, "An orderly end, if it was meant. To clean up before it, handle %s.",
			     signal == SIGKILL ? "SIGTERM (SIGKILL cannot be handled)" : words_signal(signal).text);
		return;
	}
}

/* The whole end in one line. */
static void tell_end(struct finding *finding, const struct model *model, const struct death *death)
{
	const struct process *process = death->process;
	struct buffer line = {0};

	if (!death->killer) {
		buffer_format(&line, "it ended by %s; no such signal to it was seen",
			      words_signal(signal_of(process)).text);
		ending_reaping(&line, model, process);
	} else {
		ending_signal(&line, model, process, death->killer, origins[death->origin].words);
	}
	finding_evidence(finding, death->killer ? death->killer->at_ns : process->exited_ns, "%s", buffer_text(&line));
	buffer_free(&line);
}

static uint64_t observed_since(const struct model *model, const struct process *process)
{
	const uint64_t begin_ns = model_observation(model)->begin_ns;

	return process->started_ns > begin_ns ? process->started_ns : begin_ns;
}

static int tell_killed(const struct analysis *analysis, const struct death *death, uint64_t count)
{
	const struct model *model = analysis->model;
	const struct process *process = death->process;
	const struct words signal = words_signal(signal_of(process));
	const char *words = origins[death->origin].words;
	const struct words sent = words ? words_format("%s", words) : ending_sent(model, death->killer);
	struct finding finding;

	finding_begin(&finding, &verdicts[KILLED], process);
	finding.severity = origins[death->origin].severity;
	if (!process->killer) /* that no other was sent is part of it */
		finding.since_ns = observed_since(model, process);
	if (count > 1)
		finding_title(&finding, "%llu processes, %s the first, ended by %s%s", (unsigned long long)count,
			      words_who(process).text, signal.text, sent.text);
	else
		finding_title(&finding, "%s ended by %s%s%s", words_who(process).text, signal.text, sent.text,
			      process->status & 0x80 ? "; core dumped" : "");
	tell_request(&finding, model, death);
	tell_end(&finding, model, death);
	write_killed_help(&finding, death);
	write_detail(&finding, model, death, count);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SIGNAL);
}

/* ---- exit.crashed -------------------------------------------------------------------------------------------- */

static struct words words_fault(const struct model *model, const struct death *death)
{
	const struct signal_note *killer = death->killer;
	const struct fault_code *code = killer ? fault_code(killer) : NULL;

	if (!killer)
		return words_format("; where it came from was not seen");
	if (!fault_is(killer)) {
		if (death->origin == FROM_SELF && killer->signal == SIGABRT)
			return words_format(": it called abort()");
		if (death->origin == FROM_SELF)
			return words_format(", which it sent itself");
		return killer->origin == SIGNAL_KERNEL ? words_format(" from the kernel") : ending_sent(model, killer);
	}
	if (!fault_has_address(killer))
		return words_format(": %s", code ? code->words : "a fault");
	return words_format(" at address 0x%llx: %s%s", (unsigned long long)killer->addr,
			    code ? code->words : "a fault",
			    killer->signal == SIGSEGV && killer->addr < FIRST_PAGE ? " (a null pointer)" : "");
}

static int tell_crashed(const struct analysis *analysis, const struct death *death)
{
	const struct process *process = death->process;
	const struct signal_note *killer = death->killer;
	const struct words signal = words_signal(signal_of(process));
	const struct words fault = words_fault(analysis->model, death);
	const struct thread *thread = killer && fault_is(killer) ? model_thread(process, killer->sender_tid) : NULL;
	struct finding finding;

	finding_begin(&finding, &verdicts[CRASHED], process);
	finding_title(&finding, "%s crashed with %s%s", words_who(process).text, signal.text, fault.text);
	if (killer)
		finding_evidence(&finding, killer->at_ns, "%s%s%s", signal.text, fault.text,
				 thread ? words_format(", in thread %.15s (%u)", thread->comm, thread->tid).text : "");
	finding_evidence(&finding, process->exited_ns, "it ended; %s",
			 process->status & 0x80 ? "a core was dumped" : "no core was dumped");
	tell_reaping(&finding, process);
	finding_help(
	    &finding, "%s\nRebuild with -g -fsanitize=address,undefined to be told where it went wrong first.",
	    process->status & 0x80
		? words_format("coredumpctl gdb %u, then `bt`: or gdb on the core where kernel.core_pattern put it.",
			       process->id.pid)
		      .text
		: "ulimit -c unlimited before the start; then gdb PROGRAM CORE and `bt`.");
	write_detail(&finding, analysis->model, death, 1);
	return findings_add(analysis->findings, &finding,
			    1u << GROUP_LIFE | (process->killer ? 0 : 1u << GROUP_SIGNAL));
}

/* ---- exit.oom -------------------------------------------------------------------------------------------------- */

/* Whose limit it was is not said: the cgroup known here is that of birth or exec, and the process may have moved. */
static int tell_oom(const struct analysis *analysis, const struct process *process)
{
	struct buffer buffer = {0};
	struct finding finding;
	struct json json;

	finding_begin(&finding, &verdicts[OOM], process);
	finding_title(&finding, "%s was killed for lack of memory: the kernel's OOM killer chose it",
		      words_who(process).text);
	finding_evidence(&finding, process->oom_ns, "chosen by the OOM killer");
	if (process->exited_ns)
		finding_evidence(&finding, process->exited_ns, "it ended: %s", words_status(process->status).text);
	tell_reaping(&finding, process);
	finding_help(&finding, "See who used how much: journalctl -k | grep -i -A20 oom-kill\n"
			       "If it was a cgroup's limit, the line oom-kill: names it (oom_memcg=): see its "
			       "memory.max and memory.events; raise it with MemoryMax=, docker run -m.");
	json_begin(&json, &buffer, false);
	json_object_open(&json);
	json_key_string(&json, "signal", "SIGKILL");
	json_key_string(&json, "origin", "oom-killer");
	write_reaping(&json, process);
	json_object_close(&json);
	finding_detail(&finding, &buffer);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE);
}

/* ---- concluding -------------------------------------------------------------------------------------------------- */

/* Told by another verdict: the parent-death signal, the hang-up of an orphaned group. */
static bool told_elsewhere(const struct state *state, const struct process *process)
{
	const struct signal_note *killer = process->killer, *pdeath = process->pdeath;

	if (pdeath && pdeath->signal == signal_of(process) && (!killer || killer->at_ns == pdeath->at_ns))
		return true;
	return killer && killer->signal == SIGHUP && killer->origin == SIGNAL_KERNEL &&
	       killer->sender_is_dying_parent && hangups_of_orphaned_group(&state->hangups, process);
}

/* A writer whose reader has gone: made by the kernel in the writer's own name. */
static bool is_broken_pipe(const struct state *state, const struct process *process)
{
	const struct signal_note *killer;

	if (signal_of(process) != SIGPIPE)
		return false;
	killer = killer_of(state, process);
	return !killer || killer->origin == SIGNAL_KERNEL || process_ref_equal(killer->sender, process->id);
}

static bool is_killed(const struct state *state, const struct process *process)
{
	const int signal = signal_of(process);

	return signal && process->exited_ns && !process->dead_before && process->scope == SCOPE_TARGET &&
	       !process->oom_victim && !fault_signal(signal) && !is_broken_pipe(state, process) &&
	       !told_elsewhere(state, process);
}

static struct batch *batch_of(struct state *state, const struct death *death)
{
	const struct process_ref sender = death->killer ? death->killer->sender : (struct process_ref){0};
	const uint64_t a =
	    (uint64_t)sender.pid << 32 | (uint64_t)signal_of(death->process) << 8 | (uint64_t)death->origin;
	struct batch *batch = hash_get(&state->batches, a, sender.start_ns);

	if (batch)
		return batch;
	batch = calloc(1, sizeof *batch);
	if (!batch || hash_put(&state->batches, a, sender.start_ns, batch)) {
		free(batch);
		return NULL;
	}
	batch->next = state->first_batch;
	state->first_batch = batch;
	return batch;
}

static int count_killed(struct state *state, const struct analysis *analysis)
{
	for (struct batch *batch = state->first_batch; batch; batch = batch->next)
		batch->count = 0;
	for (const struct process *p = model_first(analysis->model); p; p = p->next) {
		struct death death;
		struct batch *batch;

		if (!is_killed(state, p))
			continue;
		death = death_of(state, analysis->model, p);
		batch = batch_of(state, &death);
		if (!batch)
			return -ENOMEM;
		batch->count++;
	}
	return 0;
}

static int conclude_killed(struct state *state, const struct analysis *analysis, const struct death *death)
{
	struct batch *batch = batch_of(state, death);
	uint64_t count;

	if (!batch)
		return -ENOMEM;
	count = batch->count;
	if (!count)
		return 0; /* told with the first of them */
	if (count <= TOLD_SINGLY)
		return tell_killed(analysis, death, 1);
	batch->count = 0;
	return tell_killed(analysis, death, count);
}

static int conclude(struct state *state, const struct analysis *analysis, const struct process *process)
{
	const int signal = signal_of(process);
	struct death death;

	if (process->scope != SCOPE_TARGET || process->dead_before)
		return 0;
	if (process->oom_victim && (!process->exited_ns || signal == SIGKILL))
		return tell_oom(analysis, process);
	if (!signal || !process->exited_ns)
		return 0;
	death = death_of(state, analysis->model, process);
	if (fault_signal(signal) && !told_elsewhere(state, process))
		return tell_crashed(analysis, &death);
	return is_killed(state, process) ? conclude_killed(state, analysis, &death) : 0;
}

static int event_exit(const struct analysis *analysis, void *where, const struct event *event)
{
	struct state *state = where;
	int error;

	if (event->kind == EVENT_begin)
		state->lifeline = (struct process_ref){event->pid, event->start_ns};
	error = sent_event(&state->sent, event);
	return error ? error : hangups_event(&state->hangups, analysis->model, event);
}

static int open_exit(const struct analysis *analysis, void **where)
{
	(void)analysis;
	*where = calloc(1, sizeof(struct state));
	return *where ? 0 : -ENOMEM;
}

static int close_exit(const struct analysis *analysis, void *where)
{
	struct state *state = where;
	int error = count_killed(state, analysis);

	for (const struct process *p = model_first(analysis->model); p && !error; p = p->next)
		error = conclude(state, analysis, p);
	return error;
}

static bool needs_exit(const struct analysis *analysis, const void *where, const struct process *process)
{
	const struct state *state = where;

	(void)analysis;
	return process->scope == SCOPE_TARGET &&
	       (process->oom_victim || (signal_of(process) && !is_broken_pipe(state, process)));
}

static void forget_exit(void *where, const struct process *process)
{
	struct state *state = where;

	sent_forget(&state->sent, process);
	hangups_forget(&state->hangups, process);
}

static void free_exit(void *where)
{
	struct state *state = where;

	if (!state)
		return;
	for (struct batch *batch = state->first_batch, *next; batch; batch = next) {
		next = batch->next;
		free(batch);
	}
	sent_free(&state->sent);
	hash_free(&state->batches);
	hangups_free(&state->hangups);
	free(state);
}

const struct analyzer analyzer_exit = {
    .name = "exit",
    .verdicts = verdicts,
    .wants = 1u << GROUP_LIFE | 1u << GROUP_SIGNAL | 1u << GROUP_WAIT,
    .open = open_exit,
    .event = event_exit,
    .close = close_exit,
    .preview = close_exit,
    .free = free_exit,
    .needs = needs_exit,
    .forget = forget_exit,
};
