/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The file mode creation mask is inherited (umask(2)), so without a call of umask the files of a daemon have the modes
 * that fit whoever happened to start it: started by a careful administrator, nobody can read its pidfile; started by
 * another program, everybody can write its data.
 *
 * Look at: daemon, with the mask of starter; daemon.incomplete, umask missing.
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
	/* umask(0) would stand here */
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
	demo_begin("starter", "starts a daemon with the mask that it has itself");
	umask(077);
	demo_say("has mask 0077: a file made with mode 0644 gets mode %04o", 0644 & ~077);
	return start_look_stop(NULL);
}
