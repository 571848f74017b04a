/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of exit/fork-refused: the same limit on processes, but with room for one helper at a time. The
 * server collects each helper before it starts the next, for a dead child that was not collected counts as well.
 *
 * Look at: three helpers one after the other, all within the limit; no finding.
 */
#include <sys/resource.h>

#include "demo.h"

static void be_server(void)
{
	const struct rlimit two = {2, 2};
	pid_t helper;

	if (geteuid() == 0) { /* a plain user has other processes, so there the limit stays as it is */
		uid_t unused = 65000 + (uid_t)getpid() % 500;

		if (setresuid(unused, unused, unused) < 0)
			demo_fail("setresuid");
		if (setrlimit(RLIMIT_NPROC, &two) < 0)
			demo_fail("setrlimit");
	}
	demo_ready();
	for (int i = 1; i <= 3; i++) {
		helper = demo_fork("helper");
		if (helper == 0)
			_exit(0);
		demo_reap(helper);
		demo_say("helper %d of 3 was allowed, and is collected", i);
	}
	_exit(0);
}

int main(void)
{
	pid_t server;

	demo_begin("parent", "starts a server that keeps within its limit of processes");
	server = demo_fork("server");
	if (server == 0)
		be_server();
	return WEXITSTATUS(demo_reap(server));
}
