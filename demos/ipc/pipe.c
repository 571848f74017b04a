/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Several processes may write into one pipe, but only what is at most PIPE_BUF (4096) bytes long goes in as a whole
 * (pipe(7)). Of longer messages the pieces mix: first two writers go on until the reader has met a message torn by
 * another. Then they take a lock for each message, and all of 400 arrive whole.
 *
 * Look at: what the demo counts; for the kernel both halves are alike.
 */
#include <limits.h>
#include <pthread.h>

#include "share.h"

#define MESSAGE (3 * PIPE_BUF)
#define WHOLE_ONES 200 /* of each writer, with the lock */

static struct {
	pthread_mutex_t lock;
	volatile bool enough;
} * shared;

/* A message is MESSAGE times the writer's letter. */
static void write_message(int pipe, const char *message)
{
	for (ssize_t sent = 0, more; sent < MESSAGE; sent += more) {
		more = write(pipe, message + sent, (size_t)(MESSAGE - sent));
		if (more < 0)
			demo_fail("write");
	}
}

static void send_messages(int pipe, char letter, bool locked)
{
	char message[MESSAGE];

	memset(message, letter, sizeof message);
	for (int i = 0; locked ? i < WHOLE_ONES : !shared->enough; i++) {
		if (locked)
			pthread_mutex_lock(&shared->lock);
		write_message(pipe, message);
		if (locked)
			pthread_mutex_unlock(&shared->lock);
	}
	_exit(0);
}

static int count_torn(struct channel *pipe, int *messages)
{
	char message[MESSAGE];
	size_t have = 0;
	int torn = 0;
	ssize_t got;

	while ((got = read(pipe->in, message + have, sizeof message - have)) > 0) {
		have += (size_t)got;
		if (have < sizeof message)
			continue;
		torn += memchr(message, message[0] == 'A' ? 'B' : 'A', sizeof message) != NULL;
		shared->enough = torn > 0;
		++*messages;
		have = 0;
	}
	return torn;
}

static int read_from_two(bool locked)
{
	struct channel pipe = channel_new();
	pid_t writers[2];
	int messages = 0, torn;

	for (int i = 0; i < 2; i++) {
		writers[i] = demo_fork(locked ? i ? "locked-B" : "locked-A" : i ? "free-B" : "free-A");
		if (writers[i] == 0)
			send_messages(pipe.out, i ? 'B' : 'A', locked);
	}
	close(pipe.out); /* else there would be no end of file: we could still write */
	torn = count_torn(&pipe, &messages);
	demo_say("%s a lock: %d messages, %d of them torn", locked ? "with" : "without", messages, torn);
	close(pipe.in);
	return demo_reap(writers[0]) || demo_reap(writers[1]) || (locked && messages != 2 * WHOLE_ONES) ? -1 : torn;
}

int main(void)
{
	pthread_mutexattr_t between_processes;

	demo_begin("reader", "reads messages of three times PIPE_BUF, from two writers into one pipe");
	shared = demo_share(sizeof *shared);
	pthread_mutexattr_init(&between_processes);
	pthread_mutexattr_setpshared(&between_processes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->lock, &between_processes);
	demo_ready();
	return read_from_two(false) > 0 && read_from_two(true) == 0 ? 0 : 1;
}
