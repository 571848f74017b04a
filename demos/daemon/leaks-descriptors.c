/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors are inherited over fork, and over exec unless they were opened with O_CLOEXEC. A daemon that closes none
 * keeps what its starter had open: a deleted file keeps its blocks, a port stays taken, the reader of a pipe waits for
 * an end that does not come.
 *
 * Look at: daemon, with three files that are not its own; detail.inherited_fds is 3.
 */
#include "daemon.h"

static void become_daemon(const struct place *place)
{
	struct channel ready = channel_new();
	pid_t middle = demo_fork("middle");

	if (middle > 0)
		end_when_ready(middle, &ready);
	setsid();
	if (demo_fork("daemon") > 0)
		_exit(0);
	if (chdir("/") < 0)
		demo_fail("chdir");
	umask(0);
	for (int fd = 0; fd <= 2; fd++)
		use_null_for(fd);
	/* close_range(3, ~0U, 0) would stand here */
	stop_announcing();
	close(ready.in);
	if (pidfile_take(place->pidfile) < 0)
		demo_fail("pidfile");
	tell_ready(&ready);
}

/* A larger program, in the middle of its work, starts the daemon's program. (What came from outside is closed before,
 * so that there are three on every machine.) */
static void work(const struct place *place)
{
	char path[256];

	close_all_but_roles(-1);
	for (int i = 1; i <= 3; i++) {
		snprintf(path, sizeof path, "%s/accounts.%d", place->folder, i);
		/* cppcheck-suppress leakReturnValNotUsed ; to leak it is what it shows */
		if (open(path, O_RDWR | O_CREAT, 0600) < 0) /* no O_CLOEXEC */
			demo_fail(path);
	}
}

int main(int argc, char **argv)
{
	be_daemon_if_told(argc, argv, become_daemon, serve_until_stopped);
	demo_begin("starter", "starts a daemon from a program that has three files open");
	return start_look_stop(work);
}
