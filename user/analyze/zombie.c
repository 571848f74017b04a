/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zombie.*: children that stayed dead and unreaped longer than the limit, and why. A custody (common/custody.h) says
 * who owed the wait for how long, and what that parent did meanwhile; here the one cause that the facts prove is
 * chosen. From what was not seen nothing is concluded: a parent that is not known, or lifeline itself, is nobody's
 * suspect.
 */
#include <errno.h>
#include <stdlib.h>

#include "analyze/analyzer.h"
#include "analyze/common/cause.h"
#include "analyze/common/leak.h"
#include "analyze/common/words.h"

#define RESTS_ON (1u << GROUP_LIFE | 1u << GROUP_WAIT)

/* More than so many of one cause and parent, all reaped at last, are told as one. */
#define TOLD_SINGLY 10

static const struct verdict verdicts[] = {
	[NEVER_WAITED] = {
		.code = "zombie.never-waited",
		.severity = SEVERITY_WARNING,
		.title = "a dead child whose parent never waits",
		.meaning =
		    "A child ended, and its parent lived on without any wait call that could have collected it "
		    "since the child was born (or since lifeline attached). The kernel keeps the dead child's "
		    "entry, with its pid and exit status, until the parent asks for it: that entry is the zombie. "
		    "It uses no memory or processor time, but it counts against the limits on processes, and its "
		    "pid cannot be used again.",
		.confirm =
		    "ps -o pid,ppid,stat,etime,comm -p PID    (STAT shows Z)\n"
		    "grep -E 'SigBlk|SigIgn|SigCgt' /proc/PARENT/status    (bit 0x10000 is SIGCHLD: if it is in "
		    "none of the three, the parent does not even look)\n"
		    "strace -f -e trace=wait4,waitid -p PARENT    (stays silent)",
		.fix =
		    "Let the parent collect its children: waitpid(pid, &status, 0) when it needs the result, or "
		    "in a SIGCHLD handler `while (waitpid(-1, NULL, WNOHANG) > 0) ;`. If nobody wants the status, "
		    "tell the kernel before forking: sigaction(SIGCHLD) with SA_NOCLDWAIT, or with SIG_IGN; then "
		    "no zombie comes to be (those that exist stay). In Python: Popen.wait() or .poll(), "
		    "Process.join(). A zombie cannot be killed: it goes when its parent waits or ends.",
	},
	[REAPER_STUCK] = {
		.code = "zombie.reaper-stuck",
		.severity = SEVERITY_WARNING,
		.title = "a parent that reaps, but too late",
		.meaning =
		    "The parent does wait for its children, but after this death it was busy or blocked in "
		    "something else for longer than the limit, so that the child stayed dead and unreaped "
		    "meanwhile. Whatever else it should do when a child ends (restart it, report it) came late as "
		    "well.",
		.confirm =
		    "ps -o pid,stat,wchan:32,comm -p PARENT    (where it sleeps)\n"
		    "cat /proc/PARENT/syscall /proc/PARENT/stack    (as root: the call it is in)\n"
		    "strace -f -T -p PARENT    (which call takes so long)",
		.fix =
		    "Do not let the thread that reaps do work that can block: give reaping a thread of its own, "
		    "or collect in the event loop through signalfd or pidfd_open + poll, which become ready the "
		    "moment a child ends. Put a timeout on the call in which it was stuck.",
	},
	[WAITS_FOR_OTHER] = {
		.code = "zombie.waits-for-other",
		.severity = SEVERITY_WARNING,
		.title = "a parent that waits for something else",
		.meaning =
		    "The parent does wait, but its wait call cannot return this child: it names another pid or "
		    "process group, lacks WEXITED, only looks (WNOWAIT), is bound to the children of another "
		    "thread (__WNOTHREAD), or is for the other sort of child (__WCLONE, or a child made by clone "
		    "without SIGCHLD). While it waits for the one, the other stays a zombie.",
		.confirm =
		    "strace -f -e trace=wait4,waitid -p PARENT    (shows the pid and the flags it waits with)\n"
		    "cat /proc/PARENT/syscall    (the arguments of the call it is in)\n"
		    "ps -o pid,ppid,pgid,stat,comm --ppid PARENT",
		.fix =
		    "Wait for whichever child ends first, waitpid(-1, &status, 0), and look up by the pid it "
		    "returns which one it was; or collect this one too when it ends. When children are joined one "
		    "after the other, those that end early are zombies until their turn: wait for them as they "
		    "end (multiprocessing.connection.wait, `wait -n` in bash).",
	},
	[SIGNALS_MERGED] = {
		.code = "zombie.signals-merged",
		.severity = SEVERITY_WARNING,
		.title = "one wait per SIGCHLD, but several deaths made one signal",
		.meaning =
		    "The parent collects one child for each SIGCHLD it gets. A signal that is pending already is "
		    "not queued again: when children end while one SIGCHLD is pending, or while its handler runs, "
		    "their signals become one. A handler that calls wait once then leaves the others behind, for "
		    "good if no further child ends.",
		.confirm =
		    "ps -o pid,ppid,stat,comm --ppid PARENT    (some Z among them)\n"
		    "strace -f -e trace=wait4,waitid -e signal=SIGCHLD -p PARENT    (one wait after each SIGCHLD)",
		.fix =
		    "Take the signal as \"at least one child has ended\" and collect until there is none: `while "
		    "(waitpid(-1, NULL, WNOHANG) > 0) ;` in the handler (save and restore errno). The same holds "
		    "for signalfd and sigwaitinfo: one signal read can stand for many deaths.",
	},
	[PARENT_STOPPED] = {
		.code = "zombie.parent-stopped",
		.severity = SEVERITY_WARNING,
		.title = "a parent that is stopped",
		.meaning =
		    "The parent is stopped by job control (SIGSTOP, Ctrl-Z, reading the terminal from the "
		    "background) or by a debugger. It runs no code, so it cannot collect its dead child, however "
		    "well it is written.",
		.confirm =
		    "ps -o pid,ppid,stat,wchan,comm -p PARENT    (STAT shows T, or t under a debugger)\n"
		    "grep -E 'State|TracerPid' /proc/PARENT/status",
		.fix =
		    "kill -CONT PARENT, or `fg` in the shell it was started from; in a debugger `continue` or "
		    "`detach`. If nobody knows who stopped it, run it under lifeline: signals are shown with "
		    "their senders.",
	},
	[TRACED] = {
		.code = "zombie.traced",
		.severity = SEVERITY_NOTE,
		.title = "a dead child held by its tracer",
		.meaning =
		    "The child was traced (ptrace: a debugger, strace) when it ended. The kernel tells a death to "
		    "the tracer first, and only when the tracer has waited for it, detached or ended can the real "
		    "parent collect it. Until then the zombie is the tracer's, not the parent's.",
		.confirm =
		    "grep TracerPid /proc/PID/status\n"
		    "ps -o pid,stat,wchan,comm -p TRACER",
		.fix =
		    "Let the tracer go on, detach or end it (`quit` in gdb). If you write the tracer: waitpid for "
		    "each tracee until WIFEXITED or WIFSIGNALED.",
	},
	[ADOPTER_NEGLIGENT] = {
		.code = "zombie.adopter-negligent",
		.severity = SEVERITY_ERROR,
		.title = "an init or subreaper that does not reap what it adopted",
		.meaning =
		    "The child's own parent ended, and the kernel gave it to an init (PID 1 of its pid namespace, "
		    "as in a container) or a subreaper. Whoever has that role must wait for children that it "
		    "never made. This one made no wait call since the adoption that could have collected the "
		    "child. In a container whose PID 1 is an application such zombies gather until no process can "
		    "be started any more.",
		.confirm =
		    "ps -o pid,ppid,stat,comm --ppid ADOPTER\n"
		    "docker top CONTAINER; kubectl exec POD -- ps -o pid,ppid,stat,comm    (Z with PPID 1)\n"
		    "grep -E 'SigIgn|SigCgt' /proc/ADOPTER/status    (bit 0x10000: SIGCHLD)",
		.fix =
		    "Put an init that reaps in front: docker run --init, `init: true` in compose, tini or "
		    "dumb-init as ENTRYPOINT, shareProcessNamespace in Kubernetes. Or let the program do it: on "
		    "SIGCHLD `while (waitpid(-1, NULL, WNOHANG) > 0) ;`. A program that only wants its own "
		    "children must not call prctl(PR_SET_CHILD_SUBREAPER).",
	},
	[UNREAPED] = {
		.code = "zombie.unreaped",
		.severity = SEVERITY_WARNING,
		.title = "a dead child that nobody has reaped, for whatever reason",
		.meaning =
		    "A snapshot found a child that is dead and not reaped. What its parent is doing now does not "
		    "prove why: it may never wait, or wait too late, or have missed a SIGCHLD. Only its history "
		    "could tell, and there is none without observation.",
		.confirm =
		    "ps -o pid,ppid,stat,etime,comm -p PID    (STAT shows Z)\n"
		    "grep -E 'SigBlk|SigIgn|SigCgt' /proc/PARENT/status    (bit 0x10000 is SIGCHLD)\n"
		    "lifeline zombies --watch 30s -p PARENT    (observes the parent, and names the cause)",
		.fix =
		    "Find the cause first, with --watch. A parent that starts children must collect each: "
		    "waitpid, or in a SIGCHLD handler `while (waitpid(-1, NULL, WNOHANG) > 0) ;`, or "
		    "SA_NOCLDWAIT before it forks. To be rid of the zombies at once, end or restart the parent: "
		    "init then reaps them. That ends the service that the parent is.",
	},
	[LEADER_EXITED] = {
		.code = "zombie.leader-exited",
		.severity = SEVERITY_NOTE,
		.title = "shown as a zombie, but its threads live",
		.meaning =
		    "The first thread of the process (its thread-group leader, the one that ran main) has ended, "
		    "while other threads go on. ps and /proc/PID/status show the process as Z and \"defunct\", "
		    "but it is alive: nothing can be reaped, and its parent is right not to.",
		.confirm =
		    "ls /proc/PID/task; ps -L -o pid,tid,stat,wchan,comm -p PID    (only the leader shows Z)\n"
		    "grep Threads /proc/PID/status",
		.fix =
		    "Nothing is wrong as far as the kernel is concerned. If it confuses monitoring, let main call "
		    "pthread_join for its threads instead of pthread_exit. To end the process, signal it as "
		    "usual: kill PID reaches the living threads.",
	},
	[LEAK] = {
		.code = "zombie.leak",
		.severity = SEVERITY_ERROR,
		.title = "zombies that one parent gathers",
		.meaning =
		    "Ten or more children of one parent stayed dead and unreaped beyond the limit at the same "
		    "time. One zombie costs next to nothing, but each holds a pid and counts against pids.max of "
		    "its cgroup and the pid_max of the machine. When one of these is reached, no process or "
		    "thread can be started there: not by this program, and perhaps by nobody.",
		.confirm =
		    "ps -o stat= --ppid PARENT | grep -c Z    (some minutes apart: does it grow?)\n"
		    "cat /proc/sys/kernel/pid_max; cat /sys/fs/cgroup/PATH/pids.current "
		    "/sys/fs/cgroup/PATH/pids.max",
		.fix =
		    "Mend the parent, not the zombies: on SIGCHLD collect until there is none, `while "
		    "(waitpid(-1, NULL, WNOHANG) > 0) ;`, or set SA_NOCLDWAIT if no status is wanted. For an "
		    "adopter in a container: docker run --init, tini. As first aid restart the parent: its "
		    "zombies go to init, which reaps them. Killing zombies does nothing.",
	},
	[CAUSE_COUNT] = {NULL},
};

struct state {
	struct custodies *custodies;
	struct leaks *leaks;
	unsigned char *causes; /* enum cause, of each custody */
};

/* ---- telling it ------------------------------------------------------------------------------------- */

static const char *adopter_role(const struct adoption *adoption)
{
	switch (adoption->rule) {
	case ADOPT_SUBREAPER:
		return "as a subreaper";
	case ADOPT_PIDNS_INIT:
		return "as the init of its pid namespace";
	case ADOPT_INIT:
		return "as init";
	default:
		return "when its parent ended";
	}
}

static bool is_snapshot(const struct analysis *analysis)
{
	return model_observation(analysis->model)->mode == MODE_SNAPSHOT;
}

/* What is, not what was: nothing of this was seen to happen. */
static void write_snapshot_title(struct finding *finding, const struct analysis *analysis,
				 const struct custody *custody, enum cause cause)
{
	const struct words child = words_who(custody->child), parent = words_who(custody->parent);
	const struct words lasted =
	    words_format("%s%s", custody->child->dead_for_ns ? "about " : "at least ",
			 words_duration(custody->until_ns - custody->since_ns).text);
	const struct process *tracer;
	uint32_t pid;

	switch (cause) {
	case WAITS_FOR_OTHER:
		finding_title(finding, "%s has been dead for %s while its parent %s waits for something else: %s",
			      child.text, lasted.text, parent.text, words_wait(&custody->other_wait).text);
		return;
	case PARENT_STOPPED:
		finding_title(finding, "%s has been dead for %s: its parent %s is stopped and cannot reap", child.text,
			      lasted.text, parent.text);
		return;
	case TRACED:
		pid = cause_tracer(analysis, custody);
		tracer = model_by_pid(analysis->model, pid);
		finding_title(finding, "%s has been dead for %s, held by its tracer %s", child.text, lasted.text,
			      tracer ? words_who(tracer).text : words_format("process %u", pid).text);
		return;
	default:
		finding_title(finding, "%s has been dead for %s, and its parent %s has not reaped it", child.text,
			      lasted.text, parent.text);
	}
}

static void write_title(struct finding *finding, const struct analysis *analysis, const struct custody *custody,
			enum cause cause)
{
	const struct words child = words_who(custody->child), parent = words_who(custody->parent);
	const struct words lasted = words_duration(custody->until_ns - custody->since_ns);
	const char *c = child.text, *p = parent.text, *t = lasted.text;

	switch (cause) {
	case NEVER_WAITED:
		if (custody->child->present_at_start)
			finding_title(
			    finding,
			    "%s stayed dead for %s%s: its parent %s has not waited for it since lifeline attached", c,
			    custody->child->dead_before ? "at least " : "", t, p);
		else
			finding_title(finding, "%s stayed dead for %s: its parent %s never waited for it", c, t, p);
		return;
	case REAPER_STUCK:
		if (custody->end == CUSTODY_REAPED || custody->end == CUSTODY_GONE)
			finding_title(finding, "%s stayed dead for %s until its parent %s came to reap it", c, t, p);
		else
			finding_title(finding, "%s stayed dead for %s: its parent %s reaps, but was held up elsewhere",
				      c, t, p);
		return;
	case WAITS_FOR_OTHER:
		finding_title(finding, "%s stayed dead for %s while its parent %s waited for something else: %s", c, t,
			      p, words_wait(&custody->other_wait).text);
		return;
	case SIGNALS_MERGED:
		finding_title(
		    finding,
		    "%s stayed dead for %s: its parent %s reaps one child per SIGCHLD, and signals of several "
		    "deaths merged into one",
		    c, t, p);
		return;
	case PARENT_STOPPED:
		finding_title(finding, "%s stayed dead for %s: its parent %s %s", c, t, p,
			      custody->end == CUSTODY_OPEN ? "is stopped and cannot reap"
							   : "was stopped and could not reap");
		return;
	case TRACED: {
		const uint32_t pid = cause_tracer(analysis, custody);
		const struct process *tracer = model_by_pid(analysis->model, pid);

		finding_title(finding, "%s stayed dead for %s, held by its tracer %s", c, t,
			      tracer ? words_who(tracer).text : words_format("process %u", pid).text);
		return;
	}
	default:
		finding_title(finding, "%s stayed dead for %s: %s, which adopted it %s, does not reap it", c, t, p,
			      adopter_role(custody->adoption));
	}
}

static void tell_birth_and_death(struct finding *finding, const struct analysis *analysis,
				 const struct custody *custody)
{
	const struct process *child = custody->child;
	const struct process *creator = model_find(analysis->model, child->creator);
	const struct words who = words_who(child);

	if (creator && !process_ref_equal(child->creator, child->born_to))
		finding_evidence(finding, child->started_ns,
				 "%s was made by %s with CLONE_PARENT: its parent is the creator's own", who.text,
				 words_who(creator).text);
	if (is_snapshot(analysis) && child->has_status)
		finding_evidence(finding, child->dead_ns, "%s is dead: %s", who.text,
				 words_status(child->status).text);
	else if (is_snapshot(analysis))
		finding_evidence(finding, child->dead_ns, "%s is dead", who.text);
	else if (!child->dead_before)
		finding_evidence(finding, child->dead_ns, "%s died: %s", who.text, words_status(child->status).text);
	else if (child->dead_for_ns)
		finding_evidence(finding, child->dead_ns, "%s was dead already when first seen, for at most %s",
				 who.text, words_duration(child->dead_for_ns).text);
	else
		finding_evidence(finding, child->dead_ns, "%s was dead already when first seen", who.text);
	if (custody->adoption)
		finding_evidence(finding, custody->adoption->at_ns, "its parent (%u) ended; %s adopted it%s %s",
				 custody->adoption->from.pid, words_who(custody->parent).text,
				 custody->adoption->was_zombie ? ", dead as it was," : "",
				 adopter_role(custody->adoption));
}

static uint64_t last_matching_wait(const struct custody *custody)
{
	uint64_t last_ns = 0;

	for (unsigned i = 0; i < custody->parent->wait_count; i++) {
		const struct wait_sign *wait = &custody->parent->waits[i];

		if (wait->last_ns > last_ns && wait->last_ns < custody->until_ns &&
		    wait_could_match(wait, custody->parent, custody->child))
			last_ns = wait->last_ns;
	}
	return last_ns;
}

static void tell_waits(struct finding *finding, const struct custody *custody, enum cause cause)
{
	const struct words parent = words_who(custody->parent);
	const uint64_t last_ns = last_matching_wait(custody);

	switch (cause) {
	case NEVER_WAITED:
		finding_evidence(finding, custody->owed_ns,
				 "%s %s made no wait call that could have returned it",
				 custody->became ? "from here on, as this program," : "from here on", parent.text);
		if (last_ns)
			finding_evidence(finding, last_ns, "%s last waited for children before this one was born",
					 parent.text);
		return;
	case ADOPTER_NEGLIGENT:
		finding_evidence(finding, custody->owed_ns, "since %s %s made no wait call that could have returned it",
				 custody->became ? "it became this program" : "the adoption", parent.text);
		return;
	case REAPER_STUCK:
		if (last_ns && last_ns <= custody->until_ns)
			finding_evidence(finding, last_ns, "%s last made a wait call that could have returned it",
					 parent.text);
		return;
	case WAITS_FOR_OTHER:
		finding_evidence(
		    finding,
		    custody->other_wait.last_ns < custody->until_ns ? custody->other_wait.last_ns
								    : custody->other_wait.first_ns,
		    "%s was in %s, which cannot return this child%s", parent.text,
		    words_wait(&custody->other_wait).text,
		    custody->child->exit_signal != 17 ? " (made without SIGCHLD: it takes __WALL or __WCLONE)" : "");
		return;
	case SIGNALS_MERGED:
		finding_evidence(finding, custody->merged_ns,
				 "SIGCHLD to %s met one that was still pending: two deaths, one signal", parent.text);
		return;
	default:
		return;
	}
}

static void tell_look(struct finding *finding, const struct analysis *analysis, const struct custody *custody)
{
	const struct zombie_look *look = &custody->look;
	struct words where = {""}, since = {""}, place;
	uint64_t placed_ns = 0;

	if (!custody->looked)
		return;
	if (look->syscall >= 0)
		where = words_format(" in %.40s", words_syscall(analysis->model, look->syscall).text);
	if (look->parent_blocked_ns)
		since = words_format(" for %s", words_duration(look->parent_blocked_ns).text);
	finding_evidence(finding, look->at_ns, "%s was %s%s%s; its SIGCHLD: %s%s", words_who(custody->parent).text,
			 words_state(look->parent_state).text, where.text, since.text, words_sigchld(look),
			 look->sigchld_pending ? ", one pending" : "");
	place = words_stand(custody->parent, look->parent_tid, &placed_ns);
	if (place.text[0])
		finding_evidence(finding, placed_ns, "%s stood %s", words_who(custody->parent).text, place.text);
}

static void tell_end(struct finding *finding, const struct analysis *analysis, const struct custody *custody)
{
	const struct words parent = words_who(custody->parent);

	switch (custody->end) {
	case CUSTODY_REAPED:
		finding_evidence(finding, custody->until_ns, "%s reaped it", parent.text);
		return;
	case CUSTODY_PARENT_ENDED:
		finding_evidence(finding, custody->until_ns, "%s ended without having reaped it", parent.text);
		return;
	case CUSTODY_GONE:
		finding_evidence(finding, custody->until_ns,
				 "it was collected, by a wait that cannot be seen (io_uring, or within the kernel)");
		return;
	case CUSTODY_OPEN:
		if (!is_snapshot(analysis))
			finding_evidence(finding, custody->until_ns, "still dead and not reaped");
		return;
	}
}

/* Whose code is not at hand, as that of a container's image, is helped by an init in front of it. */
static const char *init_help(const struct custody *custody)
{
	return words_is_container_init(custody->parent)
		   ? "It is PID 1 of its pid namespace, as a container's main program is, and has to reap orphans too: "
		     "docker run --init, or tini as ENTRYPOINT, puts an init in front that does.\n"
		   : "";
}

static void write_never_waited_help(struct finding *finding, const struct custody *custody)
{
	const uint32_t parent = custody->parent->id.pid;

	finding_help(
	    finding,
	    "%sIn %s: waitpid(%u, &status, 0) when the status is wanted, or on SIGCHLD: "
	    "while (waitpid(-1, NULL, WNOHANG) > 0) ;\n"
	    "If nobody wants it, before forking: sigaction(SIGCHLD) with SA_NOCLDWAIT%s.%s%s",
	    init_help(custody), words_who(custody->parent).text,
	    custody->child->nspid ? custody->child->nspid : custody->child->id.pid,
	    custody->looked && custody->look.sigchld == SIGCHLD_IGNORED
		? " (it ignores SIGCHLD by now, but that does not reap those already dead)"
		: "",
	    custody->end == CUSTODY_OPEN ? "\n" : "",
	    custody->end == CUSTODY_OPEN
		? words_format("The zombie goes when process %u waits or ends; killing the zombie does nothing.",
			       parent)
		      .text
		: "");
}

/* A SIGCHLD by hand only helps a parent that has a handler for it; the one sure way ends the parent. */
static void write_unreaped_help(struct finding *finding, const struct custody *custody)
{
	const uint32_t parent = custody->parent->id.pid;
	const bool handled = custody->looked && custody->look.sigchld == SIGCHLD_HANDLED;

	finding_help(finding,
		     "Why: lifeline zombies --watch 30s -p %u    (observes the parent and names the cause)\n"
		     "%sIn its code, on SIGCHLD: while (waitpid(-1, NULL, WNOHANG) > 0) ;%s\n"
		     "%s"
		     "To be rid of it now: end or restart process %u; %s; killing the zombie does nothing.",
		     parent, init_help(custody),
		     custody->looked && custody->look.sigchld == SIGCHLD_IGNORED
			 ? "    (it ignores SIGCHLD by now, but that does not reap those already dead)"
			 : "    (or SA_NOCLDWAIT, before it forks, if no status is wanted)",
		     handled ? words_format("It has a handler for SIGCHLD, which may have missed one: "
					    "kill -CHLD %u runs it once more, and does no harm.\n",
					    parent)
				   .text
			     : "",
		     parent,
		     words_is_container_init(custody->parent)
			 ? "its zombies go with it. With it the kernel ends all of its pid namespace, the whole "
			   "container"
			 : "init then reaps its zombies. That ends what it does for others");
}

static void write_help(struct finding *finding, const struct analysis *analysis, const struct custody *custody,
		       enum cause cause)
{
	const struct words parent = words_who(custody->parent);
	const uint32_t pid = custody->parent->id.pid;

	switch (cause) {
	case NEVER_WAITED:
		write_never_waited_help(finding, custody);
		return;
	case REAPER_STUCK:
		finding_help(finding,
			     "Let a thread of %s do nothing but reap, or put the child's pidfd_open() descriptor into "
			     "its poll loop: it "
			     "becomes readable the moment the child ends.\nWhere it is stuck: cat /proc/%u/wchan "
			     "/proc/%u/syscall",
			     parent.text, pid, pid);
		return;
	case WAITS_FOR_OTHER:
		finding_help(finding,
			     "In %s: waitpid(-1, &status, %s) takes whichever child ends first, and tells by its "
			     "result which it was.",
			     parent.text, custody->child->exit_signal == 17 ? "0" : "__WALL");
		return;
	case SIGNALS_MERGED:
		finding_help(finding,
			     "In the SIGCHLD handler of %s collect all that have ended, not one: "
			     "while (waitpid(-1, NULL, WNOHANG) > 0) ;",
			     parent.text);
		return;
	case PARENT_STOPPED:
		finding_help(finding, "kill -CONT %u    (or continue it in the debugger that holds it)", pid);
		return;
	case UNREAPED:
		write_unreaped_help(finding, custody);
		return;
	case TRACED:
		finding_help(finding, "Let the tracer (process %u) wait for it, detach or end; then %s can reap it.",
			     cause_tracer(analysis, custody), parent.text);
		return;
	default:
		finding_help(finding,
			     "If %s is the main program of a container: docker run --init, or tini as ENTRYPOINT.\n"
			     "Or in its code, on SIGCHLD: while (waitpid(-1, NULL, WNOHANG) > 0) ;",
			     parent.text);
		return;
	}
}

/* A snapshot takes the age from the scheduler: it is right to a time slice, not a bound. */
static bool age_is_minimum(const struct analysis *analysis, const struct custody *custody)
{
	if (is_snapshot(analysis))
		return !custody->child->dead_for_ns;
	return custody->child->dead_before || custody->end == CUSTODY_OPEN;
}

static void write_detail(struct finding *finding, const struct analysis *analysis, const struct custody *custody,
			 enum cause cause, uint64_t count)
{
	struct buffer buffer = {0};
	struct json json;

	json_begin(&json, &buffer, false);
	json_object_open(&json);
	words_json_parent(&json, analysis->model, custody->parent, custody->looked ? &custody->look : NULL);
	json_key_unsigned(&json, "zombie_ns", custody->until_ns - custody->since_ns);
	json_key_bool(&json, "age_is_minimum", age_is_minimum(analysis, custody));
	if (cause == WAITS_FOR_OTHER)
		json_key_string(&json, "waits_for", words_wait(&custody->other_wait).text);
	if (cause == TRACED)
		json_key_unsigned(&json, "tracer_pid", cause_tracer(analysis, custody));
	if (count > 1)
		json_key_unsigned(&json, "count", count);
	json_object_close(&json);
	finding_detail(finding, &buffer);
}

static int tell(const struct analysis *analysis, const struct custody *custody, enum cause cause, uint64_t count)
{
	struct finding finding;

	finding_begin(&finding, &verdicts[cause], custody->child);
	finding.since_ns = custody->owed_ns;
	finding.until_ns = custody->until_ns;
	finding.key = custody->parent->id.pid; /* one child can be left unreaped by two parents in turn */
	if (is_snapshot(analysis))
		write_snapshot_title(&finding, analysis, custody, cause);
	else
		write_title(&finding, analysis, custody, cause);
	tell_birth_and_death(&finding, analysis, custody);
	tell_waits(&finding, custody, cause);
	tell_look(&finding, analysis, custody);
	tell_end(&finding, analysis, custody);
	if (count > 1)
		finding_evidence(&finding, 0,
				 "%llu children of %s in all were left like this; this one for the longest time",
				 (unsigned long long)count, words_who(custody->parent).text);
	write_help(&finding, analysis, custody, cause);
	write_detail(&finding, analysis, custody, cause, count);
	return findings_add(analysis->findings, &finding,
			    RESTS_ON | (cause == SIGNALS_MERGED ? 1u << GROUP_SIGNAL : 0));
}

/* ---- process whose leader has ended ------------------------------------------------------------------ */

static unsigned live_threads(const struct process *process)
{
	unsigned count = 0;

	for (const struct thread *t = process->threads; t; t = t->next)
		count += !t->exited_ns;
	return count;
}

/* A snapshot counts the threads without telling each. */
static unsigned threads_left(const struct process *process)
{
	return process->look && process->look->leader_only ? process->look->live_threads : live_threads(process);
}

/* May the other threads have waited for a processor all that time? They were to end with the leader, and on a busy
 * machine the killed wait for their turn like anybody. */
static bool waited_for_processors(const struct process *process, uint64_t until_ns)
{
	struct counters sum = {0};

	return !process_counters(process, &sum) || sum.runqueue_ns >= (until_ns - process->leader_exited_ns) / 2;
}

static void title_leader(struct finding *finding, const struct analysis *analysis, const struct process *process,
			 uint64_t until_ns)
{
	const char *who = words_who(process).text;

	if (is_snapshot(analysis))
		finding_title(finding, "%s looks like a zombie, but only its first thread has ended: others live", who);
	else if (process->leader_ended_all)
		finding_title(finding,
			      "%s looks like a zombie for %s: it was ended, but not all of its threads came to their "
			      "end",
			      who, words_duration(until_ns - process->leader_exited_ns).text);
	else
		finding_title(finding,
			      "%s looks like a zombie for %s, but only its first thread has ended: others live", who,
			      words_duration(until_ns - process->leader_exited_ns).text);
}

static int tell_leader(const struct analysis *analysis, const struct process *process, uint64_t until_ns)
{
	const struct process *parent = model_find(analysis->model, process->parent);
	struct buffer buffer = {0};
	struct finding finding;
	struct json json;

	finding_begin(&finding, &verdicts[LEADER_EXITED], process);
	title_leader(&finding, analysis, process, until_ns);
	finding_evidence(&finding, process->leader_exited_ns, "the leader (tid %u) %s", process->id.pid,
			 process->present_at_start &&
				 process->leader_exited_ns <= model_observation(analysis->model)->begin_ns
			     ? "had ended when observation began"
			     : "ended");
	if (process->exited_ns)
		finding_evidence(&finding, until_ns, "the last of its threads ended, and with it the process");
	else
		finding_evidence(&finding, until_ns, "%u of its threads still live", threads_left(process));
	finding_help(&finding, "Nothing to reap here. See its threads: ps -L -o pid,tid,stat,wchan,comm -p %u\n%s",
		     process->id.pid,
		     process->leader_ended_all
			     ? "They have been killed. One in state D is in a call that nothing interrupts; wchan says "
			       "which."
			     : "To avoid the look of it, let main() join its threads instead of calling pthread_exit.");
	json_begin(&json, &buffer, false);
	json_object_open(&json);
	if (parent)
		words_json_parent(&json, analysis->model, parent, NULL);
	json_key_null(&json, "zombie_ns");
	json_key_unsigned(&json, "live_threads", process->exited_ns ? 0 : threads_left(process));
	json_object_close(&json);
	finding_detail(&finding, &buffer);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE);
}

static int conclude_leaders(const struct analysis *analysis)
{
	const uint64_t now_ns = model_now(analysis->model);

	for (const struct process *p = model_first(analysis->model); p; p = p->next) {
		const uint64_t until_ns = p->exited_ns ? p->exited_ns : now_ns;
		int error;

		if (!p->leader_exited_ns || p->scope != SCOPE_TARGET)
			continue;
		if (!is_snapshot(analysis) && (until_ns <= p->leader_exited_ns ||
					       until_ns - p->leader_exited_ns <= analysis->zombie_after_ns))
			continue;
		if (p->leader_ended_all && p->exited_ns && waited_for_processors(p, until_ns))
			continue;
		error = tell_leader(analysis, p, until_ns);
		if (error)
			return error;
	}
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------------------- */

static bool held(const struct custody *custody, enum cause cause)
{
	return cause != TRACED && (custody->end == CUSTODY_OPEN || custody->end == CUSTODY_PARENT_ENDED);
}

static void tell_recent(void *context, const struct process *child)
{
	leaks_recent(context, child);
}

/* Decides all causes first: how many there are of one parent says in which form they are told. */
static int decide_all(struct state *state, const struct analysis *analysis)
{
	const size_t count = custodies_count(state->custodies);

	state->causes = calloc(count ? count : 1, 1);
	if (!state->causes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct custody *custody = custodies_get(state->custodies, i);
		const enum cause cause = cause_of(analysis, custody);
		int error;

		state->causes[i] = (unsigned char)cause;
		if (is_snapshot(analysis) && custody->end != CUSTODY_OPEN)
			state->causes[i] = NOT_PROVEN; /* reaped between two looks: it is not there any more */
		if (state->causes[i] == NOT_PROVEN)
			continue;
		error = leaks_count(state->leaks, custody, cause, held(custody, cause));
		if (error)
			return error;
	}
	custodies_recent(state->custodies, tell_recent, state->leaks);
	return 0;
}

static int tell_all(struct state *state, const struct analysis *analysis)
{
	for (size_t i = 0; i < custodies_count(state->custodies); i++) {
		const struct custody *custody = custodies_get(state->custodies, i);
		const enum cause cause = state->causes[i];
		const struct leak *leak = cause == NOT_PROVEN ? NULL : leaks_of(state->leaks, custody->parent);
		int error = 0;

		if (!leak || (leak->held >= LEAK_FROM && cause != TRACED))
			continue;
		if (leak->by_cause[cause] <= TOLD_SINGLY)
			error = tell(analysis, custody, cause, 1);
		else if (leak->longest[cause] == custody)
			error = tell(analysis, custody, cause, leak->by_cause[cause]);
		if (error)
			return error;
	}
	return 0;
}

static int open_zombie(const struct analysis *analysis, void **where)
{
	struct state *state = calloc(1, sizeof *state);

	(void)analysis;
	*where = state;
	if (!state)
		return -ENOMEM;
	state->custodies = custodies_new();
	state->leaks = leaks_new();
	return state->custodies && state->leaks ? 0 : -ENOMEM;
}

static int event_zombie(const struct analysis *analysis, void *where, const struct event *event)
{
	return custodies_event(((struct state *)where)->custodies, analysis, event);
}

static int conclude(struct state *state, const struct analysis *analysis)
{
	int error = decide_all(state, analysis);

	if (!error)
		error = tell_all(state, analysis);
	if (!error)
		error = leaks_tell(state->leaks, analysis, &verdicts[LEAK], ADOPTER_NEGLIGENT);
	return error ? error : conclude_leaders(analysis);
}

static int close_zombie(const struct analysis *analysis, void *where)
{
	struct state *state = where;
	const int error = custodies_close(state->custodies, analysis);

	return error ? error : conclude(state, analysis);
}

static int preview_zombie(const struct analysis *analysis, void *where)
{
	struct state so_far = {.custodies = ((struct state *)where)->custodies, .leaks = leaks_new()};
	int error = so_far.leaks ? custodies_preview(so_far.custodies, analysis) : -ENOMEM;

	if (!error)
		error = conclude(&so_far, analysis);
	if (so_far.leaks)
		custodies_preview_end(so_far.custodies);
	leaks_free(so_far.leaks);
	free(so_far.causes);
	return error;
}

static void free_zombie(void *where)
{
	struct state *state = where;

	if (!state)
		return;
	custodies_free(state->custodies);
	leaks_free(state->leaks);
	free(state->causes);
	free(state);
}

/* Half the limit: what decides is the time of the reap event, which can be a little later than the record's. */
static bool was_zombie_long(const struct analysis *analysis, const struct process *process)
{
	return process_zombie_ns(analysis->model, process) > analysis->zombie_after_ns / 2;
}

static bool needs_zombie(const struct analysis *analysis, const void *where, const struct process *process)
{
	const struct state *state = where;

	return was_zombie_long(analysis, process) ||
	       (process->leader_exited_ns && process->exited_ns > process->leader_exited_ns &&
		process->exited_ns - process->leader_exited_ns > analysis->zombie_after_ns) ||
	       custodies_need(state->custodies, process);
}

static void forget_zombie(void *where, const struct process *process)
{
	custodies_forget(((struct state *)where)->custodies, process);
}

const struct analyzer analyzer_zombie = {
    .name = "zombie",
    .verdicts = verdicts,
    .wants = 1u << GROUP_LIFE | 1u << GROUP_WAIT | 1u << GROUP_SIGNAL,
    .open = open_zombie,
    .event = event_zombie,
    .close = close_zombie,
    .preview = preview_zombie,
    .free = free_zombie,
    .needs = needs_zombie,
    .forget = forget_zombie,
};
