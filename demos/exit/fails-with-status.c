/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of exit/crash: a child that cannot do its work says so, and ends with an exit status other than
 * 0. That is the orderly way to fail; the parent learns the number and can act on it.
 *
 * Look at: child, exit status 3; no finding.
 */
#include "demo.h"

int main(void)
{
	int status;
	pid_t child;

	demo_begin("parent", "has a child that fails in an orderly way");
	child = demo_fork("child");
	if (child == 0) {
		/* cppcheck-suppress leakReturnValNotUsed ; there is no such file */
		if (open("/nonexistent/input", O_RDONLY) < 0)
			demo_say("cannot open its input: %s; ends with status 3", strerror(errno));
		_exit(3);
	}
	demo_ready();
	status = demo_reap(child);
	demo_say("my child ended with status %d", WEXITSTATUS(status));
	return 0;
}
