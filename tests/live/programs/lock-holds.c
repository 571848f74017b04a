/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Takes locks of all kinds in all ways, so and so often, and says what must have been seen, a line a lock:
 *
 *     NAME KIND ACQUISITIONS LEAST_NS MOST_NS
 *
 * the last two being the bounds of the longest hold: from after the call that took it to before the call that gave it
 * back, and from before to after; 0 0: not measured. Each lock is a variable of its name. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, outer = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t slow = PTHREAD_MUTEX_INITIALIZER, tried = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t timed = PTHREAD_MUTEX_INITIALIZER, crowded = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t waited = PTHREAD_MUTEX_INITIALIZER, overslept = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t cancelled = PTHREAD_MUTEX_INITIALIZER, abandoned = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t foreign = PTHREAD_MUTEX_INITIALIZER, forked = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t kept = PTHREAD_MUTEX_INITIALIZER, late = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive, checked, robust, inheriting, adaptive;
static pthread_rwlock_t shelf = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER, never = PTHREAD_COND_INITIALIZER;
static sem_t tokens, interrupted, handed, hopeless;
static int whose;
static unsigned woken; /* returns of pthread_cond_wait */

static void check(int error, int expected, const char *what)
{
	if (error == expected)
		return;
	fprintf(stderr, "lock-holds: %s: %d instead of %d\n", what, error, expected);
	exit(1);
}

#define MUST(call) check(call, 0, #call)
#define FAILS(call, error) check(call, error, #call)
#define SEM_FAILS(call, error) check((call) == -1 ? errno : 0, error, #call)

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static struct timespec in_ms(long ms)
{
	struct timespec then;

	clock_gettime(CLOCK_REALTIME, &then);
	then.tv_nsec += ms * 1000000;
	then.tv_sec += then.tv_nsec / 1000000000;
	then.tv_nsec %= 1000000000;
	return then;
}

static void expect(const char *name, const char *kind, unsigned acquisitions, uint64_t least, uint64_t most)
{
	printf("%s %s %u %llu %llu\n", name, kind, acquisitions, (unsigned long long)least, (unsigned long long)most);
}

static pthread_t begin(void *(*function)(void *))
{
	pthread_t thread;

	MUST(pthread_create(&thread, NULL, function, NULL));
	return thread;
}

static void run(void *(*function)(void *))
{
	MUST(pthread_join(begin(function), NULL));
}

static void make_mutex(pthread_mutex_t *mutex, int type, int robustness, int protocol)
{
	pthread_mutexattr_t attributes;

	MUST(pthread_mutexattr_init(&attributes));
	MUST(pthread_mutexattr_settype(&attributes, type));
	MUST(pthread_mutexattr_setrobust(&attributes, robustness));
	MUST(pthread_mutexattr_setprotocol(&attributes, protocol));
	MUST(pthread_mutex_init(mutex, &attributes));
	MUST(pthread_mutexattr_destroy(&attributes));
}

/* ---- one thread ------------------------------------------------------------------------------------------------ */

static void one_after_the_other(void)
{
	uint64_t before, got, giving, given, least = 0, most = 0;

	for (int i = 0; i < 1000; i++) {
		MUST(pthread_mutex_lock(&plain));
		MUST(pthread_mutex_unlock(&plain));
	}
	for (int i = 0; i < 100; i++) {
		MUST(pthread_mutex_lock(&outer));
		MUST(pthread_mutex_lock(&plain));
		MUST(pthread_mutex_unlock(&plain));
		MUST(pthread_mutex_unlock(&outer));
	}
	for (int i = 1; i <= 5; i++) {
		before = clock_ns();
		MUST(pthread_mutex_lock(&slow));
		got = clock_ns();
		usleep((useconds_t)(i == 4 ? 40000 : 1000));
		giving = clock_ns();
		MUST(pthread_mutex_unlock(&slow));
		given = clock_ns();
		least = giving - got > least ? giving - got : least;
		most = given - before > most ? given - before : most;
	}
	expect("plain", "mutex", 1100, 0, 0);
	expect("outer", "mutex", 100, 0, 0);
	expect("slow", "mutex", 5, least, most);
}

static void of_other_types(void)
{
	make_mutex(&recursive, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	make_mutex(&checked, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	make_mutex(&inheriting, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT);
	make_mutex(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	for (int i = 0; i < 20; i++) {
		MUST(pthread_mutex_lock(&recursive));
		MUST(pthread_mutex_lock(&recursive));
		MUST(pthread_mutex_trylock(&recursive));
		for (int depth = 0; depth < 3; depth++)
			MUST(pthread_mutex_unlock(&recursive));
		FAILS(pthread_mutex_unlock(&recursive), EPERM);
		MUST(pthread_mutex_lock(&checked));
		FAILS(pthread_mutex_lock(&checked), EDEADLK);
		FAILS(pthread_mutex_trylock(&checked), EBUSY);
		MUST(pthread_mutex_unlock(&checked));
		FAILS(pthread_mutex_unlock(&checked), EPERM);
		MUST(pthread_mutex_lock(&inheriting));
		MUST(pthread_mutex_unlock(&inheriting));
		MUST(pthread_mutex_trylock(&adaptive));
		FAILS(pthread_mutex_trylock(&adaptive), EBUSY);
		MUST(pthread_mutex_unlock(&adaptive));
	}
	expect("recursive", "mutex", 60, 0, 0);
	expect("checked", "mutex", 20, 0, 0);
	expect("inheriting", "pi-mutex", 20, 0, 0);
	expect("adaptive", "mutex", 20, 0, 0);
}

static void *try_in_vain(void *unused)
{
	struct timespec past = in_ms(-5), soon;

	for (int i = 0; i < 30; i++)
		FAILS(pthread_mutex_trylock(&tried), EBUSY);
	for (int i = 0; i < 5; i++) {
		soon = in_ms(3);
		FAILS(pthread_mutex_timedlock(&timed, &soon), ETIMEDOUT);
		FAILS(pthread_mutex_timedlock(&timed, &past), ETIMEDOUT);
	}
	return unused;
}

static void in_vain(void)
{
	struct timespec later = in_ms(60000);

	for (int i = 0; i < 50; i++) {
		MUST(pthread_mutex_trylock(&tried));
		MUST(pthread_mutex_unlock(&tried));
	}
	for (int i = 0; i < 7; i++) {
		MUST(pthread_mutex_timedlock(&timed, &later));
		MUST(pthread_mutex_unlock(&timed));
	}
	MUST(pthread_mutex_lock(&tried));
	MUST(pthread_mutex_lock(&timed));
	run(try_in_vain);
	MUST(pthread_mutex_unlock(&timed));
	MUST(pthread_mutex_unlock(&tried));
	expect("tried", "mutex", 51, 0, 0);
	expect("timed", "mutex", 8, 0, 0);
}

static void *read_in_vain(void *unused)
{
	struct timespec soon = in_ms(3);

	FAILS(pthread_rwlock_tryrdlock(&shelf), EBUSY);
	FAILS(pthread_rwlock_trywrlock(&shelf), EBUSY);
	FAILS(pthread_rwlock_timedrdlock(&shelf, &soon), ETIMEDOUT);
	FAILS(pthread_rwlock_timedwrlock(&shelf, &soon), ETIMEDOUT);
	return unused;
}

static void read_and_write(void)
{
	struct timespec later = in_ms(60000);

	for (int i = 0; i < 40; i++) {
		MUST(pthread_rwlock_rdlock(&shelf));
		MUST(pthread_rwlock_rdlock(&shelf));
		MUST(pthread_rwlock_unlock(&shelf));
		MUST(pthread_rwlock_unlock(&shelf));
	}
	for (int i = 0; i < 10; i++) {
		MUST(pthread_rwlock_wrlock(&shelf));
		FAILS(pthread_rwlock_wrlock(&shelf), EDEADLK);
		FAILS(pthread_rwlock_rdlock(&shelf), EDEADLK);
		MUST(pthread_rwlock_unlock(&shelf));
		MUST(pthread_rwlock_tryrdlock(&shelf));
		MUST(pthread_rwlock_unlock(&shelf));
		MUST(pthread_rwlock_trywrlock(&shelf));
		MUST(pthread_rwlock_unlock(&shelf));
		MUST(pthread_rwlock_timedrdlock(&shelf, &later));
		MUST(pthread_rwlock_unlock(&shelf));
		MUST(pthread_rwlock_timedwrlock(&shelf, &later));
		MUST(pthread_rwlock_unlock(&shelf));
	}
	MUST(pthread_rwlock_wrlock(&shelf));
	run(read_in_vain);
	MUST(pthread_rwlock_unlock(&shelf));
	expect("shelf", "rwlock", 131, 0, 0);
}

/* ---- several ----------------------------------------------------------------------------------------------------- */

static void *crowd(void *unused)
{
	for (int i = 0; i < 500; i++) {
		MUST(pthread_mutex_lock(&crowded));
		if (i % 16 == 0)
			sched_yield();
		MUST(pthread_mutex_unlock(&crowded));
	}
	return unused;
}

static void *take_turns(void *self)
{
	const int me = self != NULL;

	for (int i = 0; i < 100; i++) {
		MUST(pthread_mutex_lock(&waited));
		while (whose != me) {
			MUST(pthread_cond_wait(&turn, &waited));
			woken++; /* under the mutex */
		}
		whose = !me;
		MUST(pthread_cond_signal(&turn));
		MUST(pthread_mutex_unlock(&waited));
	}
	return NULL;
}

static void together(void)
{
	pthread_t threads[4], one, other;
	struct timespec soon;

	for (int i = 0; i < 4; i++)
		threads[i] = begin(crowd);
	for (int i = 0; i < 4; i++)
		MUST(pthread_join(threads[i], NULL));
	MUST(pthread_create(&one, NULL, take_turns, NULL));
	MUST(pthread_create(&other, NULL, take_turns, &whose));
	MUST(pthread_join(one, NULL));
	MUST(pthread_join(other, NULL));
	MUST(pthread_mutex_lock(&overslept));
	for (int i = 0; i < 6; i++) {
		soon = in_ms(2);
		FAILS(pthread_cond_timedwait(&never, &overslept, &soon), ETIMEDOUT);
	}
	MUST(pthread_mutex_unlock(&overslept));
	expect("crowded", "mutex", 2000, 0, 0);
	expect("waited", "mutex", 200 + woken, 0, 0);
	expect("overslept", "mutex", 7, 0, 0);
}

static void unlock_cancelled(void *unused)
{
	(void)unused;
	MUST(pthread_mutex_unlock(&cancelled));
}

static void *wait_to_be_cancelled(void *unused)
{
	MUST(pthread_mutex_lock(&cancelled));
	pthread_cleanup_push(unlock_cancelled, NULL);
	MUST(sem_post(&handed));
	for (;;)
		pthread_cond_wait(&never, &cancelled);
	pthread_cleanup_pop(1);
	return unused;
}

static void *hope(void *unused)
{
	MUST(sem_post(&handed));
	sem_wait(&hopeless);
	return unused;
}

static void *leave_it_locked(void *unused)
{
	MUST(pthread_mutex_lock(&robust));
	MUST(pthread_mutex_lock(&abandoned));
	pthread_exit(unused);
}

static void *unlock_for_another(void *unused)
{
	MUST(pthread_mutex_unlock(&foreign)); /* a plain mutex does not mind */
	return unused;
}

static void ended(void)
{
	pthread_t thread;

	sem_init(&handed, 0, 0);
	sem_init(&hopeless, 0, 0);
	make_mutex(&robust, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
	thread = begin(wait_to_be_cancelled);
	MUST(sem_wait(&handed));
	MUST(pthread_mutex_lock(&cancelled)); /* so it waits on the condition by now */
	MUST(pthread_mutex_unlock(&cancelled));
	MUST(pthread_cancel(thread));
	MUST(pthread_join(thread, NULL));
	thread = begin(hope);
	MUST(sem_wait(&handed));
	usleep(20000);
	MUST(pthread_cancel(thread));
	MUST(pthread_join(thread, NULL));
	run(leave_it_locked);
	FAILS(pthread_mutex_lock(&robust), EOWNERDEAD);
	MUST(pthread_mutex_consistent(&robust));
	MUST(pthread_mutex_unlock(&robust));
	MUST(pthread_mutex_lock(&foreign));
	run(unlock_for_another);
	MUST(pthread_mutex_lock(&foreign));
	MUST(pthread_mutex_unlock(&foreign));
	expect("cancelled", "mutex", 3, 0, 0);
	expect("handed", "semaphore", 2, 0, 0);
	expect("hopeless", "semaphore", 0, 0, 0);
	expect("robust", "mutex", 2, 0, 0);
	expect("abandoned", "mutex", 1, 0, 0);
	expect("foreign", "mutex", 2, 0, 0);
}

/* ---- semaphores ------------------------------------------------------------------------------------------------ */

static pthread_t main_thread;

static void on_signal(int number)
{
	if (number == SIGUSR2)
		sem_post(&interrupted); /* for the very wait that it interrupts */
}

static void *interrupt(void *unused)
{
	usleep(20000);
	pthread_kill(main_thread, SIGUSR1);
	usleep(20000);
	pthread_kill(main_thread, SIGUSR2);
	return unused;
}

static void semaphores(void)
{
	struct sigaction plain_action = {.sa_handler = on_signal}, restarting = {.sa_handler = on_signal,
										   .sa_flags = SA_RESTART};
	struct timespec later = in_ms(60000), soon, past = in_ms(-5);
	pthread_t thread;

	sem_init(&tokens, 0, 2);
	sem_init(&interrupted, 0, 0);
	for (int i = 0; i < 25; i++) {
		MUST(sem_wait(&tokens));
		MUST(sem_trywait(&tokens));
		SEM_FAILS(sem_trywait(&tokens), EAGAIN);
		soon = in_ms(1);
		if (i < 3)
			SEM_FAILS(sem_timedwait(&tokens, &soon), ETIMEDOUT);
		SEM_FAILS(sem_timedwait(&tokens, &past), ETIMEDOUT);
		MUST(sem_post(&tokens));
		MUST(sem_timedwait(&tokens, &later));
		MUST(sem_post(&tokens));
		MUST(sem_post(&tokens));
	}
	main_thread = pthread_self();
	sigaction(SIGUSR1, &plain_action, NULL);
	sigaction(SIGUSR2, &restarting, NULL);
	thread = begin(interrupt);
	SEM_FAILS(sem_wait(&interrupted), EINTR);
	MUST(sem_wait(&interrupted));
	MUST(pthread_join(thread, NULL));
	expect("tokens", "semaphore", 75, 0, 0);
	expect("interrupted", "semaphore", 1, 0, 0);
}

/* ---- processes ------------------------------------------------------------------------------------------------- */

static void *lock_late(void *unused)
{
	MUST(pthread_mutex_lock(&late));
	MUST(pthread_mutex_unlock(&late));
	return unused;
}

static void take_forked(int times)
{
	for (int i = 0; i < times; i++) {
		MUST(pthread_mutex_lock(&forked));
		MUST(pthread_mutex_unlock(&forked));
	}
}

static pid_t fork_child(pthread_mutex_t *both)
{
	const pid_t child = fork();

	if (child)
		return child;
	take_forked(7);
	run(lock_late);
	for (int i = 0; i < 8; i++) {
		MUST(pthread_mutex_lock(both));
		MUST(pthread_mutex_unlock(both));
	}
	usleep(60000); /* shared memory can only be told while somebody has it mapped */
	_exit(0);
}

static void processes(void)
{
	pthread_mutex_t *both = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attributes;
	pid_t children[3];
	int status;

	MUST(pthread_mutexattr_init(&attributes));
	MUST(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
	MUST(pthread_mutex_init(both, &attributes));
	take_forked(5);
	for (int i = 0; i < 3; i++)
		children[i] = fork_child(both);
	for (int i = 0; i < 12; i++) {
		MUST(pthread_mutex_lock(both));
		MUST(pthread_mutex_unlock(both));
	}
	take_forked(4);
	for (int i = 0; i < 3; i++) {
		waitpid(children[i], &status, 0);
		check(status, 0, "a child's end");
	}
	expect("forked", "mutex", 30, 0, 0);
	expect("late", "mutex", 3, 0, 0);
	expect("-shared", "mutex", 36, 0, 0);
}

/* With an argument: begins when there is something to read, holding a lock already. */
int main(int argument_count, char **arguments)
{
	(void)arguments;
	if (argument_count > 1) {
		MUST(pthread_mutex_lock(&outer));
		getchar();
		MUST(pthread_mutex_unlock(&outer));
	}
	usleep(50000);
	one_after_the_other();
	of_other_types();
	in_vain();
	read_and_write();
	together();
	ended();
	semaphores();
	processes();
	usleep(50000);
	MUST(pthread_mutex_lock(&kept)); /* for good, as its last call */
	expect("kept", "mutex", 1, 0, 0);
	fflush(stdout);
	usleep(50000);
	_exit(0);
}
