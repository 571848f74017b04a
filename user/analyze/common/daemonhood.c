/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The rules by which a process is taken for a daemon; see daemonhood.h.
 */
#include "analyze/common/daemonhood.h"

#define LIVES_ON_NS 50000000ULL /* shorter lives after the parent's end are those of helpers on their way out */
#define LEFT_ALONE_NS                                                                                                  \
	60000000000ULL /* a parent that ends so long after the session was made was not starting a daemon */
#define WAS_DAEMON_NS 2000000000ULL /* an orphan that lived for so long was one itself, not an intermediate process */

static const char *const keys[STEP_COUNT] = {"fork",  "setsid", "second_fork", "chdir_root",
					     "umask", "stdin",  "stdout",      "stderr"};

const char *daemonhood_key(enum daemon_step step)
{
	return keys[step];
}

/* ---- what happened when ------------------------------------------------------------------------------------ */

/* Was this step taken by the program that runs now, rather than by one that started it? */
static bool by_own_program(const struct steps *steps, uint64_t step_ns)
{
	return steps && step_ns && step_ns >= steps->exec_ns;
}

static const struct adoption *orphaning(const struct process *process)
{
	for (const struct adoption *a = process->adoptions; a; a = a->next)
		if (!a->was_zombie && a->rule != ADOPT_THREAD)
			return a;
	return NULL;
}

/* The first process of the program, going back from fork to fork. NULL if its start was not seen. */
static const struct process *starter_of(const struct model *model, const struct process *process)
{
	return process->steps && process->steps->exec_ns ? model_find(model, process->steps->exec_by) : NULL;
}

/* How many forks lie between the start of its program and this process? */
static unsigned forks_since_start(const struct model *model, const struct process *process)
{
	const struct process *starter = starter_of(model, process);
	unsigned forks = 0;

	while (starter && process && process != starter && forks < 64) {
		process = model_find(model, process->creator);
		forks++;
	}
	return process == starter ? forks : 0;
}

/* ---- whom it is not about -------------------------------------------------------------------------------------- */

bool daemonhood_is_monitor(const struct process *process)
{
	return process->subreaper && (process->pgid == process->id.pid || process->sid == process->id.pid);
}

static bool made_its_session(const struct process *process)
{
	return process->steps && process->steps->setsid_ns && process_ref_equal(process->id, process->steps->setsid_by);
}

static bool ended_by_signal(const struct process *process)
{
	return process && process->has_status && (process->status & 0x7f);
}

/* Adoptions are told when a dying parent leaves its processor for good, so that of a grandchild can come first. */
static bool after_by(uint64_t later_ns, uint64_t earlier_ns, uint64_t distance_ns)
{
	return later_ns > earlier_ns && later_ns - earlier_ns > distance_ns;
}

/* Its parent was a daemon, or died by violence: then this is a worker left behind, not the making of a daemon. */
static bool lost_its_daemon(const struct model *model, const struct process *process, const struct adoption *adoption)
{
	const struct process *from = model_find(model, adoption->from);
	const struct adoption *before = from ? orphaning(from) : NULL;

	if (made_its_session(process))
		return after_by(adoption->at_ns, process->steps->setsid_ns, LEFT_ALONE_NS);
	if (ended_by_signal(from) || after_by(adoption->at_ns, process->started_ns, LEFT_ALONE_NS))
		return true;
	return before && after_by(adoption->at_ns, before->at_ns, WAS_DAEMON_NS);
}

/* What an ended one's first thread waited for a processor in all its life: on a busy machine those on their way out
 * take longer. Not the sum over its threads, which can be longer than its life. */
static uint64_t was_kept_ns(const struct process *process)
{
	const struct thread *leader = process->exited_ns ? model_thread(process, process->id.pid) : NULL;

	return leader && leader->has_counters ? leader->counters.runqueue_ns : 0;
}

/* Long enough after its parent's end, or long enough to show what it was for. */
static bool lived_on(const struct analysis *analysis, const struct process *process, const struct daemonhood *daemon)
{
	const struct adoption *adoption = daemon->adoption;
	const uint64_t until_ns = process->exited_ns ? process->exited_ns : model_now(analysis->model);

	if (!adoption)
		return true;
	if (until_ns > adoption->at_ns && until_ns - adoption->at_ns >= LIVES_ON_NS + was_kept_ns(process))
		return true;
	return daemon->pidfile || (process->steps && process->steps->listen_ns > process->started_ns);
}

/* Its parent is gone, and it lives. Who asked for a signal at its parent's end does so against its will; and who was
 * hung up was a stopped job of a shell. */
static bool is_orphan(const struct analysis *analysis, const struct process *process, const struct daemonhood *daemon)
{
	if (process->scope != SCOPE_TARGET || process->pdeathsig || process->pdeath || process->hangup)
		return false;
	if (daemon->adoption)
		return !lost_its_daemon(analysis->model, process, daemon->adoption);
	return process->present_at_start && daemon->look->adopted;
}

/* ---- the steps ----------------------------------------------------------------------------------------------------
 */

static enum answer answer(bool yes)
{
	return yes ? ANSWER_YES : ANSWER_NO;
}

static bool in_new_session(const struct process *process, const struct session_look *look)
{
	if (process->steps && process->steps->setsid_ns)
		return true;
	return process->present_at_start && !look->terminal && (look->leader || !look->leader_alive);
}

static enum answer second_fork(const struct model *model, const struct process *process,
			       const struct daemonhood *daemon)
{
	if (daemon->steps[STEP_SETSID] == ANSWER_YES)
		return answer(!daemon->look->leader);
	return starter_of(model, process) ? answer(forks_since_start(model, process) > 1) : ANSWER_UNKNOWN;
}

static enum answer umask_step(const struct process *process, const struct session_look *look)
{
	const struct steps *steps = process->steps;

	if (!look->umask)
		return ANSWER_YES;
	if (by_own_program(steps, steps ? steps->umask_ns : 0) && steps->umask == look->umask)
		return answer(steps->umask_chosen);
	/* launchers set it for those that they start */
	if (steps && steps->umask_ns > steps->setsid_ns && steps->setsid_ns && steps->umask == look->umask)
		return answer(steps->umask_chosen);
	return steps && steps->exec_ns ? ANSWER_NO : ANSWER_UNKNOWN;
}

/* A pipe or socket that was not put there by the program itself belongs to whoever started it: a shell makes its pipes
 * before exec. */
static enum answer standard_step(const struct process *process, const struct session_look *look, int number)
{
	const uint32_t kind = look->standard[number];

	if (kind == DESCRIPTOR_CLOSED || kind == DESCRIPTOR_TERMINAL)
		return ANSWER_NO;
	if (kind != DESCRIPTOR_PIPE && kind != DESCRIPTOR_SOCKET)
		return ANSWER_YES;
	if (by_own_program(process->steps, process->steps ? process->steps->standard_ns[number] : 0))
		return ANSWER_YES;
	return process->present_at_start ? ANSWER_UNKNOWN : ANSWER_NO;
}

static void read_steps(const struct model *model, const struct process *process, struct daemonhood *daemon)
{
	const struct session_look *look = daemon->look;

	daemon->steps[STEP_FORK] = ANSWER_YES;
	daemon->steps[STEP_SETSID] = answer(in_new_session(process, look));
	daemon->steps[STEP_SECOND_FORK] = second_fork(model, process, daemon);
	daemon->steps[STEP_CHDIR] = answer(look->cwd_root);
	daemon->steps[STEP_UMASK] = umask_step(process, look);
	for (int i = 0; i < 3; i++)
		daemon->steps[STEP_STDIN + i] = standard_step(process, look, i);
	daemon->complete = daemon->certain = true;
	for (int i = 0; i < STEP_COUNT; i++) {
		daemon->complete &= daemon->steps[i] != ANSWER_NO;
		daemon->certain &= daemon->steps[i] != ANSWER_UNKNOWN;
	}
}

/* ---- its pidfile ----------------------------------------------------------------------------------------------------
 */

static bool same_program(const struct process *process, const struct process *other)
{
	return process->steps && other && other->steps && process->steps->exec_ns &&
	       process->steps->exec_ns == other->steps->exec_ns;
}

/* The latest that was found to hold its pid; else the latest that its program opened for writing and nobody read. */
static const struct pidfile *pidfile_of(const struct model *model, const struct process *process)
{
	const struct pidfile *owned = NULL, *opened = NULL;

	for (const struct pidfile *file = model_pidfiles(model); file; file = file->next) {
		if (process_ref_equal(process->id, file->owner))
			owned = file;
		else if (!file->owner.pid && !file->holds && file->opened_ns &&
			 (process_ref_equal(process->id, file->opened_by) ||
			  same_program(process, model_find(model, file->opened_by))))
			opened = file;
	}
	return owned ? owned : opened;
}

/* ---- the judgement
 * ---------------------------------------------------------------------------------------------------- */

/* The program that runs is the one that made the session, as far as was seen; else it has not called exec since its
 * birth: what a fork of one's own leaves behind. */
static bool session_is_its_own(const struct process *process, const struct session_look *look)
{
	if (process->steps && process->steps->setsid_ns)
		return by_own_program(process->steps, process->steps->setsid_ns);
	return process->present_at_start && look->execs == 0;
}

/* Forked by its own program, and on the way of becoming a daemon although it forgot setsid: it went to / by itself and
 * let go of the mask or of the terminal, or keeps a file with its pid. A shell's ( … ) & does neither. */
static bool meant_to_be_daemon(const struct process *process, const struct daemonhood *daemon)
{
	const struct steps *steps = process->steps;

	if (daemon->look->execs != 0)
		return false;
	if (process->present_at_start && !(steps && steps->chdir_ns))
		return daemon->look->cwd_root && daemon->steps[STEP_STDOUT] == ANSWER_YES &&
		       daemon->steps[STEP_STDERR] == ANSWER_YES;
	if (daemon->pidfile && daemon->pidfile->opened_ns)
		return true;
	return steps && by_own_program(steps, steps->chdir_ns) && daemon->look->cwd_root &&
	       ((by_own_program(steps, steps->umask_ns) && steps->umask_chosen) ||
		(by_own_program(steps, steps->standard_ns[1]) && by_own_program(steps, steps->standard_ns[2])));
}

static bool is_worth_a_word(const struct process *process, const struct daemonhood *daemon)
{
	if (daemon->look->pty_masters)
		return false;
	if (daemon->complete && daemon->certain)
		return true;
	if (process->subreaper || daemon->look->subreaper)
		return false;
	if (daemon->steps[STEP_SETSID] != ANSWER_YES)
		return meant_to_be_daemon(process, daemon);
	return session_is_its_own(process, daemon->look);
}

static struct daemonhood judge(const struct analysis *analysis, const struct process *process)
{
	struct daemonhood daemon = {.look = process->session_look ? process->session_look : process->exit_look,
				    .adoption = orphaning(process)};

	if (!daemon.look || process->scope != SCOPE_TARGET || !is_orphan(analysis, process, &daemon))
		return daemon;
	daemon.starter = starter_of(analysis->model, process);
	daemon.pidfile = pidfile_of(analysis->model, process);
	if (!lived_on(analysis, process, &daemon))
		return daemon;
	read_steps(analysis->model, process, &daemon);
	daemon.is_daemon = is_worth_a_word(process, &daemon);
	return daemon;
}

bool daemonhood_is_intermediate(const struct analysis *analysis, const struct process *process)
{
	if (!process->exited_ns || ended_by_signal(process))
		return false;
	for (const struct process *child = process->first_child; child; child = child->next_sibling)
		if (process_ref_equal(child->creator, process->id) && judge(analysis, child).is_daemon)
			return true;
	return false;
}

/* A process between two forks can take its time on a busy machine. One whose pid stands in the pidfile is what was
 * meant, even if it ended soon and left a worker. */
static bool was_on_its_way(const struct analysis *analysis, const struct process *process,
			   const struct daemonhood *daemon)
{
	if (!daemon->adoption || after_by(process->exited_ns, daemon->adoption->at_ns, WAS_DAEMON_NS))
		return false;
	if (daemon->pidfile && process_ref_equal(daemon->pidfile->owner, process->id))
		return false;
	return daemonhood_is_intermediate(analysis, process);
}

struct daemonhood daemonhood_of(const struct analysis *analysis, const struct process *process)
{
	struct daemonhood daemon = judge(analysis, process);

	if (daemon.is_daemon && was_on_its_way(analysis, process, &daemon))
		daemon.is_daemon = false;
	return daemon;
}
