/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The oracle for wait calls: makes known numbers of each kind and tells them in one line, `PID CALLS REAPED`. Polls
 * that find nothing, looks that do not collect (WNOWAIT) and calls that fail (ECHILD) are calls like any other; only
 * collected deaths are reaped.
 */
#include "demo.h"

#define POLLS 100

static long calls, reaped;

static void check(bool right, const char *what)
{
	calls++;
	if (right)
		return;
	fprintf(stderr, "waits: unexpected result of %s: %s\n", what, strerror(errno));
	exit(1);
}

static pid_t child_that_hears(struct channel *end)
{
	pid_t pid = fork();

	if (pid == 0) {
		channel_hear(end);
		_exit(3);
	}
	return pid;
}

int main(void)
{
	struct channel end = channel_new();
	siginfo_t info = {0};
	pid_t pid = child_that_hears(&end);
	int status;

	for (int i = 0; i < POLLS; i++)
		check(waitpid(-1, NULL, WNOHANG) == 0, "a poll for any child");
	check(waitpid(pid, NULL, WNOHANG) == 0, "a poll for the child");
	channel_tell(&end, 0);
	check(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == pid,
	      "a look without collecting");
	check(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == pid, "another look");
	check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3, "a wait for the child");
	reaped++;
	check(waitpid(pid, NULL, 0) == -1 && errno == ECHILD, "a wait for nobody");

	for (int i = 0; i < 5; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		check(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0 && info.si_pid == pid, "waitid");
		reaped++;
	}
	for (int i = 0; i < 5; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		check(wait(NULL) == pid, "wait");
		reaped++;
	}
	pid = fork(); /* stops and goes on: wait returns its pid twice before it is dead */
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "a wait for the stop");
	kill(pid, SIGCONT);
	check(waitpid(pid, &status, WCONTINUED) == pid, "a wait for the continuation");
	if (WIFCONTINUED(status)) /* if it has not been quicker with its end */
		check(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "a wait for the end");
	reaped++;
	printf("%d %ld %ld\n", (int)getpid(), calls, reaped);
	return 0;
}
