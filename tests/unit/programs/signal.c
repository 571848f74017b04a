/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Blocks in a signal's handler that interrupted known code: work, then (interrupted) on_signal, pthread_mutex_lock.
 * With the argument "stack" the handler has a stack of its own.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int turns;
static char own_stack[65536];

static void on_signal(int number)
{
	(void)number;
	pthread_mutex_lock(&the_lock);
	turns = 0;
}

__attribute__((noinline)) static int work(int upto)
{
	for (turns = 0; turns < upto; turns++)
		if (turns == 1000)
			*(volatile int *)NULL = 1; /* the signal */
	return turns;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = argc > 1 ? SA_ONSTACK : 0};
	stack_t stack = {.ss_sp = own_stack, .ss_size = sizeof(own_stack)};

	(void)argv;
	pthread_mutex_lock(&the_lock);
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	printf("%p %ld\n", (void *)&the_lock, syscall(SYS_gettid));
	fflush(stdout);
	return work(1000000) + 1;
}
