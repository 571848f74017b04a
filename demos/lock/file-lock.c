/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks on files, of both kinds: flock(2) belongs to the open file, fcntl(2)'s record locks to the process. A
 * process that has to wait sleeps in the kernel, which knows the holder exactly. The two kinds know nothing of one
 * another.
 *
 * Look at: two locks of kind file, with the path, and their holder. The twin is lock/file-lock-tries.
 */
#include <sys/file.h>

#include "threads.h"

#define HOLD_MS 300

static bool with_flock(int fd, bool lock)
{
	return flock(fd, lock ? LOCK_EX : LOCK_UN) == 0;
}

static bool with_fcntl(int fd, bool lock)
{
	struct flock whole_file = {.l_type = lock ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLKW, &whole_file) == 0;
}

static const struct way {
	const char *name;
	bool (*lock)(int fd, bool lock);
	char path[40];
} ways[] = {{"flock", with_flock, "/tmp/lifeline-demo-flock.XXXXXX"},
	    {"fcntl", with_fcntl, "/tmp/lifeline-demo-fcntl.XXXXXX"}};

static void be_waiter(const struct way *way, const char *path, atomic_int *asking)
{
	int fd = open(path, O_RDWR | O_CLOEXEC); /* an open file of our own: one inherited shares its flock */
	struct timespec start;

	if (fd < 0)
		demo_fail("open");
	clock_gettime(CLOCK_MONOTONIC, &start);
	atomic_store(asking, 1);
	if (!way->lock(fd, true))
		demo_fail(way->name);
	demo_say("got the file after %ld ms", demo_ms_since(&start));
	_exit(0);
}

static int show(const struct way *way, atomic_int *asking)
{
	char path[sizeof way->path];
	pid_t waiter;
	int fd;

	memcpy(path, way->path, sizeof path);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || !way->lock(fd, true))
		demo_fail(way->name);
	demo_say("has locked %s with %s", path, way->name);
	atomic_store(asking, 0);
	waiter = demo_fork(way == ways ? "waiter-flock" : "waiter-fcntl");
	if (waiter == 0)
		be_waiter(way, path, asking);
	demo_await_asleep(waiter, asking);
	demo_sleep_ms(HOLD_MS);
	way->lock(fd, false);
	unlink(path);
	return WEXITSTATUS(demo_reap(waiter));
}

int main(void)
{
	atomic_int *asking = demo_shared_page();
	int wrong = 0;

	demo_begin("holder", "locks a file while another process wants it, with flock and with fcntl");
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		wrong += show(&ways[i], asking);
	demo_ready();
	return wrong;
}
