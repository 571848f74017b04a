/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The worker of this daemon has asked for SIGTERM at its parent's end. But the daemon blocks SIGTERM, as it takes it
 * with sigwaitinfo(2), and the mask is inherited over fork (sigprocmask(2)): the signal comes, is kept pending, and the
 * worker goes on without a parent. orphan/pdeathsig-ignored shows another way to miss it.
 *
 * Look at: worker, alive after the signal had come.
 */
#include "daemon.h"

#define LIVES_ON_MS 1500 /* a worker that ends soon after the signal could have done so for it */

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
	close_all_but_roles(ready.out); /* the worker has still to tell who it is */
	if (pidfile_take(place->pidfile) < 0)
		demo_fail("pidfile");
	tell_ready(&ready);
}

static void be_worker(const struct place *place, pid_t parent)
{
	/* sigprocmask(SIG_UNBLOCK, …) would stand here */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(1);
	stop_announcing();
	write_line(place->log, "%d", (int)getpid());
	await_signal(SIGUSR1);
	_exit(0);
}

static void serve(const struct place *place)
{
	pid_t self = getpid();

	if (demo_fork("worker") == 0)
		be_worker(place, self);
	stop_announcing();
	await_signal(SIGTERM);
	unlink(place->pidfile);
}

int main(int argc, char **argv)
{
	struct place place;
	pid_t daemon, worker;
	char line[32];

	be_daemon_if_told(argc, argv, become_daemon, serve);
	demo_begin("starter", "starts a daemon whose worker blocks the signal that it has asked for");
	place = place_new();
	daemon = start_daemon(&place, NULL);
	worker = atoi(await_line(place.log, line, sizeof line));
	stop_daemon(daemon);
	demo_ready();
	demo_sleep_ms(LIVES_ON_MS);
	demo_say("daemon %d has ended; worker %d is in state %c", (int)daemon, (int)worker, demo_state(worker));
	if (worker <= 0 || kill(worker, SIGUSR1) < 0)
		demo_fail("stop the worker");
	demo_await_death(worker);
	place_remove(&place);
	return 0;
}
