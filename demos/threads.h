/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the demos about threads and locks share: threads with names, tokens by which they tell each other that something
 * is so far, and the fact "sleeps, because it does not get the lock". Tokens travel through a pipe, so that no lock is
 * at work but those which the demo is about.
 */
#ifndef LIFELINE_DEMO_THREADS_H
#define LIFELINE_DEMO_THREADS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "share.h"

/* How long a hung demo hangs: an observer that looks once a second has seen it twice, also on a busy machine. */
#define DEMO_HANG_MS 3000

/* The names of locks and places come from a process' map of memory, and /proc has that while the process lives. Who is
 * through in a few milliseconds stays a moment, for an observer on a busy machine needs one to get to reading it. */
static inline void demo_stay(void)
{
	demo_sleep_ms(300);
}

/* ---- tokens: each that is given lets one take go on ---------------------------------------------------- */

struct tokens {
	int in, out;
};

static inline struct tokens tokens_new(void)
{
	struct channel channel = channel_new();

	return (struct tokens){.in = channel.in, .out = channel.out};
}

static inline void tokens_give(const struct tokens *tokens, int count)
{
	for (; count > 0; count--)
		if (write(tokens->out, "", 1) != 1)
			demo_fail("give a token");
}

static inline void tokens_take(const struct tokens *tokens, int count)
{
	char token;

	while (count > 0) {
		ssize_t got = read(tokens->in, &token, 1);

		if (got == 1)
			count--;
		else if (got == 0 || errno != EINTR)
			demo_fail("take a token");
	}
}

/* ---- threads -------------------------------------------------------------------------------------------- */

struct demo_thread {
	const char *name;
	void (*run)(struct demo_thread *self);
	int number; /* for the demo's own use, as is data */
	void *data;
	void (*function)(void *argument); /* of demo_thread_begin */
	pid_t tid;                        /* as an observer sees it; set when demo_thread_start returns */
	atomic_int asking;                /* about to take a lock, or asleep because somebody else has it */
	pthread_t thread;
	struct tokens *begun;
};

static inline pid_t demo_tid(void)
{
	char text[40] = "";
	ssize_t length = readlink("/proc/thread-self", text, sizeof text - 1);
	const char *last = length > 0 ? strrchr(text, '/') : NULL;

	return last ? (pid_t)atoi(last + 1) : gettid();
}

static inline void *demo_thread_main(void *data)
{
	struct demo_thread *self = data;

	demo_name = self->name;
	prctl(PR_SET_NAME, self->name);
	self->tid = demo_tid();
	demo_role(self->name, self->tid);
	tokens_give(self->begun, 1);
	self->run(self);
	return NULL;
}

/* Starts it; it has its name, and has announced itself, when this returns. */
static inline void demo_thread_start(struct demo_thread *thread)
{
	struct tokens begun = tokens_new();

	/* cppcheck-suppress autoVariables ; the thread has begun, and is done with it, when this returns */
	thread->begun = &begun;
	errno = pthread_create(&thread->thread, NULL, demo_thread_main, thread);
	if (errno)
		demo_fail("pthread_create");
	tokens_take(&begun, 1);
	close(begun.in);
	close(begun.out);
}

static inline void demo_thread_call(struct demo_thread *self)
{
	self->function(self->data);
}

/* The same, for a thread that only calls a function with an argument. *thread must stay until it is joined. */
static inline void demo_thread_begin(struct demo_thread *thread, const char *name, void (*function)(void *argument),
				     void *argument)
{
	*thread = (struct demo_thread){.name = name, .run = demo_thread_call, .function = function, .data = argument};
	demo_thread_start(thread);
}

static inline void demo_thread_join(struct demo_thread *thread)
{
	pthread_join(thread->thread, NULL);
}

/* Joins it, and waits until the kernel is done with it, which is a moment after join returns. */
static inline void demo_thread_await_end(struct demo_thread *thread)
{
	char path[64];

	demo_thread_join(thread);
	snprintf(path, sizeof path, "/proc/self/task/%d", (int)thread->tid);
	while (access(path, F_OK) == 0)
		demo_sleep_ms(1);
}

/* ---- locks ---------------------------------------------------------------------------------------------- */

static inline void demo_check(int error, const char *what)
{
	errno = error;
	if (error)
		demo_fail(what);
}

/* pthread_mutex_lock, with `asking` set for so long as the caller has not got it. A macro, so that the place of the
 * wait is the caller's line. */
#define demo_lock(mutex, asking)                                                                                       \
	do {                                                                                                           \
		atomic_store(asking, 1);                                                                               \
		demo_check(pthread_mutex_lock(mutex), "pthread_mutex_lock");                                           \
		atomic_store(asking, 0);                                                                               \
	} while (0)

/*
 * Until a thread sleeps because it does not get a lock. Between setting `asking` and the lock it does nothing that
 * could make it sleep, so that state S while `asking` is set means just this.
 */
static inline void demo_await_asleep(pid_t tid, const atomic_int *asking)
{
	while (!atomic_load(asking) || demo_state(tid) != 'S')
		demo_sleep_ms(1);
}

/* The difference of two readings of the clock, in ms. */
static inline long demo_ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* ---- memory that several processes share ------------------------------------------------------------------- */

/* A page that children share with us, at the same address. */
static inline void *demo_shared_page(void)
{
	return demo_share(4096);
}

/* A mutex for several processes; type and robustness are PTHREAD_MUTEX_… of pthread_mutexattr_settype and _setrobust.
 */
static inline void demo_shared_mutex(pthread_mutex_t *mutex, int robust)
{
	pthread_mutexattr_t attributes;

	demo_check(pthread_mutexattr_init(&attributes), "pthread_mutexattr_init");
	demo_check(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), "pthread_mutexattr_setpshared");
	demo_check(pthread_mutexattr_setrobust(&attributes, robust), "pthread_mutexattr_setrobust");
	demo_check(pthread_mutex_init(mutex, &attributes), "pthread_mutex_init");
	pthread_mutexattr_destroy(&attributes);
}

#endif
