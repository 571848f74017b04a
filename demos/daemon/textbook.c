/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The steps of daemon(7), "SysV daemons", in their order. Each cuts one tie to whoever started it:
 *
 * fork          the caller gets its prompt back, and the child is no leader of a process group, so setsid can work
 * setsid        a session of its own: no terminal, and no SIGHUP when that goes
 * second fork   only a session's leader can be given a terminal, by opening one; the daemon is none
 * chdir /       no mount is kept busy
 * umask         the modes of new files are chosen here, not inherited
 * 0, 1, 2       nothing is read from or written to a terminal that others use later; nor are they left closed, or the
 *               next file that is opened would be "stdout"
 * the rest      no file, socket or pipe of the caller is held open
 * pidfile       written and locked before the launcher ends: who started the launcher may rely on it at once
 *
 * Look at: daemon, with all of that done; daemon.complete, a note.
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
	close_all_but(&ready);
	if (pidfile_take(place->pidfile) < 0)
		demo_fail("pidfile");
	tell_ready(&ready);
}

int main(int argc, char **argv)
{
	be_daemon_if_told(argc, argv, become_daemon, serve_until_stopped);
	demo_begin("starter", "starts a daemon that takes every step, and stops it again");
	return start_look_stop(NULL);
}
