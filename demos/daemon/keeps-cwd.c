/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A daemon that stays where it was started keeps that directory busy: its file system cannot be unmounted, and the
 * directory itself, when removed, lives on unseen. Relative paths lead elsewhere than the next start's.
 *
 * Look at: daemon, with the directory of whoever started it; daemon.incomplete, chdir_root missing.
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
	/* chdir("/") would stand here */
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
	struct place home;
	int status;

	be_daemon_if_told(argc, argv, become_daemon, serve_until_stopped);
	demo_begin("starter", "starts a daemon in some directory");
	home = place_new();
	if (chdir(home.folder) < 0)
		demo_fail("chdir");
	demo_say("is in %s", home.folder);
	status = start_look_stop(NULL);
	place_remove(&home);
	return status;
}
