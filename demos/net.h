/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP on 127.0.0.1, for those demos that need two ends of it. Nothing here listens on any other address.
 */
#ifndef LIFELINE_DEMO_NET_H
#define LIFELINE_DEMO_NET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "demo.h"

static inline struct sockaddr_in net_address(int port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Listens on the port, or on one that the kernel chooses if it is 0. Negative: it could not, errno says why. */
static inline int net_listen(int port)
{
	const int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = net_address(port);

	if (listener < 0)
		demo_fail("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* past connections do not block the port */
	if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 64) == 0)
		return listener;
	close(listener);
	return -1;
}

static inline int net_port(int listener)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof address;

	if (getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		demo_fail("getsockname");
	return ntohs(address.sin_port);
}

static inline int net_connect(int port)
{
	const int on = 1, connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = net_address(port);

	if (connection < 0)
		demo_fail("socket");
	if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) {
		close(connection);
		return -1;
	}
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* small messages, each waited for */
	return connection;
}

/* All of it, or false: the other end is gone. */
static inline bool net_send(int connection, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		const ssize_t sent = send(connection, (const char *)data + done, size - done, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		done += (size_t)sent;
	}
	return true;
}

/* All of it, or false: the other end has closed, or is gone. */
static inline bool net_receive(int connection, void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		const ssize_t got = recv(connection, (char *)data + done, size - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* ---- clients of the echo servers ------------------------------------------------------------------------------- */

enum { ECHO_CLIENTS = 4, ECHO_SIZE = 16 };

static inline bool net_echoed(int connection, const char *name, int number)
{
	char sent[ECHO_SIZE] = "", back[ECHO_SIZE] = "";

	snprintf(sent, sizeof sent, "%s %d", name, number);
	return net_send(connection, sent, sizeof sent) && net_receive(connection, back, sizeof back) &&
	       memcmp(sent, back, sizeof sent) == 0;
}

static inline void net_be_echo_client(int port, const char *name, const struct channel *served,
				      const struct channel *go)
{
	const int connection = net_connect(port);
	int value;

	if (connection < 0 || !net_echoed(connection, name, 1))
		demo_fail("first echo");
	channel_tell(served, 1);
	if (read(go->in, &value, sizeof value) != (ssize_t)sizeof value)
		demo_fail("wait for the others");
	for (int number = 2; number <= 3; number++)
		if (!net_echoed(connection, name, number))
			demo_fail("echo");
	demo_say("got back what it sent, three times");
	_exit(0);
}

/*
 * Four clients at the same time: none goes on or hangs up before all have had their first answer, so a server that
 * serves one after another would never get through. Collects them; how many failed.
 */
static inline int net_run_echo_clients(int port)
{
	static const char *const names[ECHO_CLIENTS] = {"client-1", "client-2", "client-3", "client-4"};
	const struct channel served = channel_new(), go = channel_new();
	pid_t clients[ECHO_CLIENTS];
	int value, failed = 0;

	for (int i = 0; i < ECHO_CLIENTS; i++)
		if ((clients[i] = demo_fork(names[i])) == 0)
			net_be_echo_client(port, names[i], &served, &go);
	for (int i = 0; i < ECHO_CLIENTS; i++)
		if (read(served.in, &value, sizeof value) != (ssize_t)sizeof value)
			demo_fail("wait for the clients");
	demo_say("all four clients are connected and have been answered once");
	for (int i = 0; i < ECHO_CLIENTS; i++)
		channel_tell(&go, 1);
	for (int i = 0; i < ECHO_CLIENTS; i++)
		failed += demo_reap(clients[i]) != 0;
	return failed;
}

#endif
