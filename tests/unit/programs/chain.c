/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread that blocks in a known place: thr, func_A, func_B, func_C, pthread_mutex_lock (the rest is libc's). The
 * mutex is the_lock, or, with the argument "bank", that of the third account of a static array, or "heap", one in the
 * heap. Says on stdout "MUTEX TID", and ends when stdin does. What names it is built into it by the Makefile: with and
 * without debugging information, frame pointers, symbols, position independence.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct account {
	long balance;
	pthread_mutex_t lock;
};

pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
static struct account bank[4];
static pthread_mutex_t *chosen = &the_lock;
static volatile int depth;

void func_C(pthread_mutex_t *lock);
void func_B(pthread_mutex_t *lock);
void func_A(pthread_mutex_t *lock);

/* Each has work behind its call, lest the compiler turns it into a jump. */
__attribute__((noinline)) void func_C(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock); /* line of func_C */
	depth++;
}

static inline __attribute__((always_inline)) void inlined(pthread_mutex_t *lock)
{
	func_C(lock); /* line of inlined */
	depth++;
}

__attribute__((noinline)) void func_B(pthread_mutex_t *lock)
{
	volatile char room[300];

	room[depth] = 1;
	inlined(lock); /* line of func_B */
	depth += room[depth];
}

__attribute__((noinline)) void func_A(pthread_mutex_t *lock)
{
	func_B(lock); /* line of func_A */
	depth++;
}

static void *thr(void *unused)
{
	(void)unused;
	printf("%p %ld\n", (void *)chosen, syscall(SYS_gettid));
	fflush(stdout);
	func_A(chosen); /* line of thr */
	depth++;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char byte;

	if (argc > 1 && strcmp(argv[1], "bank") == 0)
		chosen = &bank[2].lock;
	if (argc > 1 && strcmp(argv[1], "heap") == 0)
		chosen = calloc(1, sizeof(*chosen));
	pthread_mutex_lock(chosen);
	pthread_create(&thread, NULL, thr, NULL);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
