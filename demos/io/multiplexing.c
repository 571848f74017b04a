/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Waiting for several sources at once, with the three calls there are for it: select(2) (sets of bits, descriptors
 * below 1024), poll(2) (an array, handed over anew each time), epoll(7) (the kernel keeps the set, and gives back only
 * those that have something). Each sleeps until the first of its sources has something; reading then does not block.
 *
 * Look at: three readers, each one asleep in poll for half a second for two sources at once.
 */
#include <sys/epoll.h>
#include <sys/select.h>

#include "source.h"

/* Takes what is there; false at the end of the source. */
static bool take(int source, int *messages)
{
	char letter;
	const bool got = read(source, &letter, 1) == 1;

	*messages += got;
	return got;
}

static int with_select(const int sources[2])
{
	const int beyond = (sources[0] > sources[1] ? sources[0] : sources[1]) + 1;
	bool open[2] = {true, true};
	int messages = 0;

	while (open[0] || open[1]) {
		fd_set set;

		FD_ZERO(&set);
		for (int i = 0; i < 2; i++)
			if (open[i])
				FD_SET(sources[i], &set);
		if (select(beyond, &set, NULL, NULL, NULL) < 0)
			demo_fail("select");
		for (int i = 0; i < 2; i++)
			if (open[i] && FD_ISSET(sources[i], &set))
				open[i] = take(sources[i], &messages);
	}
	return messages;
}

static int with_poll(const int sources[2])
{
	struct pollfd watched[2] = {{.fd = sources[0], .events = POLLIN}, {.fd = sources[1], .events = POLLIN}};
	int messages = 0;

	while (watched[0].fd >= 0 || watched[1].fd >= 0) {
		if (poll(watched, 2, -1) < 0)
			demo_fail("poll");
		for (int i = 0; i < 2; i++)
			if (watched[i].revents && !take(watched[i].fd, &messages))
				watched[i].fd = -1; /* poll skips it from here on */
	}
	return messages;
}

static int with_epoll(const int sources[2])
{
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};
	int messages = 0, open = 2;

	for (int i = 0; i < 2; i++) {
		event.data.fd = sources[i];
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, sources[i], &event) < 0)
			demo_fail("epoll_ctl");
	}
	while (open) {
		if (epoll_wait(epoll, &event, 1, -1) != 1)
			demo_fail("epoll_wait");
		if (!take(event.data.fd, &messages)) {
			/* not by close: a copy that a forked child holds would keep it in the epoll */
			epoll_ctl(epoll, EPOLL_CTL_DEL, event.data.fd, NULL);
			open--;
		}
	}
	return messages;
}

static void be_reader(int (*read_all)(const int sources[2]))
{
	const int sources[2] = {source_start("source-1"), source_start("source-2")};
	const int messages = read_all(sources);

	demo_say("%d messages from two sources, as they came", messages);
	_exit(messages == 2 * SOURCE_MESSAGES && source_end() ? 0 : 1);
}

int main(void)
{
	static const struct {
		const char *name;
		int (*read_all)(const int sources[2]);
	} ways[] = {{"with-select", with_select}, {"with-poll", with_poll}, {"with-epoll", with_epoll}};
	int failed = 0;

	demo_begin("parent", "reads from two sources at once, with select, with poll, with epoll");
	demo_ready();
	for (int i = 0; i < 3; i++) {
		const pid_t reader = demo_fork(ways[i].name);

		if (reader == 0)
			be_reader(ways[i].read_all);
		failed += demo_reap(reader) != 0;
	}
	return failed;
}
