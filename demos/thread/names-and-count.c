/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads have names (PR_SET_NAME, at most 15 bytes), and the kernel lists those that are alive in /proc/self/task.
 * What threading.active_count() and enumerate() tell of Python's own records, this tells of all threads there are.
 *
 * Look at: the same names in the switch table, in top -H, and in /proc/PID/task/TID/comm.
 */
#include <dirent.h>

#include "threads.h"

enum { THREADS = 3 };

static pthread_barrier_t all_there, may_go;

static void read_name(const char *tid, char name[32])
{
	char path[300];
	ssize_t got;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%s/comm", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, name, 31);
	if (fd >= 0)
		close(fd);
	name[got > 0 ? got - 1 : 0] = '\0'; /* without the newline */
}

static int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	if (!tasks)
		demo_fail("opendir");
	while ((entry = readdir(tasks))) {
		char name[32];

		if (entry->d_name[0] == '.')
			continue;
		read_name(entry->d_name, name);
		demo_say("  thread %s is called %s", entry->d_name, name);
		count++;
	}
	closedir(tasks);
	return count;
}

static void stay(void *argument)
{
	(void)argument;
	pthread_barrier_wait(&all_there);
	pthread_barrier_wait(&may_go);
}

int main(void)
{
	static const char *const names[THREADS] = {"reader", "writer", "a-name-too-long-for-the-kernel"};
	struct demo_thread threads[THREADS];
	int before, during, after;

	demo_begin("main", "counts and names its threads: alone, with three more, and alone again");
	before = count_threads();
	pthread_barrier_init(&all_there, NULL, THREADS + 1);
	pthread_barrier_init(&may_go, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		demo_thread_begin(&threads[i], names[i], stay, NULL);
	pthread_barrier_wait(&all_there);
	demo_say("all are there:");
	during = count_threads();
	demo_ready();
	pthread_barrier_wait(&may_go);
	for (int i = 0; i < THREADS; i++)
		demo_thread_join(&threads[i]);
	demo_say("all are gone:");
	for (after = count_threads(); after > 1; after = count_threads())
		demo_sleep_ms(1); /* joined a moment before the kernel has taken it off the list */
	demo_say("%d, %d, %d threads", before, during, after);
	return before == 1 && during == 4 && after == 1 ? 0 : 1;
}
