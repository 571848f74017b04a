/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Non-blocking input: with O_NONBLOCK read(2) never sleeps; if there is nothing, it says EAGAIN. That is half of what
 * an event loop needs (the other half is to sleep until there is something: io/multiplexing). Alone it leads to this:
 * the reader asks again and again, a million times a second, and burns a processor to learn that there is nothing yet.
 *
 * Look at: switch.busy-poll; hundreds of thousands of calls for three messages.
 */
#include <sys/socket.h>

#include "demo.h"

enum { MESSAGES = 3, POLLING_MS = 80 };

/* Processor time that the other process has used (clock_getcpuclockid(3)). */
static long cpu_ms(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		return -1;
	return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* A slow source: says nothing until the reader has used up 80 ms more of a processor, however long that takes. */
static void be_source(int out, pid_t reader)
{
	for (int i = 0; i < MESSAGES; i++) {
		const long until = cpu_ms(reader) + POLLING_MS;

		while (cpu_ms(reader) < until)
			demo_sleep_ms(5);
		if (write(out, &"abc"[i], 1) != 1)
			_exit(1);
	}
	_exit(0);
}

int main(void)
{
	const pid_t reader = getpid();
	long asked = 0;
	int ends[2], messages = 0;
	char letter;
	pid_t source;
	ssize_t got;

	demo_begin("reader", "asks a slow source again and again, with calls that do not block");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		demo_fail("socketpair");
	source = demo_fork("source");
	if (source == 0)
		be_source(ends[1], reader);
	close(ends[1]);
	demo_ready();
	while ((got = read(ends[0], &letter, 1)) != 0) {
		asked++;
		if (got < 0 && errno != EAGAIN)
			demo_fail("read");
		if (got < 0)
			continue; /* nothing yet: this is the busy loop */
		demo_say("got %c, after asking %ld times in all", letter, asked);
		messages++;
	}
	return messages == MESSAGES && demo_reap(source) == 0 ? 0 : 1;
}
