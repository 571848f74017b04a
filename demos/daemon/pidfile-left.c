/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A daemon that does not remove its pidfile when it stops leaves a number behind that will belong to somebody else one
 * day. Then `kill $(cat daemon.pid)` ends a stranger, and a start script that sees the number alive does not start.
 *
 * Look at: daemon's end, with its pidfile still there.
 */
#include "daemon.h"

#define LATER_MS 1000 /* so that it is nobody's intention any more */

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

static void serve(const struct place *place)
{
	(void)place;
	await_signal(SIGTERM);
	/* unlink(place->pidfile) would stand here */
}

int main(int argc, char **argv)
{
	struct place place;
	pid_t daemon;

	be_daemon_if_told(argc, argv, become_daemon, serve);
	demo_begin("starter", "starts a daemon that leaves its pidfile behind");
	place = place_new();
	daemon = start_daemon(&place, NULL);
	describe(daemon);
	demo_ready();
	stop_daemon(daemon);
	demo_sleep_ms(LATER_MS);
	demo_say("the daemon has ended; its pidfile still says %d", (int)pidfile_read(place.pidfile));
	place_remove(&place);
	return 0;
}
