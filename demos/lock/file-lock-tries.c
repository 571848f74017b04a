/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of lock/file-lock: the second process asks without waiting (LOCK_NB), does something else while
 * the file is taken, and comes again when it hears that it is free.
 *
 * Look at: nobody waits for the file, no finding.
 */
#include <sys/file.h>

#include "threads.h"

static void be_other(const char *path, const struct tokens *tried, const struct tokens *released)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		demo_fail("open");
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		demo_fail("be refused the lock");
	demo_say("the file is taken: does something else meanwhile");
	tokens_give(tried, 1);
	tokens_take(released, 1);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		demo_fail("lock the file");
	demo_say("has the file now");
	_exit(0);
}

int main(void)
{
	struct tokens tried = tokens_new(), released = tokens_new();
	char path[] = "/tmp/lifeline-demo-file.XXXXXX";
	pid_t other;
	int fd;

	demo_begin("holder", "locks a file that another process wants too");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		demo_fail("lock a file");
	other = demo_fork("other");
	if (other == 0)
		be_other(path, &tried, &released);
	tokens_take(&tried, 1);
	demo_ready();
	flock(fd, LOCK_UN);
	demo_say("lets go of the file, and tells it");
	tokens_give(&released, 1);
	unlink(path);
	return WEXITSTATUS(demo_reap(other));
}
