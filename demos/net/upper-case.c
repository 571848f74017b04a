/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first server of many courses: it greets, turns each line into capitals, and says good-bye at "exit". It serves
 * one client after another. The second client's connect(2) succeeds nevertheless: the kernel completes connections by
 * itself and keeps them in the listener's backlog until accept(2) takes them. What waits is the first read.
 *
 * Look at: client-2, asleep in network until client-1 has gone.
 */
#include <ctype.h>

#include "net.h"

enum { LINE = 32 };

/* Lines have a fixed length here, to keep to the matter. */
static void serve_client(int connection)
{
	char line[LINE] = "Welcome!";

	if (!net_send(connection, line, sizeof line))
		return;
	while (net_receive(connection, line, sizeof line) && strncmp(line, "exit", 4) != 0) {
		for (int i = 0; i < LINE; i++)
			line[i] = (char)toupper((unsigned char)line[i]);
		if (!net_send(connection, line, sizeof line))
			return;
	}
}

static void serve(int listener)
{
	for (int client = 1; client <= 2; client++) {
		const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			demo_fail("accept");
		demo_say("serves client %d", client);
		serve_client(connection);
		close(connection);
		demo_say("client %d has left", client);
	}
	_exit(0);
}

static void expect_line(int connection, const char *expected)
{
	char line[LINE];

	if (!net_receive(connection, line, sizeof line) || strncmp(line, expected, sizeof line) != 0)
		demo_fail("read the answer");
	demo_say("reads: %s", line);
}

static void say_line(int connection, const char *text)
{
	char line[LINE] = "";

	snprintf(line, sizeof line, "%s", text);
	if (!net_send(connection, line, sizeof line))
		demo_fail("send");
}

static void be_client(int port, const struct channel *connected, struct channel *go_on)
{
	const int connection = net_connect(port);

	if (connection < 0)
		demo_fail("connect");
	demo_say("is connected");
	if (connected)
		channel_tell(connected, 1);
	expect_line(connection, "Welcome!");
	if (go_on)
		channel_hear(go_on);
	say_line(connection, "hello, world");
	expect_line(connection, "HELLO, WORLD");
	say_line(connection, "exit");
	_exit(0);
}

int main(void)
{
	struct channel first = channel_new(), second = channel_new(), go_on = channel_new();
	pid_t server, clients[2];
	int listener;

	demo_begin("starter", "starts a server that serves one client after another, and two clients");
	listener = net_listen(0);
	if (listener < 0)
		demo_fail("listen");
	if ((server = demo_fork("server")) == 0)
		serve(listener);
	if ((clients[0] = demo_fork("client-1")) == 0)
		be_client(net_port(listener), &first, &go_on);
	channel_hear(&first); /* so that it is the first in the backlog */
	if ((clients[1] = demo_fork("client-2")) == 0)
		be_client(net_port(listener), &second, NULL);
	channel_hear(&second);
	demo_await_state(clients[1], 'S');
	demo_ready();
	demo_sleep_ms(200);
	channel_tell(&go_on, 1);
	return demo_reap(clients[0]) || demo_reap(clients[1]) || demo_reap(server);
}
