/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A mutex in shared memory, PTHREAD_PROCESS_SHARED, used by two processes that see it at different addresses. For
 * the kernel it is one lock: a futex that is not private is known by the file and the offset in it (kernel/futex,
 * get_futex_key), not by an address.
 *
 * Look at: one lock with two processes, and the holder is a thread of the other process. The twin,
 * lock/process-private, has two locks that look like one.
 */
#include "threads.h"

#define HOLD_MS 300

struct shared {
	pthread_mutex_t lock;
	atomic_int asking; /* the waiter's */
};

static struct shared *map(int fd)
{
	struct shared *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (shared == MAP_FAILED)
		demo_fail("mmap");
	return shared;
}

static void be_waiter(int fd, const struct tokens *held)
{
	struct shared *shared;
	struct timespec start;

	/* cppcheck-suppress leakReturnValNotUsed ; until the process ends */
	map(fd); /* takes the place that it has in the other process */
	shared = map(fd);
	demo_say("the lock is at %p for me", (void *)&shared->lock);
	tokens_take(held, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	demo_lock(&shared->lock, &shared->asking);
	demo_say("got the lock after %ld ms", demo_ms_since(&start));
	pthread_mutex_unlock(&shared->lock);
	_exit(0);
}

int main(void)
{
	struct tokens held = tokens_new();
	int fd = memfd_create("shared-lock", MFD_CLOEXEC);
	struct shared *shared;
	pid_t waiter;

	demo_begin("holder", "makes a lock in shared memory, takes it, and lets another process wait for it");
	if (fd < 0 || ftruncate(fd, 4096) < 0)
		demo_fail("make shared memory");
	waiter = demo_fork("waiter");
	if (waiter == 0)
		be_waiter(fd, &held);
	shared = map(fd);
	demo_say("the lock is at %p for me", (void *)&shared->lock);
	demo_shared_mutex(&shared->lock, PTHREAD_MUTEX_STALLED);
	demo_check(pthread_mutex_lock(&shared->lock), "pthread_mutex_lock");
	tokens_give(&held, 1);
	demo_await_asleep(waiter, &shared->asking);
	demo_ready();
	demo_sleep_ms(HOLD_MS);
	pthread_mutex_unlock(&shared->lock);
	return WEXITSTATUS(demo_reap(waiter));
}
