/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An echo server with one thread for all clients: epoll(7) says which connections have something to read, and only
 * those are read. Nothing blocks but epoll_wait. Ten thousand clients cost ten thousand descriptors and some kernel
 * memory, no stacks and no switches between threads; but one slow piece of work holds up everybody.
 *
 * Look at: a server with a single thread, asleep in poll, and four clients served at the same time.
 */
#include <sys/epoll.h>

#include "net.h"

static void watch(int epoll, int descriptor)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0)
		demo_fail("epoll_ctl");
}

/* One read gives what is there now; TCP has no messages, so it may be any part of them. false: hung up. */
static bool echo_what_is_there(int connection)
{
	char text[ECHO_SIZE];
	const ssize_t got = recv(connection, text, sizeof text, 0);

	return got > 0 && net_send(connection, text, (size_t)got);
}

static void serve(int listener)
{
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[8];
	int hung_up = 0;

	if (epoll < 0)
		demo_fail("epoll_create1");
	watch(epoll, listener);
	while (hung_up < ECHO_CLIENTS) {
		const int count = epoll_wait(epoll, events, 8, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == listener) {
				watch(epoll, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
			} else if (!echo_what_is_there(events[i].data.fd)) {
				close(events[i].data.fd); /* out of the epoll, too: nobody else has it */
				hung_up++;
			}
		}
	}
	demo_say("all clients have hung up: ends");
	_exit(0);
}

int main(void)
{
	int listener, failed;
	pid_t server;

	demo_begin("starter", "starts an echo server with one thread and epoll, and four clients");
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
