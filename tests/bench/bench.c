/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What observing costs, as paired ratios: each round runs a loop plain and then observed, back to back, and the medians
 * of the differences are told. Run as root by `make bench`; never part of the tests, as figures depend on the machine.
 *
 *   bench LIFELINE ROUNDS           the table
 *   bench --loop NAME COUNT         one loop, plain (used by the above, and with perf)
 *   bench --hooks                   hold empty programs on sys_exit and sched_switch: what hooks cost by themselves
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "empty.skel.h"

#define ROUNDS_MAX 101
#define ARM_PROBES_MS 1500 /* finds the libraries and measures first */
#define ARM_MS 350 /* loading takes some 80 ms; the rest is the attach snapshot and noise */

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* ---- loops: each returns ns per operation --------------------------------------------------------- */

static double loop_fork(long count)
{
	uint64_t start = clock_ns();

	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (!child)
			_exit(0);
		if (waitpid(child, NULL, 0) != child)
			die("waitpid");
	}
	return (double)(clock_ns() - start) / (double)count;
}

/* Two processes on one processor, so that each byte is one context switch each way. */
static double loop_pingpong(long count)
{
	int to[2], back[2];
	cpu_set_t set;
	uint64_t start;
	char byte = 0;
	pid_t child;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	if (pipe(to) || pipe(back))
		die("pipe");
	child = fork();
	if (!child) {
		close(to[1]);
		while (read(to[0], &byte, 1) == 1)
			if (write(back[1], &byte, 1) != 1)
				break;
		_exit(0);
	}
	start = clock_ns();
	for (long i = 0; i < count; i++)
		if (write(to[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			die("pipe");
	start = clock_ns() - start;
	close(to[1]);
	waitpid(child, NULL, 0);
	return (double)start / (double)(2 * count);
}

static double loop_getppid(long count)
{
	uint64_t start = clock_ns();

	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
	return (double)(clock_ns() - start) / (double)count;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counted;

/* Of this process: what else the machine does is not in it. */
static uint64_t processor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static double loop_mutex(long count)
{
	uint64_t start = processor_ns();

	for (long i = 0; i < count; i++) {
		pthread_mutex_lock(&mutex);
		counted++;
		pthread_mutex_unlock(&mutex);
	}
	return (double)(processor_ns() - start) / (double)count;
}

/* Two threads on one processor hand over in turn, each time with as much work as makes 100,000 waits a second.
 * Processor time is told, so that what else the machine does is not. */
#define WORK_NS 8000

static sem_t turns[2];
static long hand_overs;

static void work_for(uint64_t ns)
{
	static long rounds_per_us;

	if (!rounds_per_us) {
		uint64_t start = processor_ns();

		for (long i = 0; i < 1000000; i++)
			counted++;
		rounds_per_us = 1000000000 / (long)(processor_ns() - start) + 1;
	}
	for (long i = 0; i < rounds_per_us * (long)ns / 1000; i++)
		counted++;
}

static void *hand_over(void *argument)
{
	const long own = (long)argument;

	for (long i = 0; i < hand_overs; i++) {
		sem_wait(&turns[own]);
		work_for(WORK_NS);
		sem_post(&turns[!own]);
	}
	return NULL;
}

static double loop_waits(long count)
{
	pthread_t threads[2];
	uint64_t start;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	hand_overs = count;
	sem_init(&turns[0], 0, 1);
	sem_init(&turns[1], 0, 0);
	work_for(1);
	start = processor_ns();
	for (long i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, hand_over, (void *)i))
			die("pthread_create");
	for (long i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return (double)(processor_ns() - start) / (double)(2 * count);
}

struct loop {
	const char *name, *unit;
	double (*run)(long count);
	long count;
};

static const struct loop loops[] = {
    {"fork", "fork+exit+wait", loop_fork, 2000}, {"pingpong", "switch", loop_pingpong, 60000},
    {"getppid", "call", loop_getppid, 2000000},  {"mutex", "lock+unlock", loop_mutex, 20000000},
    {"waits", "wait", loop_waits, 20000},
};

/* In a process of its own, so that affinity and children do not stay. */
static double run_loop(const struct loop *loop)
{
	double result = 0;
	int report[2];
	pid_t child;

	if (pipe(report))
		die("pipe");
	child = fork();
	if (!child) {
		result = loop->run(loop->count);
		_exit(write(report[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
	}
	if (read(report[0], &result, sizeof(result)) != sizeof(result))
		die("loop");
	waitpid(child, NULL, 0);
	close(report[0]);
	close(report[1]);
	return result;
}

/* ---- lifeline beside it --------------------------------------------------------------------------- */

static pid_t start_quiet(char *const arguments[])
{
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execv(arguments[0], arguments);
		_exit(127);
	}
	return pid;
}

static void sleep_ms(long ms)
{
	struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&time, NULL);
}

static void stop(pid_t pid)
{
	kill(pid, SIGINT);
	waitpid(pid, NULL, 0);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[count / 2];
}

struct figure {
	double plain, observed, difference, ratio;
};

static long arm_ms = ARM_MS;

static struct figure measure(const struct loop *loop, char *const observer[], int rounds)
{
	double plain[ROUNDS_MAX], observed[ROUNDS_MAX], difference[ROUNDS_MAX], ratio[ROUNDS_MAX];

	for (int i = 0; i < rounds; i++) {
		pid_t lifeline;

		plain[i] = run_loop(loop);
		lifeline = start_quiet(observer);
		sleep_ms(arm_ms);
		if (waitpid(lifeline, NULL, WNOHANG)) {
			fprintf(stderr, "lifeline did not stay: is this root?\n");
			exit(2);
		}
		observed[i] = run_loop(loop);
		stop(lifeline);
		difference[i] = observed[i] - plain[i];
		ratio[i] = observed[i] / plain[i];
	}
	return (struct figure){median(plain, rounds), median(observed, rounds), median(difference, rounds),
			       median(ratio, rounds)};
}

static void print(const char *what, const struct loop *loop, struct figure figure, const char *goal)
{
	printf("%-34s %10.0f ns %10.0f ns %+9.1f ns  x%.3f  per %-15s %s%s\n", what, figure.plain, figure.observed,
	       figure.difference, figure.ratio, loop->unit, *goal ? "goal " : "", goal);
}

/* Holds the empty hooks until SIGINT. */
static int hold_hooks(void)
{
	struct empty_bpf *empty = empty_bpf__open_and_load();

	if (!empty || empty_bpf__attach(empty))
		return 2;
	pause();
	return 0;
}

static void table_of_loops(char *self, char *lifeline, int rounds)
{
	char *const floor[] = {self, "--hooks", NULL};
	char sleeper[16];
	char *const all[] = {lifeline, "attach", "--all", NULL};
	char *const one[] = {lifeline, "attach", "-p", sleeper, NULL};
	char *const each[] = {lifeline, "attach", "--all", "--switches", "all", NULL};
	char *const each_of_one[] = {lifeline, "attach", "-p", sleeper, "--switches", "all", NULL};
	pid_t target = fork();

	if (!target) {
		pause();
		_exit(0);
	}
	snprintf(sleeper, sizeof(sleeper), "%d", (int)target);
	printf("%-34s %13s %13s %12s\n", "", "plain", "observed", "difference");
	print("fork loop, attach --all", &loops[0], measure(&loops[0], all, rounds), "<= x1.05");
	print("  empty hooks alone", &loops[0], measure(&loops[0], floor, rounds), "");
	print("pipe ping-pong, attach --all", &loops[1], measure(&loops[1], all, rounds), "<= +120 ns");
	print("  empty hooks alone", &loops[1], measure(&loops[1], floor, rounds), "");
	print("  with --switches all", &loops[1], measure(&loops[1], each, rounds), "");
	print("  outside attach -p --switches all", &loops[1], measure(&loops[1], each_of_one, rounds), "");
	print("getppid, attach --all", &loops[2], measure(&loops[2], all, rounds), "<= +20 ns");
	print("  empty hooks alone", &loops[2], measure(&loops[2], floor, rounds), "");
	print("pipe ping-pong, outside attach -p", &loops[1], measure(&loops[1], one, rounds), "<= +40 ns");
	print("mutex that nobody else wants, --all", &loops[3], measure(&loops[3], all, rounds), "none");
	print("100,000 waits a second, --all", &loops[4], measure(&loops[4], all, rounds), "<= x1.10");
	print("  empty hooks alone", &loops[4], measure(&loops[4], floor, rounds), "");
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
}

/* ---- --locks all: what is watched, and what uses the same library -------------------------------------------- */

#define PROBED_PAIRS 20000

static double run_program(char *const arguments[])
{
	double result = 0;
	int report[2];
	pid_t child;
	FILE *from;

	if (pipe(report))
		die("pipe");
	child = fork();
	if (!child) {
		dup2(report[1], 1);
		close(report[0]);
		close(report[1]);
		execv(arguments[0], arguments);
		_exit(127);
	}
	close(report[1]);
	from = fdopen(report[0], "r");
	if (!from || fscanf(from, "%lf", &result) != 1)
		die(arguments[0]);
	fclose(from);
	waitpid(child, NULL, 0);
	return result;
}

static struct figure measure_watched(char *const plain_command[], char *const watched_command[], int rounds)
{
	double plain[ROUNDS_MAX], observed[ROUNDS_MAX], difference[ROUNDS_MAX], ratio[ROUNDS_MAX];

	for (int i = 0; i < rounds; i++) {
		plain[i] = run_program(plain_command);
		observed[i] = run_program(watched_command);
		difference[i] = observed[i] - plain[i];
		ratio[i] = observed[i] / plain[i];
	}
	return (struct figure){median(plain, rounds), median(observed, rounds), median(difference, rounds),
			       median(ratio, rounds)};
}

static void table_of_probes(char *self, char *lifeline, int rounds)
{
	const struct loop probed = {"mutex", "lock+unlock", loop_mutex, PROBED_PAIRS};
	char pairs[16], sleeper[16];
	char *const plain[] = {self, "--loop", "mutex", pairs, NULL};
	char *const watched[] = {lifeline, "run",  "-q",     "-o",    "/dev/null", "--locks", "all",
				 "--",     self,   "--loop", "mutex", pairs,       NULL};
	char *const one[] = {lifeline, "attach", "-p", sleeper, "--locks", "all", NULL};
	pid_t target = fork();

	if (!target) {
		pause();
		_exit(0);
	}
	snprintf(pairs, sizeof(pairs), "%d", PROBED_PAIRS);
	snprintf(sleeper, sizeof(sleeper), "%d", (int)target);
	print("mutex, run --locks all", &probed, measure_watched(plain, watched, rounds), "");
	arm_ms = ARM_PROBES_MS;
	print("  of a program outside it", &probed, measure(&probed, one, rounds), "");
	arm_ms = ARM_MS;
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
}

/* ---- start and removal, memory -------------------------------------------------------------------------- */

static double time_command(char *const arguments[], long *peak_kib)
{
	uint64_t start = clock_ns();
	pid_t pid = start_quiet(arguments);
	struct rusage usage;
	int status;

	wait4(pid, &status, 0, &usage);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		fprintf(stderr, "%s: status 0x%x\n", arguments[0], (unsigned)status);
	*peak_kib = usage.ru_maxrss;
	return (double)(clock_ns() - start) / 1e6;
}

static void time_true(char *lifeline, int rounds)
{
	char *const plain[] = {"/bin/true", NULL}, *const observed[] = {lifeline, "run", "--", "/bin/true", NULL};
	double a[ROUNDS_MAX], b[ROUNDS_MAX], d[ROUNDS_MAX];
	long peak = 0, ignored;

	for (int i = 0; i < rounds; i++) {
		a[i] = time_command(plain, &ignored);
		b[i] = time_command(observed, &peak);
		d[i] = b[i] - a[i];
	}
	printf("%-34s %10.1f ms %10.1f ms %+9.1f ms   goal <= +100 ms\n", "run -- true", median(a, rounds),
	       median(b, rounds), median(d, rounds));
	printf("%-34s %10.1f MiB                          goal <= 30 MiB\n", "  peak resident memory",
	       (double)peak / 1024);
}

#define THREADS 1000

static void *want(void *argument)
{
	pthread_mutex_lock(&mutex);
	return argument;
}

static void hang_with_threads(int ready)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, &attributes, want, NULL))
			die("pthread_create");
	sleep_ms(200);
	_exit(write(ready, "", 1) == 1 ? pause() : 1);
}

static void time_locks(char *lifeline, int rounds)
{
	double times[ROUNDS_MAX];
	char pid[16], byte;
	char *const command[] = {lifeline, "locks", pid, NULL};
	int ready[2];
	long peak = 0;
	pid_t target;

	if (pipe(ready))
		die("pipe");
	target = fork();
	if (!target)
		hang_with_threads(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("threads");
	snprintf(pid, sizeof(pid), "%d", (int)target);
	for (int i = 0; i < rounds; i++)
		times[i] = time_command(command, &peak);
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
	printf("%-34s %10.1f ms                           goal <= 300 ms\n", "locks PID with 1,000 threads",
	       median(times, rounds));
}

#define MANY 10000

/* The peak of lifeline while this many processes live. */
static void many_processes(char *lifeline)
{
	char *const all[] = {lifeline, "attach", "--all", NULL};
	int hold[2];
	struct rusage usage;
	pid_t observer;
	long alive = 0;

	if (pipe(hold))
		die("pipe");
	observer = start_quiet(all);
	sleep_ms(ARM_MS);
	for (; alive < MANY; alive++) {
		char byte;
		pid_t child = fork();

		if (child < 0)
			break;
		if (!child) {
			close(hold[1]);
			_exit(read(hold[0], &byte, 1) < 0);
		}
	}
	sleep_ms(500);
	kill(observer, SIGINT);
	while (wait4(observer, NULL, 0, &usage) < 0 && errno == EINTR)
		;
	close(hold[0]);
	close(hold[1]);
	while (wait(NULL) > 0)
		;
	printf("%-34s %10.1f MiB (%ld processes)           goal <= 64 MiB\n", "peak with 10,000 live processes",
	       (double)usage.ru_maxrss / 1024, alive);
}

int main(int count, char **arguments)
{
	int rounds;

	if (count == 4 && !strcmp(arguments[1], "--loop")) {
		for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
			if (!strcmp(loops[i].name, arguments[2]))
				printf("%.1f\n", loops[i].run(atol(arguments[3])));
		return 0;
	}
	if (count == 2 && !strcmp(arguments[1], "--hooks"))
		return hold_hooks();
	if (count == 4 && !strcmp(arguments[1], "--probes")) { /* LIFELINE ROUNDS: that part alone */
		rounds = atoi(arguments[3]);
		if (rounds > 0 && rounds <= ROUNDS_MAX)
			table_of_probes(arguments[0], arguments[2], rounds);
		return 0;
	}
	if (count != 3)
		return 2;
	rounds = atoi(arguments[2]);
	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	table_of_loops(arguments[0], arguments[1], rounds);
	table_of_probes(arguments[0], arguments[1], rounds);
	time_true(arguments[1], rounds);
	time_locks(arguments[1], rounds);
	many_processes(arguments[1]);
	return 0;
}
