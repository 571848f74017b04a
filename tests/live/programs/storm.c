/* SPDX-License-Identifier: BSD-2-Clause
 *
 * storm COUNT: so many children, each forked, ended with status (number % 100) and collected, one after the other.
 */
#include "demo.h"

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
	int status;

	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			demo_fail("fork");
		if (pid == 0)
			_exit((int)(i % 100));
		if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != i % 100)
			demo_fail("waitpid");
	}
	return 0;
}
