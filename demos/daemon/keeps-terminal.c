/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A daemon in a session of its own gets no SIGHUP when the user logs out. But if it has kept the terminal as its 0, 1
 * and 2, they lead nowhere from then on: writes fail with EIO (or, on a terminal that lives longer, go to the next
 * user's screen), and programs end of an error that they never saw in testing.
 *
 * Look at: daemon, with a terminal as 0, 1 and 2; daemon.incomplete with stdin, stdout and stderr missing.
 */
#include "daemon.h"
#include "terminal.h"

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
	/* /dev/null would take the place of 0, 1 and 2 here */
	close_all_but(&ready);
	if (pidfile_take(place->pidfile) < 0)
		demo_fail("pidfile");
	tell_ready(&ready);
}

/* Says something when asked to; what comes of it stands in a file. */
static void serve(const struct place *place)
{
	await_signal(SIGUSR1);
	write_line(place->log, "%s", write(STDOUT_FILENO, "hello\n", 6) < 0 ? strerror(errno) : "it is there");
	await_signal(SIGTERM);
	unlink(place->pidfile);
}

int main(int argc, char **argv)
{
	struct place place;
	struct terminal terminal;
	char result[64];
	pid_t shell, daemon;

	be_daemon_if_told(argc, argv, become_daemon, serve);
	demo_begin("starter", "opens a terminal window with a shell, which starts a daemon and is left");
	place = place_new();
	terminal = terminal_new();
	shell = demo_fork("shell");
	if (shell == 0) {
		terminal_log_in(&terminal);
		start_daemon(&place, NULL);
		_exit(0);
	}
	if (demo_reap(shell) != 0)
		return 1;
	close(terminal.master);
	daemon = pidfile_read(place.pidfile);
	demo_say("the shell has ended and the window is closed; the daemon goes on");
	describe(daemon);
	demo_ready();
	kill(daemon, SIGUSR1);
	demo_say("it writes a line to its standard output: %s", await_line(place.log, result, sizeof result));
	stop_daemon(daemon);
	place_remove(&place);
	return 0;
}
