/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names as nobody gives them: a thread name with an escape sequence, newline and invalid UTF-8, arguments with all
 * bytes from 1 to 255 and of 4 KiB length. Execs itself so, waits for a child of the same kind that it kills, and ends
 * with 5.
 */
#include <sys/prctl.h>

#include "demo.h"

static void exec_with_hostile_arguments(void)
{
	static char bytes[256], much[4097];
	char *arguments[] = {(char *)"\x1b[31mred\x07\n\xff", bytes, much, (char *)"again", NULL};

	for (int i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	memset(much, '\x9b', sizeof much - 1); /* CSI as a single byte */
	execv("/proc/self/exe", arguments);
	demo_fail("exec");
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc < 4 || strcmp(argv[3], "again") != 0)
		exec_with_hostile_arguments();
	prctl(PR_SET_NAME, "\x1b]0;x\x07\n\xc3\x28\x80");
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGKILL);
	demo_reap(child);
	child = fork();
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		prctl(PR_SET_DUMPABLE, 0);
		abort();
	}
	demo_reap(child);
	return 5;
}
