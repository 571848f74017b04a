/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process waits for a file lock and is moved to another processor in its sleep. From 6.12 on a sleeper that had more
 * than its share of the processor stays queued for a moment, and one that is moved then counts, for the kernel, as
 * waiting for a processor from there on: until it is woken. That is not so each time, so this goes on until it was.
 *
 * Says: FILE WAITED_MS DELAY_MS, of the last try: how long it waited, and for how long of it the kernel says that it
 * waited for a processor: nearly all of it. Status 77: there is but one processor, or the kernel never did so.
 */
#include <inttypes.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "demo.h"

enum { TRIES = 100, HOLD_MS = 50, SHARE_MS = 20 };

struct page {
	volatile int asking, end;
	long waited_ms, delay_ms;
};

/* A file for each try, there until the end: no two have the same inode. */
static char paths[TRIES][sizeof "/tmp/lifeline-moved-asleep.XXXXXX"];

static bool stay_on(pid_t pid, int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	return sched_setaffinity(pid, sizeof set, &set) == 0;
}

static long now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Time in the run queue, as the kernel counts it. */
static long delay_ms(void)
{
	uint64_t ran, delayed = 0;
	FILE *file = fopen("/proc/self/schedstat", "re");

	if (!file || fscanf(file, "%" SCNu64 " %" SCNu64, &ran, &delayed) != 2)
		demo_fail("schedstat");
	fclose(file);
	return (long)(delayed / 1000000);
}

static void be_waiter(struct page *page, const char *path)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC);
	const long begun = now_ms(CLOCK_PROCESS_CPUTIME_ID);
	long asked, delayed;

	if (fd < 0)
		demo_fail("open");
	while (now_ms(CLOCK_PROCESS_CPUTIME_ID) - begun < SHARE_MS)
		;
	delayed = delay_ms();
	asked = now_ms(CLOCK_MONOTONIC);
	page->asking = 1;
	if (flock(fd, LOCK_EX))
		demo_fail("flock");
	page->waited_ms = now_ms(CLOCK_MONOTONIC) - asked;
	page->delay_ms = delay_ms() - delayed;
	_exit(0);
}

static int open_state(pid_t pid)
{
	char name[32];
	int fd;

	snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		demo_fail(name);
	return fd;
}

static bool is_asleep(int fd)
{
	char text[256] = "", *state;

	if (pread(fd, text, sizeof text - 1, 0) < 0)
		demo_fail("stat");
	state = strrchr(text, ')');
	return state && state[2] == 'S';
}

/* Processor 0 is shared by the waiter and one that computes; all else happens on processor 1. */
static void try_once(struct page *page, char *path)
{
	pid_t waiter;
	int fd, state;

	strcpy(path, "/tmp/lifeline-moved-asleep.XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX))
		demo_fail(path);
	page->asking = 0;
	waiter = demo_fork("waiter");
	if (waiter == 0) {
		stay_on(0, 0);
		be_waiter(page, path);
	}
	state = open_state(waiter);
	while (!page->asking || !is_asleep(state))
		;
	stay_on(waiter, 1);
	demo_sleep_ms(HOLD_MS);
	flock(fd, LOCK_UN);
	close(fd);
	close(state);
	demo_reap(waiter);
}

int main(void)
{
	struct page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t other;
	int tries = 0;
	char *path;

	if (page == MAP_FAILED)
		demo_fail("mmap");
	if (!stay_on(0, 0) || !stay_on(0, 1))
		return DEMO_CANNOT_RUN; /* cppcheck-suppress memleak ; it ends here */
	other = demo_fork("other");
	if (other == 0) {
		stay_on(0, 0);
		while (!page->end)
			;
		_exit(0);
	}
	do {
		path = paths[tries];
		try_once(page, path);
	} while (page->delay_ms < page->waited_ms - page->waited_ms / 10 && ++tries < TRIES);
	page->end = 1;
	demo_reap(other);
	for (int i = 0; i < TRIES && paths[i][0]; i++)
		unlink(paths[i]);
	printf("%s %ld %ld\n", path, page->waited_ms, page->delay_ms);
	return tries < TRIES ? 0 : DEMO_CANNOT_RUN;
}
