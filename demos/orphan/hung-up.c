/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process group is orphaned when no member has a parent outside the group but inside the session: nobody is left
 * who could continue its stopped members with job control. If there are stopped ones at that moment, the kernel
 * sends the group SIGHUP and then SIGCONT (setpgid(2) NOTES; kernel/exit.c, kill_orphaned_pgrp). Who does not handle
 * SIGHUP dies of it.
 *
 * Look at: job, stopped; when shell ends it gets SIGHUP and goes on. It handles the signal and ends in order.
 */
#include "demo.h"

static volatile sig_atomic_t hung_up;

static void on_hangup(int signal)
{
	(void)signal;
	hung_up = 1;
}

static void be_job(void)
{
	signal(SIGHUP, on_hangup);
	setpgid(0, 0); /* a group of its own, as a shell makes for each job */
	demo_say("stops, like after Ctrl-Z");
	raise(SIGSTOP);
	demo_say("goes on; SIGHUP %s", hung_up ? "came, since my group was orphaned" : "did not come");
	_exit(hung_up ? 0 : 1);
}

static void be_shell(void)
{
	pid_t job;

	setsid();
	job = demo_fork("job");
	if (job == 0)
		be_job();
	waitpid(job, NULL, WUNTRACED);
	demo_say("ends while its job is stopped (state %c)", demo_state(job));
	_exit(0);
}

int main(void)
{
	int status;
	pid_t shell;

	demo_begin("terminal", "starts a small shell in a session of its own");
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that we, from another session, adopt the job and can wait for it */
	shell = demo_fork("shell");
	if (shell == 0)
		be_shell();
	demo_reap(shell);
	demo_ready();
	wait(&status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
