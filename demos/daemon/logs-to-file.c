/* SPDX-License-Identifier: BSD-2-Clause
 *
 * 0, 1 and 2 need not be /dev/null; they must be nobody else's. This daemon opens a log of its own for 1 and 2, so that
 * what a library writes to stderr is not lost. In append mode, so that a log that was cut short is written on from its
 * new end. A twin of daemon/textbook.
 *
 * Look at: daemon, with every step taken; daemon.complete.
 */
#include "daemon.h"

static void use_log_for_output(const struct place *place)
{
	int log = open(place->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		demo_fail("log");
	if (log > 2)
		close(log);
}

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
	umask(027);
	use_null_for(0);
	use_log_for_output(place);
	close_all_but(&ready);
	if (pidfile_take(place->pidfile) < 0)
		demo_fail("pidfile");
	demo_say("is ready");
	tell_ready(&ready);
}

int main(int argc, char **argv)
{
	struct place place;
	char text[128];
	pid_t daemon;

	be_daemon_if_told(argc, argv, become_daemon, serve_until_stopped);
	demo_begin("starter", "starts a daemon that keeps a log");
	place = place_new();
	daemon = start_daemon(&place, NULL);
	describe(daemon);
	demo_say("its log: \"%s\"", await_line(place.log, text, sizeof text));
	demo_ready();
	stop_daemon(daemon);
	place_remove(&place);
	return 0;
}
