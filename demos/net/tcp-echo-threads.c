/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An echo server with a thread for each client: accept(2), start a thread, accept the next. Each thread reads and
 * writes as if its client were the only one, and sleeps while that says nothing. Simple, and good for some hundred
 * clients; each costs a stack, and all share one memory.
 *
 * Look at: the server's five threads, one for accept and four for clients, asleep in network calls.
 */
#include "net.h"
#include "threads.h"

static void serve_client(void *argument)
{
	const int connection = *(const int *)argument;
	char text[ECHO_SIZE];

	while (net_receive(connection, text, sizeof text))
		net_send(connection, text, sizeof text);
	close(connection);
	demo_say("its client has hung up");
}

static void serve(int listener)
{
	struct demo_thread threads[ECHO_CLIENTS];
	int connections[ECHO_CLIENTS];

	for (int i = 0; i < ECHO_CLIENTS; i++) {
		connections[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (connections[i] < 0)
			demo_fail("accept");
		demo_thread_begin(&threads[i], "for-a-client", serve_client, &connections[i]);
	}
	for (int i = 0; i < ECHO_CLIENTS; i++)
		demo_thread_join(&threads[i]);
	_exit(0);
}

int main(void)
{
	int listener, failed;
	pid_t server;

	demo_begin("starter", "starts an echo server with a thread per client, and four clients");
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
