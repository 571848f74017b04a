/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signal-driven input: the kernel sends SIGIO when a descriptor has something (fcntl(2), O_ASYNC, F_SETOWN). The
 * program does other things meanwhile, here it computes; the handler only sets a flag, and the main loop reads all
 * there is, as several arrivals can be one signal.
 *
 * Look at: a reader that computes all the time and never waits in read, select or poll.
 */
#include "source.h"

static volatile sig_atomic_t something_is_there;

static void note(int signal)
{
	(void)signal;
	something_is_there = 1;
}

/* false: the source has ended */
static bool read_all_there_is(int source, int *messages)
{
	char letter;
	ssize_t got;

	while ((got = read(source, &letter, 1)) == 1) {
		demo_say("SIGIO: got %c", letter);
		++*messages;
	}
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

int main(void)
{
	const struct sigaction on_io = {.sa_handler = note, .sa_flags = SA_RESTART};
	volatile unsigned long computed = 0;
	int source, messages = 0;
	bool open = true;

	demo_begin("reader", "computes, and is told by SIGIO when a slow source has something");
	sigaction(SIGIO, &on_io, NULL);
	source = source_start("source");
	if (fcntl(source, F_SETOWN, getpid()) < 0 || fcntl(source, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
		demo_fail("fcntl");
	something_is_there = 1; /* what came before we asked for signals sent none */
	demo_ready();
	while (open) {
		while (!something_is_there)
			computed++; /* the other work */
		something_is_there = 0;
		open = read_all_there_is(source, &messages);
	}
	demo_say("%d messages; computed to %lu meanwhile", messages, computed);
	return messages == SOURCE_MESSAGES && source_end() ? 0 : 1;
}
