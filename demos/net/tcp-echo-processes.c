/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An echo server with a process for each client: accept(2), fork, accept the next. A client's process can crash or be
 * killed without harm to the others, and has memory of its own. It must be collected when it ends: on SIGCHLD, in a
 * loop, as several deaths can be one signal.
 *
 * Look at: the server's four children, each reaped within moments of its end.
 */
#include "net.h"

static void reap_children(int signal)
{
	const int saved = errno;

	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void serve_client(int connection)
{
	char text[ECHO_SIZE];

	while (net_receive(connection, text, sizeof text))
		net_send(connection, text, sizeof text);
	demo_say("its client has hung up: ends");
	_exit(0);
}

static void serve(int listener)
{
	const struct sigaction on_child = {.sa_handler = reap_children, .sa_flags = SA_RESTART};
	sigset_t child, before;
	int served = 0;

	sigaction(SIGCHLD, &on_child, NULL);
	while (served < ECHO_CLIENTS) {
		const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			demo_fail("accept");
		if (demo_fork("for-a-client") == 0)
			serve_client(connection);
		close(connection); /* the child has it */
		served++;
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before); /* from here on it waits itself */
	while (wait(NULL) > 0)
		;
	_exit(0);
}

int main(void)
{
	int listener, failed;
	pid_t server;

	demo_begin("starter", "starts an echo server with a process per client, and four clients");
	listener = net_listen(0);
	if (listener < 0)
		demo_fail("listen");
	server = demo_fork("server");
	if (server == 0)
		serve(listener);
	demo_ready();
	failed = net_run_echo_clients(net_port(listener));
	return demo_reap(server) != 0 || failed;
}
