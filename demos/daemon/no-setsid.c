/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Without setsid(2) the daemon stays in the session, and even in the process group, of whoever started it. It has that
 * one's terminal: Ctrl-C there reaches it, and when the terminal goes, so does it, of SIGHUP (credentials(7)).
 *
 * Look at: daemon, in the same session as starter; daemon.incomplete, setsid missing.
 */
#include "daemon.h"

static void become_daemon(const struct place *place)
{
	struct channel ready = channel_new();
	pid_t middle = demo_fork("middle");

	if (middle > 0)
		end_when_ready(middle, &ready);
	/* setsid() would stand here */
	if (demo_fork("daemon") > 0)
		_exit(0);
	if (chdir("/") < 0)
		demo_fail("chdir");
	umask(0);
	for (int fd = 0; fd <= 2; fd++)
		use_null_for(fd);
	close_all_but(&ready);
	if (pidfile_take(place->pidfile) < 0)
		demo_fail("pidfile");
	tell_ready(&ready);
}

int main(int argc, char **argv)
{
	be_daemon_if_told(argc, argv, become_daemon, serve_until_stopped);
	demo_begin("starter", "starts a daemon that forgets setsid");
	demo_say("my own session is %d", (int)getsid(0));
	return start_look_stop(NULL);
}
