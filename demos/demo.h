/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the demos share. A demo is a small program that brings about one situation and says on stdout what it does
 * and what to see; it runs alone as well as under `lifeline demo`. For the latter it tells who is who: if
 * LIFELINE_DEMO_FD names a descriptor, lines `role NAME PID` and `ready` go there. PID is the one that an observer
 * sees outside of any pid namespace the demo makes for itself.
 *
 * Nothing here sleeps to get an order of things: processes tell one another through channels, and wait for facts (a
 * process is dead, is stopped). Sleeping is left to those demos where the passing of time is the subject.
 */
#ifndef LIFELINE_DEMO_H
#define LIFELINE_DEMO_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Longer than the limit from which on lifeline calls a death a zombie (1 s), with room for a busy machine. */
#define DEMO_TOO_LONG_MS 1800

#define DEMO_CANNOT_RUN 77 /* exit status: this machine or user cannot show it (no right to make a namespace, …) */

static _Thread_local const char *demo_name = "demo"; /* of the running process or thread; a forked child has its own */
static struct timespec demo_started;

/* The pid seen from outside: /proc still is the one mounted outside, so its `self` is our pid there. */
static inline pid_t demo_pid(void)
{
	char text[16] = "";
	ssize_t length = readlink("/proc/self", text, sizeof text - 1);

	return length > 0 ? (pid_t)atoi(text) : getpid();
}

/* One line on stdout in one write, so that lines of several processes never mix. */
__attribute__((format(printf, 1, 2))) static inline void demo_say(const char *format, ...)
{
	char line[512];
	struct timespec now;
	va_list arguments;
	size_t length;

	clock_gettime(CLOCK_MONOTONIC, &now);
	length = (size_t)snprintf(
	    line, sizeof line, "%6.3f s  %-12s ",
	    (double)(now.tv_sec - demo_started.tv_sec) + (double)(now.tv_nsec - demo_started.tv_nsec) / 1e9, demo_name);
	va_start(arguments, format);
	vsnprintf(line + length, sizeof line - 1 - length, format, arguments);
	va_end(arguments);
	strcat(line, "\n");
	if (write(STDOUT_FILENO, line, strlen(line)) < 0)
		return; /* nobody listens: the demo goes on all the same */
}

static inline void demo_fail(const char *what)
{
	fprintf(stderr, "%s (%d): %s: %s\n", demo_name, (int)getpid(), what, strerror(errno));
	_exit(1);
}

/* ---- who is who --------------------------------------------------------------------------------- */

static inline void demo_announce(const char *line)
{
	const char *number = getenv("LIFELINE_DEMO_FD");

	if (number && write(atoi(number), line, strlen(line)) < 0)
		unsetenv("LIFELINE_DEMO_FD"); /* closed or gone: nobody to tell */
}

static inline void demo_role(const char *name, pid_t pid)
{
	char line[80];

	snprintf(line, sizeof line, "role %s %d\n", name, (int)pid);
	demo_announce(line);
}

/* The situation that the demo is about is there now. */
static inline void demo_ready(void)
{
	demo_announce("ready\n");
}

/* The calling process is `name` from here on: in what it says, in ps and top, and to whoever observes. */
static inline void demo_become(const char *name)
{
	demo_name = name;
	prctl(PR_SET_NAME, name);
	demo_role(name, demo_pid());
}

/* One clock for all that a demo executes, too: who is started by another demo program goes on with that one's. */
static inline void demo_start_clock(void)
{
	const char *begun = getenv("LIFELINE_DEMO_CLOCK");
	char text[48];

	if (begun && sscanf(begun, "%ld.%ld", &demo_started.tv_sec, &demo_started.tv_nsec) == 2)
		return;
	clock_gettime(CLOCK_MONOTONIC, &demo_started);
	snprintf(text, sizeof text, "%ld.%ld", (long)demo_started.tv_sec, demo_started.tv_nsec);
	setenv("LIFELINE_DEMO_CLOCK", text, 1);
}

/* First thing in main: names the process and says what is shown. */
static inline void demo_begin(const char *name, const char *what)
{
	demo_start_clock();
	demo_become(name);
	demo_say("%s", what);
}

/* fork; the child takes the name and announces itself. */
static inline pid_t demo_fork(const char *name)
{
	pid_t pid = fork();

	if (pid < 0)
		demo_fail("fork");
	if (pid == 0)
		demo_become(name);
	return pid;
}

/* ---- one process tells another ------------------------------------------------------------------- */

struct channel {
	int in, out;
};

static inline struct channel channel_new(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		demo_fail("pipe");
	return (struct channel){.in = ends[0], .out = ends[1]};
}

static inline void channel_tell(const struct channel *channel, int value)
{
	if (write(channel->out, &value, sizeof value) != (ssize_t)sizeof value)
		demo_fail("tell another process");
}

/* Waits for the next value. Our own copy of the far end is closed first: if all who could tell are gone, it is -1. */
static inline int channel_hear(struct channel *channel)
{
	int value;
	ssize_t got;

	if (channel->out >= 0)
		close(channel->out);
	channel->out = -1;
	do {
		got = read(channel->in, &value, sizeof value);
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof value ? value : -1;
}

/* ---- facts -------------------------------------------------------------------------------------------- */

/*
 * Until the process is dead, in whatever way, without collecting it: a pidfd becomes readable when the last thread has
 * ended (pidfd_open(2)). No wait call is made, which matters where the demo is about a parent that makes none.
 */
static inline void demo_await_death(pid_t pid)
{
	struct pollfd dead = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	if (dead.fd < 0 && errno == ESRCH)
		return; /* dead and collected already */
	if (dead.fd < 0)
		demo_fail("pidfd_open");
	while (poll(&dead, 1, -1) < 0 && errno == EINTR)
		;
	close(dead.fd);
}

/* The letter that ps shows (proc(5), /proc/PID/stat): R, S, T, Z …; '-' if there is no such process. */
static inline char demo_state(pid_t pid)
{
	char path[32], text[256] = "";
	char *behind_name;
	ssize_t got;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '-';
	got = read(fd, text, sizeof text - 1);
	close(fd);
	behind_name = got > 0 ? strrchr(text, ')') : NULL;
	return (char)(behind_name ? behind_name[2] : '-');
}

/* Sleeps through signals; for those demos where time itself matters. */
static inline void demo_sleep_ms(long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static inline void demo_await_state(pid_t pid, char state)
{
	while (demo_state(pid) != state)
		demo_sleep_ms(1);
}

/* Waits for this child and collects it; its wait status. */
static inline int demo_reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			demo_fail("waitpid");
	return status;
}

#endif
