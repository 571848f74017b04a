/* SPDX-License-Identifier: BSD-2-Clause
 *
 * daemon(3) of the C library: one fork, setsid, chdir to /, and /dev/null as 0, 1 and 2. It knows no second fork, no
 * umask, no descriptors above 2, and its caller's parent ends before the daemon can have made anything ready.
 *
 * Look at: daemon, judged by what it is and not by how it was written; daemon.incomplete, second_fork and umask
 * missing.
 */
#include "daemon.h"

static void become_daemon(const struct place *place)
{
	if (daemon(0, 0) < 0)
		demo_fail("daemon");
	demo_become("daemon");
	close_from(3);
	write_line(place->log, "%d", (int)getpid());
}

static void serve(const struct place *place)
{
	(void)place;
	await_signal(SIGTERM);
}

int main(int argc, char **argv)
{
	struct place place;
	char line[32];
	pid_t pid;

	be_daemon_if_told(argc, argv, become_daemon, serve);
	demo_begin("starter", "starts a daemon that uses daemon(3)");
	place = place_new();
	launch_daemon(&place, NULL);
	pid = atoi(await_line(place.log, line, sizeof line));
	describe(pid);
	demo_ready();
	stop_daemon(pid);
	place_remove(&place);
	return 0;
}
