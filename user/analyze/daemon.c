/* SPDX-License-Identifier: BSD-2-Clause
 *
 * daemon.complete, daemon.incomplete: the life of a daemon as one story: which of the classic steps it took, in which
 * order, which it left out and what that will cost, what became of its pidfile, when it was ready, how it ended. Who is
 * a daemon at all is decided in common/daemonhood. daemon.child-* are told by orphan.c, being about a parent's death.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/analyzer.h"
#include "analyze/common/daemon_help.h"
#include "analyze/common/daemonhood.h"
#include "analyze/common/ending.h"
#include "analyze/common/words.h"

enum { COMPLETE, INCOMPLETE, VERDICT_COUNT };

static const struct verdict verdicts[] = {
    [COMPLETE] =
	{
	    .code = "daemon.complete",
	    .severity = SEVERITY_NOTE,
	    .title = "became a daemon with every classic step done",
	    .meaning = "The process put itself into the background in the classic way: fork (its starter can go on), "
		       "setsid (away from the terminal and its signals), a second fork (no session leader, so no "
		       "terminal can become its own again), / as working directory, a file mode mask of its own, and "
		       "stdin, stdout and stderr on something that is not the starter's terminal. It is told as a "
		       "daemon and not as an orphan or survivor: it lives on by intention. What is judged is the state "
		       "that it reached; the order of the steps, or a library that took them, makes no difference.",
	    .confirm =
		"ps -o pid,ppid,pgid,sid,tty,stat,comm -p PID    (PPID is the adopter, TTY is ?, SID is not PID)\n"
		"ls -l /proc/PID/cwd /proc/PID/fd; grep Umask /proc/PID/status",
	    .fix = "Nothing to mend. Under a service manager none of it is needed: a program that stays in the "
		   "foreground is restarted, logged and stopped more reliably (systemd: Type=notify or simple).",
	},
    [INCOMPLETE] =
	{
	    .code = "daemon.incomplete",
	    .severity = SEVERITY_WARNING,
	    .title = "became a daemon with steps missing",
	    .meaning = "The process left its starter and lives on in the background, but not all that ties it to where "
		       "it was started has been cut. Without setsid it gets SIGHUP when the terminal closes, and ^C "
		       "typed there. A session leader that opens a terminal gets it as its own, and its signals. A "
		       "working directory other than / keeps that file system from being unmounted. An inherited mask "
		       "decides over the modes of its files. A terminal left on 0, 1 or 2 turns into read and write "
		       "errors when it closes, or its output appears in somebody's shell; a pipe left there keeps its "
		       "reader from ever seeing the end; a closed one is given to the next file that is opened.",
	    .confirm =
		"ps -o pid,ppid,pgid,sid,tty,stat,comm -p PID    (TTY should be ?, SID neither PID nor the shell's)\n"
		"ls -l /proc/PID/cwd /proc/PID/fd; grep Umask /proc/PID/status",
	    .fix = "In this order: fork and let the parent end; setsid; fork again; chdir(\"/\"); umask(0); "
		   "open /dev/null and dup2 it to 0, 1 and 2; close other descriptors that are not needed; write "
		   "the pidfile before the first parent ends, so that who waited for it finds it. daemon(0, 0) of "
		   "libc does all but the second fork, the mask and the pidfile. Or leave it all to a service "
		   "manager and stay in the foreground.",
	},
    [VERDICT_COUNT] = {NULL},
};

/* ---- the steps that were seen, in their order ---------------------------------------------------------------- */

struct seen_step {
	uint64_t at_ns;
	enum daemon_step step;
};

static int by_time(const void *left, const void *right)
{
	const struct seen_step *a = left, *b = right;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return (int)a->step - (int)b->step;
}

static const struct process *creator_of(const struct model *model, const struct process *process)
{
	return process->present_at_start ? NULL : model_find(model, process->creator);
}

#define FORKS_MOST 64 /* from a program's first process to its daemon; a longer way back is a forged one */

/* When the first process of the program left its child behind: the first fork since its start. */
static uint64_t first_fork_ns(const struct model *model, const struct process *process, const struct process *starter)
{
	for (int i = 0; i < FORKS_MOST && process != starter; i++) {
		const struct process *above = creator_of(model, process);

		if (above == starter || !above || !above->steps || !process->steps ||
		    above->steps->exec_ns != process->steps->exec_ns)
			return process->present_at_start ? 0 : process->started_ns;
		process = above;
	}
	return 0;
}

static unsigned list_steps(const struct model *model, const struct process *process, const struct daemonhood *daemon,
			   struct seen_step seen[STEP_COUNT])
{
	const struct steps *steps = process->steps;
	uint64_t when[STEP_COUNT] = {0};
	unsigned count = 0;

	when[STEP_FORK] = first_fork_ns(model, process, daemon->starter);
	if (daemon->steps[STEP_SECOND_FORK] == ANSWER_YES && process->started_ns != when[STEP_FORK] &&
	    !process->present_at_start)
		when[STEP_SECOND_FORK] = process->started_ns;
	if (steps) {
		when[STEP_SETSID] = steps->setsid_ns;
		when[STEP_CHDIR] = steps->chdir_ns;
		when[STEP_UMASK] = steps->umask_ns;
		for (int i = 0; i < 3; i++)
			when[STEP_STDIN + i] = steps->standard_ns[i];
	}
	for (int i = 0; i < STEP_COUNT; i++)
		if (when[i] && daemon->steps[i] == ANSWER_YES)
			seen[count++] = (struct seen_step){when[i], (enum daemon_step)i};
	qsort(seen, count, sizeof *seen, by_time);
	return count;
}

/* ---- detail ------------------------------------------------------------------------------------------------------ */

static void write_steps(struct json *json, const struct daemonhood *daemon)
{
	json_key(json, "steps");
	json_object_open(json);
	for (int i = 0; i < STEP_COUNT; i++) {
		const char *key = daemonhood_key((enum daemon_step)i);

		if (daemon->steps[i] == ANSWER_UNKNOWN)
			json_key_null(json, key);
		else
			json_key_bool(json, key, daemon->steps[i] == ANSWER_YES);
	}
	json_object_close(json);
	json_key(json, "missing");
	json_array_open(json);
	for (int i = 0; i < STEP_COUNT; i++)
		if (daemon->steps[i] == ANSWER_NO)
			json_string(json, daemonhood_key((enum daemon_step)i));
	json_array_close(json);
}

static void write_order(struct json *json, const struct seen_step *seen, unsigned count)
{
	json_key(json, "order");
	json_array_open(json);
	for (unsigned i = 0; i < count; i++)
		json_string(json, daemonhood_key(seen[i].step));
	json_array_close(json);
}

static void write_pidfile(struct json *json, const struct daemon_troubles *troubles, const struct daemonhood *daemon)
{
	json_key_string(json, "pidfile", daemon->pidfile ? daemon->pidfile->path : NULL);
	json_key(json, "pidfile_troubles");
	json_array_open(json);
	if (troubles->late)
		json_string(json, "written-late");
	if (troubles->stale)
		json_string(json, "stale-at-start");
	if (troubles->left)
		json_string(json, "not-removed");
	json_array_close(json);
}

static void write_detail(struct finding *finding, const struct analysis *analysis, const struct process *process,
			 const struct daemonhood *daemon, const struct daemon_troubles *troubles)
{
	const struct session_look *look = daemon->look;
	const struct steps *steps = process->steps;
	struct seen_step seen[STEP_COUNT];
	struct buffer buffer = {0};
	struct json json;

	json_begin(&json, &buffer, false);
	json_object_open(&json);
	write_steps(&json, daemon);
	write_order(&json, seen, list_steps(analysis->model, process, daemon, seen));
	write_pidfile(&json, troubles, daemon);
	if (look->inherited == SESSION_UNKNOWN)
		json_key_null(&json, "inherited_fds");
	else
		json_key_unsigned(&json, "inherited_fds", look->inherited);
	json_key_unsigned(&json, "session", look->sid);
	json_key_string(&json, "umask", words_format("%04o", look->umask).text);
	json_key_string(&json, "cwd", look->cwd ? look->cwd : look->cwd_root ? "/" : NULL);
	words_json_time(&json, "adopted_ns", analysis->model, daemon->adoption ? daemon->adoption->at_ns : 0);
	words_json_time(&json, "listening_ns", analysis->model, steps ? steps->listen_ns : 0);
	json_object_close(&json);
	finding_detail(finding, &buffer);
}

/* ---- the story --------------------------------------------------------------------------------------------------- */

static const char *step_words(enum daemon_step step)
{
	static const char *const words[STEP_COUNT] = {
	    [STEP_FORK] = "forked, away from its starter",
	    [STEP_SETSID] = "setsid: a session of its own",
	    [STEP_SECOND_FORK] = "forked again: it leads no session",
	    [STEP_CHDIR] = "changed to the root directory",
	    [STEP_UMASK] = "set its file mode mask",
	    [STEP_STDIN] = "stdin",
	    [STEP_STDOUT] = "stdout",
	    [STEP_STDERR] = "stderr",
	};

	return words[step];
}

/* 0, 1 and 2 are mostly set one after another: they are one line. */
static void tell_steps(struct finding *finding, const struct model *model, const struct process *process,
		       const struct daemonhood *daemon)
{
	struct seen_step seen[STEP_COUNT];
	const unsigned count = list_steps(model, process, daemon, seen);

	for (unsigned i = 0; i < count; i++) {
		struct buffer line = {0};
		const uint64_t at_ns = seen[i].at_ns;

		buffer_text_append(&line, step_words(seen[i].step));
		if (seen[i].step >= STEP_STDIN) {
			for (; i + 1 < count && seen[i + 1].step >= STEP_STDIN; i++)
				buffer_format(&line, ", %s", step_words(seen[i + 1].step));
			buffer_text_append(&line, ": put on something else");
		}
		finding_evidence(finding, at_ns, "%s", buffer_text(&line));
		buffer_free(&line);
	}
}

static void tell_adoption(struct finding *finding, const struct model *model, const struct daemonhood *daemon)
{
	const struct adoption *adoption = daemon->adoption;
	const struct process *from = adoption ? model_find(model, adoption->from) : NULL;

	if (!adoption)
		return;
	finding_evidence(finding, adoption->at_ns, "its parent %s ended; %s adopted it",
			 from ? words_who(from).text : words_format("%u", adoption->from.pid).text,
			 words_named(adoption->to_comm, adoption->to).text);
}

static const char *kind_words(uint32_t kind)
{
	static const char *const words[] = {
	    [DESCRIPTOR_CLOSED] = "closed",       [DESCRIPTOR_NULL] = "/dev/null",
	    [DESCRIPTOR_TERMINAL] = "a terminal", [DESCRIPTOR_FILE] = "a file",
	    [DESCRIPTOR_PIPE] = "a pipe",         [DESCRIPTOR_SOCKET] = "a socket",
	    [DESCRIPTOR_DEVICE] = "a device",     [DESCRIPTOR_OTHER] = "something else",
	};

	return kind < sizeof words / sizeof words[0] ? words[kind] : "something unknown";
}

/* "/dev/pts/3" where it has a name worth telling, else "a pipe" */
static const char *standard_words(const struct session_look *look, int number)
{
	const char *text = look->standard_text[number];

	return text && text[0] == '/' ? text : kind_words(look->standard[number]);
}

static void tell_state(struct finding *finding, const struct session_look *look)
{
	char others[40] = "other descriptors not counted";

	if (look->descriptors != SESSION_UNKNOWN)
		snprintf(others, sizeof(others), "%" PRIu32 " other descriptors", look->descriptors);
	finding_evidence(finding, look->at_ns,
			 "what it is like then: in session %u, %s; %s; working directory %s; mask %04o; "
			 "stdin %s, stdout %s, stderr %s; %s",
			 look->sid,
			 look->leader         ? "which it leads"
			 : look->leader_alive ? "whose leader lives"
					      : "whose leader is gone",
			 look->terminal ? "with a controlling terminal" : "no controlling terminal",
			 look->cwd_root ? "/"
			 : look->cwd    ? look->cwd
					: "not /",
			 look->umask, standard_words(look, 0), standard_words(look, 1), standard_words(look, 2),
			 others);
}

/* What a step that was left out will cost. */
static void tell_missing(struct finding *finding, const struct daemonhood *daemon, enum daemon_step step)
{
	const struct session_look *look = daemon->look;
	struct buffer line = {0};

	daemon_consequence(&line, look, step);
	finding_evidence(finding, look->at_ns, "%s missing: %s", daemonhood_key(step), buffer_text(&line));
	buffer_free(&line);
}

static void tell_unknown(struct finding *finding, const struct daemonhood *daemon, enum daemon_step step)
{
	const struct session_look *look = daemon->look;

	if (step == STEP_UMASK)
		finding_evidence(
		    finding, look->at_ns,
		    "umask not known: whether it chose %04o or inherited it happened before the observation",
		    look->umask);
	else if (step >= STEP_STDIN)
		finding_evidence(
		    finding, look->at_ns, "%s not known: whose %s that is was decided before the observation",
		    daemonhood_key(step), look->standard[step - STEP_STDIN] == DESCRIPTOR_PIPE ? "pipe" : "socket");
	else
		finding_evidence(finding, look->at_ns, "%s not known: it was before the observation",
				 daemonhood_key(step));
}

static void tell_inherited(struct finding *finding, const struct session_look *look)
{
	struct buffer line = {0};
	const char *text = look->examples, *end = text ? text + look->examples_length : NULL;

	if (!look->inherited || look->inherited == SESSION_UNKNOWN)
		return;
	for (int i = 0; i < EXAMPLES && look->example[i]; i++) {
		buffer_format(&line, "%s%u", i ? ", " : ": ", look->example[i]);
		if (!text || text >= end)
			continue;
		if (*text)
			buffer_format(&line, " (%s)", text);
		while (text < end && *text)
			text++;
		text++;
	}
	finding_evidence(
	    finding, look->at_ns,
	    "%u descriptor%s above 2 %s open when its session was made and still %s%s%s: files stay in use, "
	    "and whoever waits for the end of a pipe or connection waits on",
	    look->inherited, look->inherited == 1 ? "" : "s", look->inherited == 1 ? "was" : "were",
	    look->inherited == 1 ? "is" : "are", buffer_text(&line), look->inherited > EXAMPLES ? ", …" : "");
	buffer_free(&line);
}

static void tell_readiness(struct finding *finding, const struct model *model, const struct process *process,
			   const struct daemonhood *daemon)
{
	const struct steps *steps = process->steps;
	const uint64_t gone_ns = daemon->starter ? daemon->starter->exited_ns : 0;
	const uint64_t fork_ns = first_fork_ns(model, process, daemon->starter);
	struct words where;

	if (!steps || !steps->listen_ns)
		return;
	if (steps->listen_name)
		where = words_format("%.100s", steps->listen_name);
	else if (steps->listen_port)
		where = words_format("port %u", steps->listen_port);
	else
		where = words_format("a socket");
	finding_evidence(finding, steps->listen_ns, "listens on %s%s%s%s", where.text,
			 fork_ns && steps->listen_ns > fork_ns
			     ? words_format(", %s after the fork", words_duration(steps->listen_ns - fork_ns).text).text
			     : "",
			 gone_ns && steps->listen_ns > gone_ns
			     ? words_format(", %s after its starter had ended: who connects at once is refused",
					    words_duration(steps->listen_ns - gone_ns).text)
				   .text
			     : "",
			 "");
}

static void tell_end(struct finding *finding, const struct model *model, const struct process *process)
{
	struct buffer line = {0};

	if (!process->exited_ns)
		return;
	ending_line(&line, model, process);
	finding_evidence(finding, process->exited_ns, "it ended: %s", buffer_text(&line));
	buffer_free(&line);
}

/* ---- the finding ----------------------------------------------------------------------------------------------------
 */

static void write_title(struct finding *finding, const struct process *process, const struct daemonhood *daemon,
			const struct daemon_troubles *troubles)
{
	struct buffer missing = {0};
	unsigned count = 0;

	for (int i = 0; i < STEP_COUNT; i++)
		if (daemon->steps[i] == ANSWER_NO)
			buffer_format(&missing, "%s%s", count++ ? ", " : "", daemonhood_key((enum daemon_step)i));
	if (count)
		finding_title(finding, "%s became a daemon with %s missing: %s%s", words_who(process).text,
			      count == 1 ? "one step" : words_format("%u steps", count).text, buffer_text(&missing),
			      troubles->words);
	else
		finding_title(finding, "%s became a daemon with every classic step done%s%s", words_who(process).text,
			      daemon->certain ? "" : ", as far as can be seen", troubles->words);
	buffer_free(&missing);
}

static int tell_daemon(const struct analysis *analysis, const struct process *process, const struct daemonhood *daemon)
{
	const struct daemon_troubles troubles = daemon_troubles_of(analysis->model, process, daemon);
	struct finding finding;

	finding_begin(&finding, &verdicts[daemon->complete ? COMPLETE : INCOMPLETE], process);
	if (!process->present_at_start)
		finding.since_ns = process->started_ns;
	write_title(&finding, process, daemon, &troubles);
	tell_steps(&finding, analysis->model, process, daemon);
	tell_adoption(&finding, analysis->model, daemon);
	tell_state(&finding, daemon->look);
	for (int i = 0; i < STEP_COUNT; i++) {
		if (daemon->steps[i] == ANSWER_NO)
			tell_missing(&finding, daemon, (enum daemon_step)i);
		else if (daemon->steps[i] == ANSWER_UNKNOWN)
			tell_unknown(&finding, daemon, (enum daemon_step)i);
	}
	tell_inherited(&finding, daemon->look);
	daemon_tell_pidfile(&finding, analysis->model, process, daemon, &troubles);
	tell_readiness(&finding, analysis->model, process, daemon);
	tell_end(&finding, analysis->model, process);
	daemon_help(&finding, process, daemon);
	if (daemon->complete && !daemon->certain)
		finding.certain = false;
	write_detail(&finding, analysis, process, daemon, &troubles);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SESSION);
}

static int close_daemon(const struct analysis *analysis, void *state)
{
	int error = 0;

	(void)state;
	for (const struct process *p = model_first(analysis->model); p && !error; p = p->next) {
		const struct daemonhood daemon = daemonhood_of(analysis, p);

		if (daemon.is_daemon)
			error = tell_daemon(analysis, p, &daemon);
	}
	return error;
}

/* Those with a parent that ended before them are needed by orphan.c as well; here for analysis without it. */
static bool needs_daemon(const struct analysis *analysis, const void *state, const struct process *process)
{
	(void)analysis;
	(void)state;
	return process->adoptions || (process->present_at_start && (process->session_look || process->exit_look));
}

const struct analyzer analyzer_daemon = {
    .name = "daemon",
    .verdicts = verdicts,
    .wants = 1u << GROUP_LIFE | 1u << GROUP_SIGNAL | 1u << GROUP_WAIT | 1u << GROUP_SESSION,
    .close = close_daemon,
    .preview = close_daemon,
    .needs = needs_daemon,
};
