/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `output=$(start-my-daemon)`, or `ssh host start-my-daemon`, never comes back: the reader of a pipe sees its end when
 * the last writer has closed it, and the daemon still has it as its 1 and 2.
 *
 * Look at: daemon, with pipes as 0, 1 and 2; daemon.incomplete with stdin, stdout and stderr missing.
 */
#include "daemon.h"

static struct channel input, output;

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

/* As a shell does for $(…), and sshd for what it runs. */
static void use_pipes(const struct place *place)
{
	(void)place;
	if (dup2(input.in, 0) < 0 || dup2(output.out, 1) < 0 || dup2(output.out, 2) < 0)
		demo_fail("dup2");
}

/* Has the last writer gone? Waits for that for a while. */
static bool ended(int ms)
{
	struct pollfd end = {.fd = output.in, .events = POLLIN};

	return poll(&end, 1, ms) == 1 && (end.revents & POLLHUP);
}

int main(int argc, char **argv)
{
	struct place place;
	pid_t daemon;

	be_daemon_if_told(argc, argv, become_daemon, serve_until_stopped);
	demo_begin("starter", "starts a daemon and reads what it prints until the end");
	place = place_new();
	input = channel_new();
	output = channel_new();
	daemon = start_daemon(&place, use_pipes);
	close(output.out);
	demo_say("the launcher has ended; the end of its output %s", ended(300) ? "came" : "does not come");
	describe(daemon);
	demo_ready();
	stop_daemon(daemon);
	demo_say("the daemon has ended; the end of its output %s", ended(-1) ? "came" : "does not come");
	place_remove(&place);
	return 0;
}
