/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The oracle for context switches and blocked time: children that sleep, yield, play ping-pong, compute, or do so in
 * threads. Each is collected with wait4, whose rusage is the kernel's own count. It is left to rest after its death
 * before that, so that it surely holds the switch with which the process left the processor for good; that one is taken
 * off, for lifeline tells what a program could see of itself. (Other threads than the leader are added up before
 * theirs: kernel/exit.c, __exit_signal.) One line for each: NAME PID VOLUNTARY INVOLUNTARY SLEPT_MS
 * CPU_US
 */
#include <pthread.h>
#include <sys/resource.h>

#include "demo.h"

#define ROUNDS 2000
#define THREADS 4

static struct channel there, back;
static volatile unsigned long work; /* so that the compiler leaves the loop alone */

static void nap(int count)
{
	for (int i = 0; i < count; i++)
		demo_sleep_ms(10);
}

static void sleeper(void)
{
	nap(50);
}

static void yielder(void)
{
	for (int i = 0; i < 5000; i++)
		sched_yield();
}

static void ping(void)
{
	char ball = 'o';

	for (int i = 0; i < ROUNDS; i++)
		if (write(there.out, &ball, 1) != 1 || read(back.in, &ball, 1) != 1)
			_exit(1);
}

static void pong(void)
{
	char ball;

	for (int i = 0; i < ROUNDS; i++)
		if (read(there.in, &ball, 1) != 1 || write(back.out, &ball, 1) != 1)
			_exit(1);
}

static void compute(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (int i = 0; i < 10000; i++)
			work += (unsigned long)i;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 300);
}

static void *nap_in_thread(void *unused)
{
	(void)unused;
	nap(20);
	return NULL;
}

static void threaded(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, nap_in_thread, NULL) != 0)
			demo_fail("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static const struct task {
	const char *name;
	void (*run)(void);
	int slept_ms; /* in sum over threads, at least */
} tasks[] = {
    {"sleeper", sleeper, 500}, {"yielder", yielder, 0}, {"ping", ping, 0},
    {"pong", pong, 0},         {"compute", compute, 0}, {"threaded", threaded, THREADS * 200},
};

#define TASKS (sizeof tasks / sizeof tasks[0])

static long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000 + time.tv_usec;
}

int main(void)
{
	pid_t pids[TASKS];
	struct rusage used;
	int status, failed = 0;

	there = channel_new();
	back = channel_new();
	for (size_t i = 0; i < TASKS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			tasks[i].run();
			_exit(0);
		}
	}
	for (size_t i = 0; i < TASKS; i++)
		demo_await_death(pids[i]);
	demo_sleep_ms(100); /* dead is announced a few microseconds before the last switch */
	for (size_t i = 0; i < TASKS; i++) {
		if (wait4(pids[i], &status, 0, &used) != pids[i] || status != 0)
			failed = 1;
		printf("%s %d %ld %ld %d %ld\n", tasks[i].name, (int)pids[i], used.ru_nvcsw - 1, used.ru_nivcsw,
		       tasks[i].slept_ms, microseconds(used.ru_utime) + microseconds(used.ru_stime));
	}
	return failed;
}
