/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load FORKS SWITCHES SECONDS: makes so many processes and context switches a second, evenly, and says how many it
 * was in all. For `make bench`: what lifeline costs on a busy machine. Work that is late is made up for.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 10000000ULL

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t t_ns)
{
	const struct timespec until = {(time_t)(t_ns / 1000000000ULL), (long)(t_ns % 1000000000ULL)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void fork_one(void)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child)
		_exit(0);
	if (waitpid(child, NULL, 0) != child)
		die("waitpid");
}

static int there[2], back[2];

static void exchange(int from, int to)
{
	char byte = 0;

	if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1)
		die("pipe");
}

static void *answer(void *unused)
{
	(void)unused;
	for (;;)
		exchange(there[0], back[1]);
	return NULL;
}

/* There and back is a switch of each of the two threads. */
static void switch_twice(void)
{
	if (write(there[1], "", 1) != 1)
		die("pipe");
	if (read(back[0], &(char){0}, 1) != 1)
		die("pipe");
}

static long run(long per_second, double seconds, void (*work)(void))
{
	const uint64_t begin_ns = clock_ns(), end_ns = begin_ns + (uint64_t)(seconds * 1e9);
	long done = 0;

	for (uint64_t now_ns = begin_ns; now_ns < end_ns; now_ns = clock_ns()) {
		const long due = (long)((double)(now_ns - begin_ns) / 1e9 * (double)per_second);

		for (; done < due; done++)
			work();
		sleep_until(now_ns + STEP_NS);
	}
	return done;
}

struct job {
	long per_second, done;
	double seconds;
	void (*work)(void);
};

static void *run_job(void *data)
{
	struct job *job = data;

	job->done = run(job->per_second, job->seconds, job->work);
	return NULL;
}

int main(int count, char **arguments)
{
	const double seconds = count > 3 ? strtod(arguments[3], NULL) : 10;
	struct job jobs[2] = {{strtol(count > 1 ? arguments[1] : "1000", NULL, 10), 0, seconds, fork_one},
			      {strtol(count > 2 ? arguments[2] : "50000", NULL, 10) / 2, 0, seconds, switch_twice}};
	pthread_t threads[2], other;

	if (pipe(there) || pipe(back))
		die("pipe");
	if (pthread_create(&other, NULL, answer, NULL))
		die("pthread_create");
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, run_job, &jobs[i]))
			die("pthread_create");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%ld %ld\n", jobs[0].done, 2 * jobs[1].done);
	return 0;
}
