/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fork(2) can fail: EAGAIN if the user has as many processes as RLIMIT_NPROC allows, or the pids limit of a cgroup
 * is reached, ENOMEM if there is no memory. Programs often do not look, and take -1 for a pid: kill(-1, …) is sent
 * to everybody. RLIMIT_NPROC does not bind root (CAP_SYS_RESOURCE or CAP_SYS_ADMIN), so as root the demo takes a uid
 * that nobody has.
 *
 * Look at: the refused call, and the limit that was hit.
 */
#include <sys/resource.h>

#include "demo.h"

static void be_server(void)
{
	const struct rlimit one = {1, 1};
	pid_t helper;

	if (geteuid() == 0) {
		uid_t unused = 60000 + (uid_t)getpid() % 5000;

		if (setresuid(unused, unused, unused) < 0)
			demo_fail("setresuid");
	}
	if (setrlimit(RLIMIT_NPROC, &one) < 0)
		demo_fail("setrlimit");
	demo_ready();
	helper = fork();
	if (helper == 0)
		_exit(0);
	if (helper > 0)
		demo_reap(helper);
	demo_say("as uid %d, limited to 1 process: fork %s", (int)getuid(), helper < 0 ? strerror(errno) : "worked");
	_exit(helper < 0 ? 0 : 1);
}

int main(void)
{
	pid_t server;

	demo_begin("parent", "starts a server that may not have another process");
	server = demo_fork("server");
	if (server == 0)
		be_server();
	return WEXITSTATUS(demo_reap(server));
}
