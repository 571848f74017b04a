/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A daemon that crashed has left its pidfile, with a number that means nothing any more. The next one must neither
 * believe it ("already running") nor just overwrite it, for a daemon may really be there. The lock decides: it went
 * with its owner, so whoever gets it is the only one, and may write.
 *
 * Look at: daemon, which finds a pidfile of a process that is gone, and takes it over.
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

/* SIGUSR1 is the crash: nothing is put in order. */
static void serve(const struct place *place)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	if (sigwaitinfo(&set, NULL) == SIGUSR1)
		_exit(3);
	unlink(place->pidfile);
}

static void crash(pid_t daemon)
{
	demo_sleep_ms(SERVES_MS);
	kill(daemon, SIGUSR1);
	demo_await_death(daemon);
	demo_sleep_ms(SERVES_MS);
}

int main(int argc, char **argv)
{
	struct place place;
	pid_t daemon;

	be_daemon_if_told(argc, argv, become_daemon, serve);
	demo_begin("starter", "starts a daemon where an earlier one has crashed");
	place = place_new();
	crash(start_daemon(&place, NULL));
	demo_say("the daemon has crashed; its pidfile still says %d", (int)pidfile_read(place.pidfile));
	daemon = start_daemon(&place, NULL);
	demo_say("the next one has taken it over: %d", (int)daemon);
	describe(daemon);
	demo_ready();
	stop_daemon(daemon);
	place_remove(&place);
	return 0;
}
