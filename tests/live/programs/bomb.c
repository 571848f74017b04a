/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bomb FOLDER MILLISECONDS: enters the control group FOLDER and breeds there: each process forks as often as it is
 * let, and ends after a moment, most of them as orphans. Its first process adopts and collects them all, and says how
 * many forks there were, and how many were refused: "FORKS REFUSALS".
 */
#include "demo.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>

struct tally {
	atomic_long forks, refusals;
};

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* NOLINTNEXTLINE(misc-no-recursion): in a child each time */
static void breed(struct tally *tally, uint64_t until_ms)
{
	while (clock_ms() < until_ms) {
		const pid_t child = fork();

		if (!child) {
			const uint64_t mine_ms = clock_ms() + 15;

			breed(tally, mine_ms < until_ms ? mine_ms : until_ms);
			_exit(0);
		}
		if (child > 0)
			atomic_fetch_add(&tally->forks, 1);
		else
			atomic_fetch_add(&tally->refusals, 1);
		usleep(child > 0 ? 200 : 1000);
	}
}

int main(int argc, char **argv)
{
	struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[256];
	int fd;

	if (argc < 3 || tally == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1))
		demo_fail("bomb");
	snprintf(path, sizeof path, "%s/cgroup.procs", argv[1]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		demo_fail(path);
	close(fd);
	breed(tally, clock_ms() + (uint64_t)atoi(argv[2]));
	for (;;)
		if (wait(NULL) < 0 && errno == ECHILD)
			break;
	printf("%ld %ld\n", atomic_load(&tally->forks), atomic_load(&tally->refusals));
	return 0;
}
