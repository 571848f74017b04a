/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Waits whose number is known exactly. By its argument:
 *   plain        a million times a mutex that nobody else wants: no wait at all
 *   signals      one wait of 300 ms for a mutex, through 20 handled signals and a stop
 *   timeouts     7 waits for a mutex that all end by their time limit, then one that is granted
 *   shared       two processes that map a file at different addresses, waiting some times for one mutex in it
 *   late MARK    a wait that begins before the file MARK exists and ends 300 ms after it does
 * Writes `WAITS TIMEOUTS` of the lock called `subject`.
 */
#include <stdint.h>
#include <sys/mman.h>

#include "threads.h"

pthread_mutex_t subject = PTHREAD_MUTEX_INITIALIZER;
static struct tokens held;
static const char *mark;

static void on_signal(int number)
{
	(void)number;
}

static void hold_for_300ms(struct demo_thread *self)
{
	(void)self;
	pthread_mutex_lock(&subject);
	tokens_give(&held, 1);
	demo_sleep_ms(300);
	pthread_mutex_unlock(&subject);
}

static void hold_until_marked(struct demo_thread *self)
{
	(void)self;
	pthread_mutex_lock(&subject);
	tokens_give(&held, 1);
	while (access(mark, F_OK) != 0)
		demo_sleep_ms(5);
	demo_sleep_ms(300);
	pthread_mutex_unlock(&subject);
}

static void take_and_give(void)
{
	pthread_mutex_lock(&subject);
	pthread_mutex_unlock(&subject);
}

static void wait_for(void (*hold)(struct demo_thread *), void (*want)(void))
{
	struct demo_thread holder = {.name = "holder", .run = hold};

	held = tokens_new();
	demo_thread_start(&holder);
	tokens_take(&held, 1);
	want();
	demo_thread_join(&holder);
}

static void want_in_time(void)
{
	struct timespec limit;

	for (int i = 0; i < 7; i++) {
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_nsec += 10000000;
		limit.tv_sec += limit.tv_nsec / 1000000000;
		limit.tv_nsec %= 1000000000;
		if (pthread_mutex_timedlock(&subject, &limit) != ETIMEDOUT)
			demo_fail("pthread_mutex_timedlock");
	}
	take_and_give();
}

/* Another process sends the signals: a thread of this one could be the one that gets them. */
static void want_through_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	pid_t child;

	sigaction(SIGUSR1, &action, NULL);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 20; i++) {
			demo_sleep_ms(5);
			kill(getppid(), SIGUSR1);
		}
		kill(getppid(), SIGSTOP);
		demo_sleep_ms(30);
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	take_and_give();
	demo_reap(child);
}

static void hold_signals(struct demo_thread *self)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	hold_for_300ms(self);
}

/* ---- two processes, one mutex in a file ------------------------------------------------------------------- */

static pthread_mutex_t *map(int fd, uintptr_t address)
{
	void *memory = mmap((void *)address, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	if (memory == MAP_FAILED)
		demo_fail("mmap");
	return (pthread_mutex_t *)((char *)memory + 4096 + 64);
}

/* In turn each has it when the other comes. */
static void take_turns(pthread_mutex_t *mutex, struct tokens *mine, struct tokens *others)
{
	struct timespec pause = {.tv_nsec = 30000000};

	for (int i = 0; i < 5; i++) {
		tokens_take(mine, 1);
		pthread_mutex_lock(mutex);
		tokens_give(others, 1);
		nanosleep(&pause, NULL);
		pthread_mutex_unlock(mutex);
	}
}

static void share(void)
{
	char path[] = "/tmp/lock-facts.XXXXXX";
	struct tokens first = tokens_new(), second = tokens_new();
	int fd = mkostemp(path, O_CLOEXEC);
	pthread_mutexattr_t attributes;
	pthread_mutex_t *mutex;
	pid_t child;

	unlink(path);
	demo_check(ftruncate(fd, 8192), "ftruncate");
	mutex = map(fd, 0x100000000);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(mutex, &attributes);
	child = fork();
	if (child == 0) {
		take_turns(map(fd, 0x200000000), &second, &first);
		_exit(0);
	}
	tokens_give(&first, 1);
	take_turns(mutex, &first, &second);
	demo_reap(child);
}

int main(int argument_count, char **arguments)
{
	const char *what = argument_count > 1 ? arguments[1] : "";

	mark = argument_count > 2 ? arguments[2] : "/";
	if (!strcmp(what, "plain")) {
		for (int i = 0; i < 1000000; i++)
			take_and_give();
		puts("0 0");
	} else if (!strcmp(what, "signals")) {
		wait_for(hold_signals, want_through_signals);
		puts("1 0");
	} else if (!strcmp(what, "timeouts")) {
		wait_for(hold_for_300ms, want_in_time);
		puts("8 7");
	} else if (!strcmp(what, "late")) {
		wait_for(hold_until_marked, take_and_give);
		puts("1 0");
	} else if (!strcmp(what, "shared")) {
		share();
	} else {
		return 2;
	}
	return 0;
}
