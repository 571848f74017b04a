/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asynchronous input: the program hands a read to the kernel and goes on; later it is told that the data are in its
 * buffer. Nothing is left to be read then, which is what sets it apart from all other ways. With io_uring(7), two rings
 * in memory shared with the kernel, where that is allowed; else with POSIX aio(7), where a thread of libc does the
 * reading.
 *
 * Look at: a reader that starts a read, computes, and collects what has been read meanwhile.
 */
#include <aio.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>

#include "source.h"

static struct {
	int fd;
	struct io_uring_params params;
	char *submissions, *completions;
	struct io_uring_sqe *entries;
} ring = {.fd = -1};

static bool ring_open(void)
{
	const int access = PROT_READ | PROT_WRITE;
	size_t size;

	ring.fd = (int)syscall(SYS_io_uring_setup, 4, &ring.params);
	if (ring.fd < 0)
		return false;
	size = ring.params.sq_off.array + ring.params.sq_entries * sizeof(unsigned);
	ring.submissions = mmap(NULL, size, access, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	size = ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);
	ring.completions = mmap(NULL, size, access, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	size = ring.params.sq_entries * sizeof(struct io_uring_sqe);
	ring.entries = mmap(NULL, size, access, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	return ring.submissions != MAP_FAILED && ring.completions != MAP_FAILED && ring.entries != MAP_FAILED;
}

static unsigned *word(char *memory, unsigned offset)
{
	return (unsigned *)(void *)(memory + offset);
}

/* Puts the entry into the ring, and says that it is there. One at a time is under way here. */
static void ring_submit(int source, char *letter)
{
	unsigned *tail = word(ring.submissions, ring.params.sq_off.tail);
	const unsigned index = *tail & *word(ring.submissions, ring.params.sq_off.ring_mask);

	ring.entries[index] = (struct io_uring_sqe){
	    .opcode = IORING_OP_READ, .fd = source, .addr = (uint64_t)(uintptr_t)letter, .len = 1};
	word(ring.submissions, ring.params.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0) != 1)
		demo_fail("io_uring_enter");
}

static ssize_t ring_complete(void)
{
	unsigned *head = word(ring.completions, ring.params.cq_off.head);
	struct io_uring_cqe *done = (void *)(ring.completions + ring.params.cq_off.cqes);
	ssize_t result;

	while (*head == __atomic_load_n(word(ring.completions, ring.params.cq_off.tail), __ATOMIC_ACQUIRE))
		if (syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0 && errno != EINTR)
			demo_fail("io_uring_enter");
	result = done[*head & *word(ring.completions, ring.params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static struct aiocb request;

static void aio_submit(int source, char *letter)
{
	request = (struct aiocb){.aio_fildes = source, .aio_buf = letter, .aio_nbytes = 1};
	if (aio_read(&request) < 0)
		demo_fail("aio_read");
}

static ssize_t aio_complete(void)
{
	const struct aiocb *const list[1] = {&request};

	while (aio_error(&request) == EINPROGRESS)
		if (aio_suspend(list, 1, NULL) && errno != EINTR)
			demo_fail("aio_suspend");
	return aio_return(&request);
}

int main(void)
{
	volatile unsigned long computed = 0;
	int source, messages = 0;
	char letter = 0;
	bool uring;

	demo_begin("reader", "hands reads to the kernel, and computes until they are done");
	uring = ring_open();
	demo_say("with %s", uring ? "io_uring" : "POSIX aio, as io_uring is not allowed here");
	source = source_start("source");
	demo_ready();
	for (;;) {
		if (uring)
			ring_submit(source, &letter);
		else
			aio_submit(source, &letter);
		for (int i = 0; i < 1000000; i++)
			computed++; /* the read is under way */
		if ((uring ? ring_complete() : aio_complete()) != 1)
			break;
		demo_say("%c is in the buffer", letter);
		messages++;
	}
	demo_say("%d messages; computed to %lu meanwhile", messages, computed);
	return messages == SOURCE_MESSAGES && source_end() ? 0 : 1;
}
