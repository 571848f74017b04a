/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A bounded queue between processes, first in first out: the kernel's own (mq_overview(7)), with three places. Putting
 * into the full queue blocks until somebody takes; put_nowait says "full" instead (EAGAIN). Taking from the empty queue
 * blocks as well, and with a timeout gives up (ETIMEDOUT).
 *
 * Look at: the producer, asleep for as long as the queue was full; the consumer, for as long as it was empty.
 */
#include <mqueue.h>

#include "demo.h"

static mqd_t queue;

static mqd_t open_queue(void)
{
	struct mq_attr shape = {.mq_maxmsg = 3, .mq_msgsize = sizeof(int)};
	char name[32];
	mqd_t opened;

	snprintf(name, sizeof name, "/lifeline-demo-%d", (int)getpid());
	opened = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &shape);
	if (opened < 0 && (errno == ENOSYS || errno == EACCES || errno == EMFILE)) {
		demo_say("no message queues here: %s", strerror(errno));
		exit(DEMO_CANNOT_RUN);
	}
	if (opened < 0)
		demo_fail("mq_open");
	mq_unlink(name); /* we and our children have it open, nobody else needs the name */
	return opened;
}

static void put(int value)
{
	if (mq_send(queue, (const char *)&value, sizeof value, 0) < 0)
		demo_fail("mq_send");
	demo_say("put %d", value);
}

static void produce(struct channel *full)
{
	const struct timespec now = {0}; /* long past: does not wait at all */
	const int four = 4;

	for (int value = 1; value <= 3; value++)
		put(value);
	if (mq_timedsend(queue, (const char *)&four, sizeof four, 0, &now) == 0 || errno != ETIMEDOUT)
		_exit(1);
	demo_say("put_nowait 4: refused, the queue is full. put 4: blocks until there is room");
	channel_tell(full, 1);
	put(4);
	_exit(0);
}

int main(void)
{
	struct channel full = channel_new();
	struct timespec until;
	int value = 0;
	pid_t producer;

	demo_begin("consumer", "takes from a queue with three places what a producer puts in");
	queue = open_queue();
	producer = demo_fork("producer");
	if (producer == 0)
		produce(&full);
	channel_hear(&full);
	demo_await_state(producer, 'S');
	demo_ready();
	demo_sleep_ms(200);
	demo_say("takes its time; now it takes one after the other");
	for (int expected = 1; expected <= 4; expected++)
		if (mq_receive(queue, (char *)&value, sizeof value, NULL) < 0 || value != expected)
			demo_fail("first in, first out");
	demo_say("got 1, 2, 3, 4, in the order in which they were put");
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 300000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	if (mq_timedreceive(queue, (char *)&value, sizeof value, NULL, &until) >= 0 || errno != ETIMEDOUT)
		return 1;
	demo_say("got nothing for 0.3 s: gives up, the queue is empty");
	return demo_reap(producer);
}
