/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A parent that does what it is told, one letter at a time on stdin, and says on stdout what it has done: to be
 * attached to. f   forks a child that lives until it is told otherwise     -> "child PID" k   lets the oldest living
 * child end, and waits until it is dead, without collecting it   -> "dead PID" w   collects a dead child -> "reaped
 * PID" q   ends (as the end of stdin does)
 */
#include "demo.h"

#define CHILDREN 64

static struct {
	pid_t pid;
	struct channel end;
} children[CHILDREN];
static int born, ended;

static void say(const char *what, pid_t pid)
{
	printf("%s %d\n", what, (int)pid);
	fflush(stdout);
}

static void fork_one(void)
{
	if (born == CHILDREN)
		exit(1);
	children[born].end = channel_new();
	children[born].pid = fork();
	if (children[born].pid == 0) {
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		channel_hear(&children[born].end);
		_exit(0);
	}
	say("child", children[born].pid);
	born++;
}

static void end_one(void)
{
	if (ended == born)
		exit(1);
	channel_tell(&children[ended].end, 0);
	demo_await_death(children[ended].pid);
	say("dead", children[ended].pid);
	ended++;
}

int main(void)
{
	char order;

	say("puppet", getpid());
	while (read(STDIN_FILENO, &order, 1) == 1 && order != 'q')
		if (order == 'f')
			fork_one();
		else if (order == 'k')
			end_one();
		else if (order == 'w')
			say("reaped", waitpid(-1, NULL, 0));
	return 0;
}
