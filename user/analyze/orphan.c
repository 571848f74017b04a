/* SPDX-License-Identifier: BSD-2-Clause
 *
 * orphan.*: processes that outlived their parent, and daemon.child-*: what became of a child armed with a parent-death
 * signal. Who adopts whom is the kernel's choice (kernel/exit.c, find_new_reaper) and is read after it was made.
 *
 * Not told as orphans: children that were dead already when their parent ended (zombie.* speaks of those), children
 * that were dying together with it (a signal to the whole group, a container taken down), and those whose creating
 * thread ended while its process lives on: any other thread of it can wait for them as before, so they outlived nobody.
 * An orphan that is a daemon is told as that (daemon.c), neither as an orphan nor as a survivor.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "analyze/analyzer.h"
#include "analyze/common/daemonhood.h"
#include "analyze/common/hangup.h"
#include "analyze/common/words.h"
#include "base/hash.h"

#define RESULT_IGNORED 1          /* TRACE_SIGNAL_IGNORED */
#define TOLD_SINGLY 10            /* more orphans of one parent are told as one finding */
#define TOGETHER_NS 1000000000ULL /* asked to end before the adoption and ended so soon after it: it was on its way */
#define GENERATIONS 64            /* how far up a monitor is looked for */
#define OUTLIVED_NS 50000000ULL   /* still there so long after the parent-death signal: it did not die of it */

enum { ADOPTED, SURVIVOR, HUNG_UP, CHILD_OUTLIVED, CHILD_KILLED, VERDICT_COUNT };

static const struct verdict verdicts[] = {
	[ADOPTED] = {
		.code = "orphan.adopted",
		.severity = SEVERITY_NOTE,
		.title = "a process that outlived its parent",
		.meaning =
		    "The parent ended while this child was alive. The kernel gave the child a new parent at once, "
		    "by the first rule that fits: another thread of the same process; the nearest ancestor that "
		    "called prctl(PR_SET_CHILD_SUBREAPER), as systemd --user and container shims do; the init of "
		    "its pid namespace; PID 1. The new parent gets its SIGCHLD and has to wait for it. An orphan "
		    "is not an error by itself, daemons become one on purpose; but nobody who started it knows "
		    "any more that it runs.",
		.confirm =
		    "ps -o pid,ppid,sid,stat,etime,comm -p PID    (PPID is the adopter, not always 1)\n"
		    "grep -E 'PPid|NSpid' /proc/PID/status; pstree -sp PID",
		.fix =
		    "If it should end with its parent, let the parent end it and wait: kill and waitpid for each "
		    "child on its own SIGTERM, prctl(PR_SET_PDEATHSIG, SIGTERM) in the child, or a process group "
		    "or cgroup that is killed as a whole. In shells: `trap 'kill $(jobs -p)' EXIT; wait`.",
	},
	[SURVIVOR] = {
		.code = "orphan.survivor",
		.severity = SEVERITY_WARNING,
		.title = "still running when the command was over",
		.meaning =
		    "The command that lifeline ran has ended, but this descendant of it is alive, and it is not a "
		    "daemon: it stayed in the session it was started in. It was most likely forgotten: it goes on "
		    "using memory, files and ports, and it can keep a pipe or terminal open that others wait on "
		    "to be closed.",
		.confirm =
		    "ps -o pid,ppid,pgid,sid,stat,etime,comm -p PID\n"
		    "ls -l /proc/PID/fd    (what it keeps open)",
		.fix =
		    "Let the command wait for what it starts (`wait` in a shell, waitpid, Process.join) or end it "
		    "before it ends itself. If it is meant to stay, make it a daemon (setsid, its own "
		    "stdin/stdout/stderr) or a service. To see how long it lives: lifeline run --linger forever.",
	},
	[HUNG_UP] = {
		.code = "orphan.hung-up",
		.severity = SEVERITY_NOTE,
		.title = "its process group became orphaned and was sent SIGHUP",
		.meaning =
		    "A process group is orphaned when nobody is left who could continue it: no member has a "
		    "parent in the same session outside the group. If a member is stopped at that moment, it "
		    "would stay stopped for ever, so the kernel sends SIGHUP and then SIGCONT to the whole group. "
		    "SIGHUP ends a process that does not handle it.",
		.confirm =
		    "ps -o pid,ppid,pgid,sid,stat,comm -p PID\n"
		    "grep -E 'SigCgt|SigIgn' /proc/PID/status    (bit 0x1 is SIGHUP)",
		.fix =
		    "To keep a stopped job, do not let its shell end; or start it with nohup or setsid, or handle "
		    "SIGHUP. If the job stopped because it read from the terminal in the background, give it "
		    "another stdin: < /dev/null.",
	},
	[CHILD_OUTLIVED] = {
		.code = "daemon.child-outlived",
		.severity = SEVERITY_NOTE,
		.title = "a child with a parent-death signal that outlived its parent",
		.meaning =
		    "The child asked for a signal at its parent's death, prctl(PR_SET_PDEATHSIG), and its parent "
		    "ended, but the child lived on: it ignores or handles the signal, or no signal came. The "
		    "setting is lost in a child of the child and at execve of a setuid program, and a parent that "
		    "was gone before the call sends nothing.",
		.confirm =
		    "grep -E 'SigIgn|SigCgt|SigBlk' /proc/PID/status\n"
		    "ps -o pid,ppid,stat,comm -p PID",
		.fix =
		    "Use SIGKILL, or a signal that the child leaves at its default. After the prctl call compare "
		    "getppid() with the pid known from before the fork: if it differs, the parent is gone "
		    "already.",
	},
	[CHILD_KILLED] = {
		.code = "daemon.child-killed",
		.severity = SEVERITY_NOTE,
		.title = "ended by the parent-death signal that it asked for",
		.meaning =
		    "The child had called prctl(PR_SET_PDEATHSIG), and its parent ended: the kernel sent the "
		    "signal, and the child ended. That is what the setting is for. Beware: \"parent\" here is the "
		    "thread that created the child. When a thread forks and ends, its children get the signal "
		    "although the process lives on.",
		.confirm =
		    "strace -f -e trace=prctl PROGRAM    (PR_SET_PDEATHSIG)\n"
		    "the report shows whether the whole parent ended or only the thread that forked",
		.fix =
		    "Nothing to mend if that was intended. If only the creating thread ended, fork from a thread "
		    "that lives as long as the process: the main thread, not one of a pool.",
	},
	[VERDICT_COUNT] = {NULL},
};

struct group { /* orphans of one parent */
	uint64_t count;
	struct group *next;
};

struct state {
	struct hangups hangups;
	const struct process *command; /* CMD of a run, from its first sight on: its pid can come back later */
	uint32_t command_sid;          /* its session then */
	uint32_t survivors;
	struct hash groups;
	struct group *first_group;
};

static const char *const rule_names[] = {
    [ADOPT_THREAD] = "thread",
    [ADOPT_SUBREAPER] = "subreaper",
    [ADOPT_PIDNS_INIT] = "pidns-init",
    [ADOPT_INIT] = "init",
};

static const char *rule_name(uint32_t rule)
{
	return rule < sizeof rule_names / sizeof rule_names[0] ? rule_names[rule] : NULL;
}

static const char *rule_words(uint32_t rule)
{
	static const char *const words[] = {
	    [ADOPT_THREAD] = "by another thread of the same process",
	    [ADOPT_SUBREAPER] = "as the nearest subreaper",
	    [ADOPT_PIDNS_INIT] = "as the init of its pid namespace",
	    [ADOPT_INIT] = "as init",
	};

	return rule < sizeof words / sizeof words[0] ? words[rule] : "by a rule not known";
}

/* ---- which adoptions are worth a word ------------------------------------------------------------------ */

static uint64_t end_of(const struct analysis *analysis, const struct process *process)
{
	return process->exited_ns ? process->exited_ns : model_now(analysis->model);
}

static uint64_t begin_of(const struct analysis *analysis, const struct process *process)
{
	const uint64_t begin_ns = model_observation(analysis->model)->begin_ns;

	return process->started_ns > begin_ns ? process->started_ns : begin_ns;
}

/* It was dying, or had been asked to and did so soon: it did not outlive its parent, it went with it. */
static bool ended_together(const struct process *process, const struct adoption *adoption)
{
	if (process->exited_ns && process->exited_ns <= adoption->at_ns)
		return true;
	if (process->killer && process->killer->at_ns <= adoption->at_ns)
		return true;
	return process->term && process->term->at_ns <= adoption->at_ns && !process->term->sender_is_dying_parent &&
	       process->exited_ns && process->exited_ns - adoption->at_ns <= TOGETHER_NS;
}

/* Passing to another thread of the same process is bookkeeping of the kernel's: the parent lives on, nobody is an
 * orphan. */
static const struct adoption *orphaning(const struct process *process)
{
	for (const struct adoption *a = process->adoptions; a; a = a->next)
		if (!a->was_zombie && a->rule != ADOPT_THREAD)
			return ended_together(process, a) ? NULL : a;
	return NULL;
}

/* In a session of its own, or in one that a descendant of the command made; or a monitor, or under one: it went its own
 * way on purpose. */
static bool went_its_way(const struct state *state, const struct analysis *analysis, const struct process *process)
{
	/* The command's may be 0: what init starts without setsid is in the kernel's own session, and no setsid leads
	 * there. That of a process not known is 0 too, and says nothing. */
	if (process->sid && process->sid != state->command_sid)
		return true;
	if (daemonhood_of(analysis, process).is_daemon)
		return true;
	for (unsigned i = 0; process && i < GENERATIONS; i++) {
		if (process->scope == SCOPE_TARGET && daemonhood_is_monitor(process))
			return true;
		process = process->parent.pid ? model_find(analysis->model, process->parent) : NULL;
	}
	return false;
}

static bool is_survivor(const struct state *state, const struct analysis *analysis, const struct process *process)
{
	const struct process *command = state->command;
	uint64_t until_ns;

	if (!command || process == command || !command->exited_ns || process->scope != SCOPE_TARGET)
		return false;
	if (process->killer || process->oom_victim || went_its_way(state, analysis, process))
		return false;
	until_ns = end_of(analysis, process);
	if (!process->exited_ns)
		return until_ns >= command->exited_ns;
	/* --linger saw it end: those that ended right behind the command were on their way */
	return until_ns > command->exited_ns && until_ns - command->exited_ns > analysis->zombie_after_ns &&
	       process->started_ns < command->exited_ns;
}

/* ---- telling ------------------------------------------------------------------------------------------- */

static void write_adoption(struct json *json, const struct model *model, const struct adoption *adoption)
{
	words_json_time(json, "at_ns", model, adoption ? adoption->at_ns : 0);
	words_json_id(json, "from", adoption ? adoption->from : (struct process_ref){0});
	words_json_id(json, "to", adoption ? adoption->to : (struct process_ref){0});
	if (!adoption) {
		json_key_null(json, "to_pid");
		json_key_null(json, "rule");
		return;
	}
	json_key_unsigned(json, "to_pid", adoption->to.pid);
	json_key_string(json, "to_comm", adoption->to_comm);
	json_key_string(json, "rule", rule_name(adoption->rule));
}

static void write_detail(struct finding *finding, const struct analysis *analysis, const struct adoption *adoption,
			 uint64_t count)
{
	struct buffer buffer = {0};
	struct json json;

	json_begin(&json, &buffer, false);
	json_object_open(&json);
	write_adoption(&json, analysis->model, adoption);
	if (count > 1)
		json_key_unsigned(&json, "count", count);
	json_object_close(&json);
	finding_detail(finding, &buffer);
}

static struct words words_from(const struct model *model, const struct adoption *adoption)
{
	const struct process *from = model_find(model, adoption->from);

	return from ? words_who(from) : words_format("process %u", adoption->from.pid);
}

static void tell_adoptions(struct finding *finding, const struct analysis *analysis, const struct process *process)
{
	for (const struct adoption *a = process->adoptions; a; a = a->next) {
		const struct words from = words_from(analysis->model, a), to = words_named(a->to_comm, a->to);

		if (a->rule == ADOPT_THREAD)
			finding_evidence(finding, a->at_ns,
					 "the thread of %s that had forked it ended; thread %u of the same "
					 "process took it over",
					 from.text, a->to_tid);
		else
			finding_evidence(finding, a->at_ns, "%s ended; %s adopted it %s", from.text, to.text,
					 rule_words(a->rule));
	}
}

static void tell_fate(struct finding *finding, const struct analysis *analysis, const struct process *process)
{
	if (process->exited_ns)
		finding_evidence(finding, process->exited_ns, "it ended: %s", words_status(process->status).text);
	else
		finding_evidence(finding, model_now(analysis->model), "it was alive still");
}

static int tell_adopted(const struct analysis *analysis, const struct process *process, const struct adoption *adoption)
{
	const struct words to = words_named(adoption->to_comm, adoption->to);
	const char *rule = rule_name(adoption->rule);
	struct finding finding;

	finding_begin(&finding, &verdicts[ADOPTED], process);
	finding_title(&finding, "%s outlived its parent %s and was adopted by %s%s%s", words_who(process).text,
		      words_from(analysis->model, adoption).text, to.text, rule ? ", rule " : "", rule ? rule : "");
	tell_adoptions(&finding, analysis, process);
	tell_fate(&finding, analysis, process);
	finding_help(&finding,
		     "If it should not live on alone: prctl(PR_SET_PDEATHSIG, SIGTERM) in the child, or let the parent "
		     "kill and waitpid its children before it ends.");
	write_detail(&finding, analysis, adoption, 1);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE);
}

/* All orphans of one parent, of which `first` is the earliest. */
static int tell_many_adopted(const struct analysis *analysis, const struct process *first,
			     const struct adoption *adoption, uint64_t count)
{
	const struct process *from = model_find(analysis->model, adoption->from);
	const struct words to = words_named(adoption->to_comm, adoption->to);
	struct finding finding;

	finding_begin(&finding, &verdicts[ADOPTED], from ? from : first);
	finding_title(&finding, "%llu children outlived their parent %s; %s adopted the first of them",
		      (unsigned long long)count, words_from(analysis->model, adoption).text, to.text);
	tell_adoptions(&finding, analysis, first);
	finding_evidence(&finding, model_now(analysis->model), "%llu orphans of it in all, %s the first",
			 (unsigned long long)count, words_who(first).text);
	finding_help(
	    &finding,
	    "If they should not live on alone: prctl(PR_SET_PDEATHSIG, SIGTERM) in each child, or let the parent end "
	    "them before itself: kill(0, SIGTERM) and waitpid until ECHILD.");
	write_detail(&finding, analysis, adoption, count);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE);
}

static int tell_survivor(const struct state *state, const struct analysis *analysis, const struct process *process,
			 uint64_t count)
{
	const struct process *command = state->command;
	const struct adoption *adoption = orphaning(process);
	struct finding finding;

	finding_begin(&finding, &verdicts[SURVIVOR], process);
	finding.since_ns = begin_of(analysis, process);
	if (count > 1)
		finding_title(&finding, "%llu processes, %s the first, are still running although the command is over",
			      (unsigned long long)count, words_who(process).text);
	else
		finding_title(&finding, "%s %s running although the command is over", words_who(process).text,
			      process->exited_ns ? "went on" : "is still");
	tell_adoptions(&finding, analysis, process);
	finding_evidence(&finding, command->exited_ns, "the command, %s, ended", words_who(command).text);
	if (process->term && process->term->at_ns <= command->exited_ns)
		finding_evidence(&finding, process->term->at_ns, "%s had been sent to it, by %s",
				 words_signal(process->term->signal).text,
				 words_named(process->term->sender_comm, process->term->sender).text);
	tell_fate(&finding, analysis, process);
	finding_help(
	    &finding,
	    "End it: kill %u. To have it end by itself: let the command wait for it, or kill it when it is done.\n"
	    "If it is meant to stay, start it with setsid and its own stdin, stdout and stderr, or as a service.",
	    process->id.pid);
	write_detail(&finding, analysis, adoption, count);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SESSION);
}

static int tell_hung_up(const struct analysis *analysis, const struct process *process)
{
	const struct signal_note *hangup = process->hangup;
	const bool died =
	    process->killer && process->killer->signal == SIGHUP && process->killer->sender_is_dying_parent;
	struct finding finding;

	finding_begin(&finding, &verdicts[HUNG_UP], process);
	finding_title(
	    &finding,
	    "%s was stopped or in a group with a stopped process, and got SIGHUP when the group became orphaned%s",
	    words_who(process).text, died ? ": it died of it" : "");
	finding_evidence(&finding, hangup->at_ns,
			 "%s ended and left process group %u orphaned: the kernel sent SIGHUP, then SIGCONT",
			 words_named(hangup->sender_comm, hangup->sender).text, process->pgid);
	tell_adoptions(&finding, analysis, process);
	tell_fate(&finding, analysis, process);
	finding_help(
	    &finding,
	    "To keep such a job, start it with nohup or setsid, or handle SIGHUP; or continue it (fg, bg, kill -CONT) "
	    "before its shell ends.");
	write_detail(&finding, analysis, process->adoptions, 1);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SIGNAL);
}

static const struct adoption *pdeath_adoption(const struct process *process)
{
	for (const struct adoption *a = process->adoptions; a; a = a->next)
		if (!a->was_zombie && (!process->pdeath || process_ref_equal(a->from, process->pdeath->sender)))
			return a;
	return NULL;
}

static bool killed_by_pdeath(const struct process *process)
{
	const struct signal_note *death = process->pdeath, *killer = process->killer;

	if (!death || !process->exited_ns || death->result == RESULT_IGNORED)
		return false;
	if (killer)
		return killer->at_ns == death->at_ns && killer->signal == death->signal;
	/* it handled the signal and ended in good order, or nothing is known of the killer */
	return (process->status & 0x7f) == death->signal ||
	       (!(process->status & 0x7f) && process->exited_ns - death->at_ns <= TOGETHER_NS);
}

static void begin_pdeath(struct finding *finding, const struct analysis *analysis, const struct process *process,
			 const struct adoption *adoption)
{
	const struct signal_note *death = process->pdeath;
	const struct process *parent = death ? model_find(analysis->model, death->sender) : NULL;

	tell_adoptions(finding, analysis, process);
	if (death)
		finding_evidence(finding, death->at_ns, "%s came with the end of %s%s%s",
				 words_signal(death->signal).text, words_named(death->sender_comm, death->sender).text,
				 parent && (!parent->exited_ns || parent->exited_ns > death->at_ns)
				     ? ", whose other threads live on: only the thread that forked it ended"
				     : "",
				 death->result == RESULT_IGNORED ? ", and was ignored" : "");
	tell_fate(finding, analysis, process);
	write_detail(finding, analysis, adoption, 1);
}

static int tell_child_killed(const struct analysis *analysis, const struct process *process)
{
	struct finding finding;

	finding_begin(&finding, &verdicts[CHILD_KILLED], process);
	finding_title(&finding, "%s ended by the %s it had asked for at the death of its parent %s",
		      words_who(process).text, words_signal(process->pdeath->signal).text,
		      words_named(process->pdeath->sender_comm, process->pdeath->sender).text);
	begin_pdeath(&finding, analysis, process, pdeath_adoption(process));
	finding_help(&finding, "That is what prctl(PR_SET_PDEATHSIG) is for. If it came too early: the signal is sent "
			       "when the thread that "
			       "forked ends, so fork from one that lives as long as the process.");
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SIGNAL);
}

static int tell_child_outlived(const struct analysis *analysis, const struct process *process,
			       const struct adoption *adoption)
{
	const uint32_t armed = process->pdeath ? (uint32_t)process->pdeath->signal : adoption->pdeathsig;
	struct finding finding;

	finding_begin(&finding, &verdicts[CHILD_OUTLIVED], process);
	finding.since_ns = begin_of(analysis, process);
	finding_title(&finding, "%s outlived its parent although it is armed with %s for the parent's death",
		      words_who(process).text, words_signal((int)armed).text);
	begin_pdeath(&finding, analysis, process, adoption);
	finding_help(&finding, "Arm it with SIGKILL, or leave %s at its default action in the child.",
		     words_signal((int)armed).text);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SIGNAL);
}

/* ---- concluding ----------------------------------------------------------------------------------------- */

/* Armed, its parent (or the thread that forked it) gone, and it lived on for long enough to say so. */
static bool outlived_pdeath(const struct analysis *analysis, const struct process *process)
{
	const struct adoption *adoption = pdeath_adoption(process);
	const bool ignored = process->pdeath && process->pdeath->result == RESULT_IGNORED;
	const uint64_t end_ns = end_of(analysis, process);
	uint64_t at_ns;

	if (!adoption || !(adoption->pdeathsig || process->pdeath) || killed_by_pdeath(process) ||
	    ended_together(process, adoption))
		return false;
	at_ns = process->pdeath ? process->pdeath->at_ns : adoption->at_ns;
	return end_ns > at_ns && (ignored || end_ns - at_ns >= OUTLIVED_NS);
}

static int conclude_pdeath(const struct analysis *analysis, const struct process *process)
{
	if (killed_by_pdeath(process))
		return tell_child_killed(analysis, process);
	return outlived_pdeath(analysis, process) ? tell_child_outlived(analysis, process, pdeath_adoption(process))
						  : 0;
}

static struct group *group_of(struct state *state, struct process_ref parent)
{
	struct group *group = hash_get(&state->groups, parent.pid, parent.start_ns);

	if (group)
		return group;
	group = calloc(1, sizeof *group);
	if (!group || hash_put(&state->groups, parent.pid, parent.start_ns, group)) {
		free(group);
		return NULL;
	}
	group->next = state->first_group;
	state->first_group = group;
	return group;
}

/* One finding for one orphan: the others carry its adoption as detail. */
static bool is_told_as_orphan(const struct state *state, const struct analysis *analysis, const struct process *process)
{
	return process->scope == SCOPE_TARGET && orphaning(process) && !is_survivor(state, analysis, process) &&
	       !killed_by_pdeath(process) && !outlived_pdeath(analysis, process) &&
	       !hangups_of_orphaned_group(&state->hangups, process) && !daemonhood_of(analysis, process).is_daemon &&
	       !daemonhood_is_intermediate(analysis, process);
}

static int count_all(struct state *state, const struct analysis *analysis)
{
	state->survivors = 0;
	for (struct group *group = state->first_group; group; group = group->next)
		group->count = 0;
	for (const struct process *p = model_first(analysis->model); p; p = p->next) {
		struct group *group;

		state->survivors += is_survivor(state, analysis, p);
		if (!is_told_as_orphan(state, analysis, p))
			continue;
		group = group_of(state, orphaning(p)->from);
		if (!group)
			return -ENOMEM;
		group->count++;
	}
	return 0;
}

static int conclude_adopted(struct state *state, const struct analysis *analysis, const struct process *process)
{
	const struct adoption *adoption = orphaning(process);
	struct group *group = group_of(state, adoption->from);
	uint64_t count;

	if (!group)
		return -ENOMEM;
	count = group->count;
	if (!count)
		return 0; /* told with the first of them */
	if (count <= TOLD_SINGLY)
		return tell_adopted(analysis, process, adoption);
	group->count = 0;
	return tell_many_adopted(analysis, process, adoption, count);
}

static int conclude_survivor(struct state *state, const struct analysis *analysis, const struct process *process)
{
	const uint32_t count = state->survivors;

	if (!count)
		return 0;
	if (count <= TOLD_SINGLY)
		return tell_survivor(state, analysis, process, 1);
	state->survivors = 0;
	return tell_survivor(state, analysis, process, count);
}

static int conclude(struct state *state, const struct analysis *analysis, const struct process *process)
{
	int error = 0;

	if (process->scope != SCOPE_TARGET)
		return 0;
	if (is_survivor(state, analysis, process))
		error = conclude_survivor(state, analysis, process);
	else if (is_told_as_orphan(state, analysis, process))
		error = conclude_adopted(state, analysis, process);
	if (!error)
		error = conclude_pdeath(analysis, process);
	if (!error && hangups_of_orphaned_group(&state->hangups, process))
		error = tell_hung_up(analysis, process);
	return error;
}

/* ---- the analyzer ---------------------------------------------------------------------------------------- */

static void find_command(struct state *state, const struct analysis *analysis)
{
	const struct observation *seen = model_observation(analysis->model);

	if (state->command || seen->mode != MODE_RUN || !seen->target_pid)
		return;
	state->command = model_by_pid(analysis->model, seen->target_pid);
	state->command_sid = state->command ? state->command->sid : 0;
}

static int event_orphan(const struct analysis *analysis, void *where, const struct event *event)
{
	struct state *state = where;

	find_command(state, analysis);
	return hangups_event(&state->hangups, analysis->model, event);
}

static int open_orphan(const struct analysis *analysis, void **where)
{
	(void)analysis;
	*where = calloc(1, sizeof(struct state));
	return *where ? 0 : -ENOMEM;
}

static int close_orphan(const struct analysis *analysis, void *where)
{
	struct state *state = where;
	int error = count_all(state, analysis);

	for (const struct process *p = model_first(analysis->model); p && !error; p = p->next)
		error = conclude(state, analysis, p);
	return error;
}

static bool needs_orphan(const struct analysis *analysis, const void *where, const struct process *process)
{
	const struct process *command = ((const struct state *)where)->command;

	(void)analysis;
	return process->adoptions || process->pdeath || process->hangup || process == command ||
	       (command && command->exited_ns && process->exited_ns > command->exited_ns);
}

static void forget_orphan(void *where, const struct process *process)
{
	hangups_forget(&((struct state *)where)->hangups, process);
}

static void free_orphan(void *where)
{
	struct state *state = where;

	if (!state)
		return;
	for (struct group *group = state->first_group, *next; group; group = next) {
		next = group->next;
		free(group);
	}
	hash_free(&state->groups);
	hangups_free(&state->hangups);
	free(state);
}

const struct analyzer analyzer_orphan = {
    .name = "orphan",
    .verdicts = verdicts,
    .wants = 1u << GROUP_LIFE | 1u << GROUP_SIGNAL | 1u << GROUP_SESSION,
    .open = open_orphan,
    .event = event_orphan,
    .close = close_orphan,
    .preview = close_orphan,
    .free = free_orphan,
    .needs = needs_orphan,
    .forget = forget_orphan,
};
