/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads with names, for those demos that have some. The name is what demo_say puts before a line and what ps, top and
 * an observer show; it is given by the thread itself, first thing.
 */
#ifndef LIFELINE_DEMO_THREAD_H
#define LIFELINE_DEMO_THREAD_H

#include <pthread.h>

#include "demo.h"

struct demo_thread {
	pthread_t id;
	const char *name;
	void (*work)(void *argument);
	void *argument;
};

static inline void *demo_thread_main(void *data)
{
	struct demo_thread *thread = data;

	demo_name = thread->name;
	prctl(PR_SET_NAME, thread->name);
	thread->work(thread->argument);
	return NULL;
}

/* *thread must stay where it is until the thread has been joined. */
static inline void demo_thread_start(struct demo_thread *thread, const char *name, void (*work)(void *), void *argument)
{
	*thread = (struct demo_thread){.name = name, .work = work, .argument = argument};
	errno = pthread_create(&thread->id, NULL, demo_thread_main, thread);
	if (errno)
		demo_fail("pthread_create");
}

static inline void demo_thread_join(struct demo_thread *thread)
{
	errno = pthread_join(thread->id, NULL);
	if (errno)
		demo_fail("pthread_join");
}

/* Until the thread of this name is asleep in the kernel (it has nothing else to sleep for than what the demo says). */
static inline void demo_await_sleeping(pid_t tid)
{
	char path[64], text[256];

	for (;;) {
		int fd;
		ssize_t got;

		snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
		if (fd >= 0)
			close(fd);
		if (got <= 0)
			return;
		text[got] = '\0';
		if (strrchr(text, ')') && strrchr(text, ')')[2] == 'S')
			return;
		demo_sleep_ms(1);
	}
}

#endif
