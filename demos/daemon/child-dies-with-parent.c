/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A daemon that crashes can stop nobody any more. Its worker has seen to that itself: prctl(PR_SET_PDEATHSIG, SIGKILL)
 * has the kernel end it with its parent (prctl(2)). SIGKILL, as any other signal could be blocked, and in the children
 * of a daemon that waits for signals most are. orphan/pdeathsig shows the same without a daemon.
 *
 * Look at: worker, ended by SIGKILL at the moment of daemon's end.
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
	close_all_but_roles(ready.out); /* the worker has still to tell who it is */
	if (pidfile_take(place->pidfile) < 0)
		demo_fail("pidfile");
	tell_ready(&ready);
}

static void be_worker(const struct place *place, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1); /* a parent that is gone already sends nothing */
	write_line(place->log, "%d", (int)getpid());
	for (;;)
		pause();
}

static void serve(const struct place *place)
{
	pid_t self = getpid();

	if (demo_fork("worker") == 0)
		be_worker(place, self);
	stop_announcing();
	await_signal(SIGUSR1);
	unlink(place->pidfile);
	_exit(1); /* a crash, as far as the worker is concerned: nobody stops it, nobody waits for it */
}

int main(int argc, char **argv)
{
	struct place place;
	pid_t daemon, worker;
	char line[32];

	be_daemon_if_told(argc, argv, become_daemon, serve);
	demo_begin("starter", "starts a daemon whose worker shall not outlive it");
	place = place_new();
	daemon = start_daemon(&place, NULL);
	worker = atoi(await_line(place.log, line, sizeof line));
	demo_ready();
	demo_sleep_ms(SERVES_MS);
	kill(daemon, SIGUSR1);
	demo_await_death(daemon);
	demo_say("daemon %d has ended without a word to its worker", (int)daemon);
	demo_await_death(worker);
	demo_say("worker %d is gone as well", (int)worker);
	place_remove(&place);
	return 0;
}
