/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The counter of lock/lost-update without a shared variable and without a lock: one process, the manager, owns the
 * number, and others ask it to take 1 (as with Python's multiprocessing.Manager). Requests stand in a queue, here a
 * pipe, and the manager serves one after the other, so that no update can be lost. Each client waits for its
 * answer, which is a message and no lock.
 *
 * Look at: n is 0; the clients were blocked in read, the manager too while it was idle; no finding.
 */
#include "threads.h"

#define CLIENTS 10
#define REQUESTS 10

static struct channel requests;
static struct channel answers[CLIENTS];

static void be_manager(void)
{
	int n = CLIENTS * REQUESTS;
	int client;

	while ((client = channel_hear(&requests)) >= 0) {
		n--;
		channel_tell(&answers[client], n);
	}
	demo_say("all clients are gone; n is %d", n);
	_exit(n == 0 ? 0 : 1);
}

static void be_client(int number)
{
	int n = 0;

	for (int i = 0; i < REQUESTS; i++) {
		channel_tell(&requests, number);
		n = channel_hear(&answers[number]);
	}
	demo_say("took 1 ten times; the last answer was %d", n);
	_exit(0);
}

int main(void)
{
	pid_t manager;
	int status = 0;

	demo_begin("parent", "starts a manager that owns n = 100, and ten clients that ask it to take 1, ten times");
	requests = channel_new();
	for (int i = 0; i < CLIENTS; i++)
		answers[i] = channel_new();
	manager = demo_fork("manager");
	if (manager == 0)
		be_manager();
	for (int i = 0; i < CLIENTS; i++) {
		char name[16];

		snprintf(name, sizeof name, "client-%d", i + 1);
		if (demo_fork(name) == 0)
			be_client(i);
	}
	close(requests.out); /* so that the end of the last client is the end of requests */
	demo_ready();
	for (int left = CLIENTS + 1; left > 0; left--) {
		int one = 0;

		if (wait(&one) == manager)
			status = one;
	}
	return WEXITSTATUS(status);
}
