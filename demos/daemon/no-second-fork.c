/* SPDX-License-Identifier: BSD-2-Clause
 *
 * After setsid the daemon is the leader of its session, and a leader without a terminal is given the first one that it
 * opens (open(2), O_NOCTTY). A second fork rules that out: the child is in the session but does not lead it. This
 * daemon leaves the second fork out, and later opens a terminal to write a message to it, as some do with /dev/console.
 *
 * Look at: daemon, with a terminal that it never asked for; daemon.incomplete, second_fork missing.
 */
#include "daemon.h"
#include "terminal.h"

static void become_daemon(const struct place *place)
{
	struct channel ready = channel_new();
	pid_t daemon = demo_fork("daemon");

	if (daemon > 0)
		end_when_ready(0, &ready);
	setsid();
	/* the second fork would stand here */
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
	char console[64];
	int message;

	await_line(place->log, console, sizeof console);
	await_signal(SIGUSR1);
	message = open(console, O_RDWR | O_CLOEXEC); /* no O_NOCTTY */
	if (message < 0 || write(message, "all is well\n", 12) != 12)
		_exit(1);
	await_signal(SIGTERM);
	unlink(place->pidfile);
	/* cppcheck-suppress resourceLeak ; it stays open until the process ends */
}

int main(int argc, char **argv)
{
	struct place place;
	char text[64] = "";
	struct terminal console;
	pid_t daemon;

	be_daemon_if_told(argc, argv, become_daemon, serve);
	demo_begin("starter", "starts a daemon that leads its session and opens a terminal");
	place = place_new();
	console = terminal_new();
	write_line(place.log, "%s", console.path); /* its configuration */
	daemon = start_daemon(&place, NULL);
	describe(daemon);
	kill(daemon, SIGUSR1);
	if (read(console.master, text, sizeof text - 1) < 0)
		demo_fail("read what the terminal shows");
	demo_say("it has written \"%.11s\" to %s, and now:", text, console.path);
	describe(daemon);
	demo_ready();
	stop_daemon(daemon);
	place_remove(&place);
	return 0;
}
