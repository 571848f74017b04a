/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Did this process become a daemon, and how well? Judged by what it was like afterwards; steps that were seen decide
 * only what state cannot tell (whether a mask was chosen or inherited, whose pipe that is), and who took them.
 *
 * A daemon is a process whose parent is gone, that lives on, and whose own program put it into a session of its own. So
 * these are none: jobs of a shell and what nohup started (in the shell's session); what setsid(1) or a service manager
 * started (the session was made by another program than the one that runs; the program itself never meant to be a
 * daemon), unless not a step is missing; servers of terminals, as tmux and screen (they hold the master sides of
 * pseudo-terminals and keep directory and mask on purpose); monitors of containers, as containerd-shim and conmon
 * (subreapers); workers that lost their daemon.
 */
#ifndef LIFELINE_ANALYZE_COMMON_DAEMONHOOD_H
#define LIFELINE_ANALYZE_COMMON_DAEMONHOOD_H

#include "analyze/analyzer.h"

enum daemon_step {
	STEP_FORK,
	STEP_SETSID,
	STEP_SECOND_FORK,
	STEP_CHDIR,
	STEP_UMASK,
	STEP_STDIN, /* stdout and stderr follow */
	STEP_STDOUT,
	STEP_STDERR,
	STEP_COUNT
};

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

struct daemonhood {
	bool is_daemon; /* and something is to be said of it; else the rest means nothing */
	bool complete;  /* no step is known to be missing */
	bool certain;   /* and of each step it is known whether it was taken */
	enum answer steps[STEP_COUNT];
	const struct session_look *look;
	const struct adoption *adoption; /* how it lost its parent; NULL: before the observation */
	const struct process
	    *starter; /* the first process of its program, whose end lets the starting script go on; NULL */
	const struct pidfile *pidfile; /* NULL none known */
};

struct daemonhood daemonhood_of(const struct analysis *analysis, const struct process *process);
/* A monitor of others that outlived its parent on purpose: a subreaper in a process group or session of its own. */
bool daemonhood_is_monitor(const struct process *process);
/* One of those that a daemon leaves behind on its way: it forked the daemon, or the next of them, and ended. */
bool daemonhood_is_intermediate(const struct analysis *analysis, const struct process *process);
const char *daemonhood_key(enum daemon_step step); /* as in JSON: "chdir_root" */

#endif
