/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Loops around calls that may find nothing, each until it has used 250 ms of a processor: some burn it in vain, others
 * are healthy although they look much like it.
 *
 *   polls MODE [MS]
 *
 * Status 3: so busy a machine that it did not get so much in 20 s (who yields, waits long there).
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "demo.h"

enum { BUSY_MS = 250, PATIENCE_S = 20 };

static int ends[2]; /* a socket pair: nothing comes out of the first unless we write into the second */
static volatile unsigned long work;

static long used_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void compute_us(long us)
{
	struct timespec now, start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (int i = 0; i < 100; i++)
			work++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 < us);
}

static bool nothing_to_read(void)
{
	char byte;

	return read(ends[0], &byte, 1) < 0 && errno == EAGAIN;
}

/* ---- in vain */

static void spin_read(void)
{
	nothing_to_read();
}

static void spin_receive(void)
{
	char byte;

	recv(ends[0], &byte, 1, MSG_DONTWAIT);
}

static void spin_select(void)
{
	struct timeval now = {0};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	select(ends[0] + 1, &set, NULL, NULL, &now);
}

static void spin_poll(void)
{
	struct pollfd watched = {.fd = ends[0], .events = POLLIN};

	poll(&watched, 1, 0);
}

static void spin_wait(void)
{
	static pid_t child;

	if (!child && (child = fork()) == 0) { /* lives for as long as we do */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	waitpid(child, NULL, WNOHANG);
}

static void spin_yield(void)
{
	sched_yield();
}

/* ---- healthy */

/* An edge-triggered event loop that always has something to do: reads until there is no more, once for each message. */
static void event_loop(void)
{
	static int epoll = -1;
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	if (epoll < 0) {
		epoll = epoll_create1(EPOLL_CLOEXEC);
		epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
	}
	if (write(ends[1], "x", 1) == 1 && epoll_wait(epoll, &event, 1, 0) == 1)
		while (!nothing_to_read())
			;
}

/* As asyncio does while callbacks are due: looks without waiting, then works. */
static void look_and_work(void)
{
	spin_poll();
	compute_us(100);
}

/* Sleeps, if only for a moment. */
static void short_sleeps(void)
{
	struct pollfd watched = {.fd = ends[0], .events = POLLIN};
	const struct timespec moment = {.tv_nsec = 20000};

	ppoll(&watched, 1, &moment, NULL);
	compute_us(5); /* else it would take for ever to use up its time */
	nothing_to_read();
}

/* Looks twice for each message: once in vain, once with success. */
static void every_other(void)
{
	nothing_to_read();
	if (write(ends[1], "x", 1) == 1)
		nothing_to_read();
}

static int go_on(void (*turn)(void), long ms)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (used_ms() < ms) {
		for (int i = 0; i < 100; i++)
			turn();
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec > PATIENCE_S)
			return 3;
	}
	return 0;
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		void (*turn)(void);
	} modes[] = {{"read", spin_read},
		     {"receive", spin_receive},
		     {"select", spin_select},
		     {"poll", spin_poll},
		     {"wait", spin_wait},
		     {"yield", spin_yield},
		     {"event-loop", event_loop},
		     {"look-and-work", look_and_work},
		     {"short-sleeps", short_sleeps},
		     {"every-other", every_other}};

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		demo_fail("socketpair");
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (count > 1 && strcmp(modes[i].name, arguments[1]) == 0)
			return go_on(modes[i].turn, count > 2 ? atol(arguments[2]) : BUSY_MS);
	return 2;
}
