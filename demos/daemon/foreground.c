/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The daemon that needs none of the steps: it stays in the foreground and leaves all of them to a service manager,
 * which starts it with a clean session, directory, mask and descriptors, knows its pid, and sees its end (daemon(7),
 * "New-Style Daemons"). It says when it is ready, here through a pipe, as sd_notify does through a socket.
 *
 * Look at: service, a child that its parent stops and waits for; no finding.
 */
#include "daemon.h"

static void be_service(struct channel *ready)
{
	hold_signals();
	tell_ready(ready);
	await_signal(SIGTERM);
	demo_say("was asked to stop, and does");
	_exit(0);
}

int main(void)
{
	struct channel ready = channel_new();
	pid_t service;
	int status;

	demo_begin("manager", "starts a service that stays its child");
	service = demo_fork("service");
	if (service == 0)
		be_service(&ready);
	if (channel_hear(&ready) < 0)
		demo_fail("start the service");
	demo_say("service %d is ready, and no pidfile was needed to know that", (int)service);
	demo_ready();
	kill(service, SIGTERM);
	status = demo_reap(service);
	demo_say("the service ended with status %d", WEXITSTATUS(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
