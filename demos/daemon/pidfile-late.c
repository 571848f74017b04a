/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A launcher that ends right after its fork says "started" before anything is. Who then reads the pidfile finds none,
 * or yesterday's; who connects is refused. It mostly goes well, and fails on a busy machine. This daemon takes its time
 * (reads a configuration, say) before it writes its pidfile; here it is made sure that the start script is faster.
 *
 * Look at: daemon's pidfile, written after launcher's end.
 */
#include "daemon.h"

static void become_daemon(const struct place *place)
{
	if (demo_fork("middle") > 0)
		_exit(0); /* it would have to wait here until the daemon is ready */
	setsid();
	if (demo_fork("daemon") > 0)
		_exit(0);
	if (chdir("/") < 0)
		demo_fail("chdir");
	umask(0);
	for (int fd = 0; fd <= 2; fd++)
		use_null_for(fd);
	close_from(3);
	write_line(place->log, "%d", (int)getpid());
	await_signal(SIGUSR1);
	if (pidfile_take(place->pidfile) < 0)
		demo_fail("pidfile");
}

int main(int argc, char **argv)
{
	struct place place;
	pid_t daemon;
	char line[32];

	be_daemon_if_told(argc, argv, become_daemon, serve_until_stopped);
	demo_begin("starter", "starts a daemon and at once wants to know its pid");
	place = place_new();
	launch_daemon(&place, NULL);
	demo_say("the launcher has ended; a pidfile is %s", pidfile_read(place.pidfile) ? "there" : "not there yet");
	daemon = atoi(await_line(place.log, line, sizeof line)); /* a start script has no such way */
	if (daemon <= 0 || kill(daemon, SIGUSR1) < 0)
		demo_fail("find the daemon");
	demo_say("now it is: %s", await_line(place.pidfile, line, sizeof line));
	describe(daemon);
	demo_ready();
	stop_daemon(daemon);
	place_remove(&place);
	return 0;
}
