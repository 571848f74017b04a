/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads share all memory: what one writes into a global, the others read at the same address (compare
 * process/memory-is-not-shared). Sharing is free, and that is the danger: nothing orders the accesses but what the
 * program itself does. Here they are ordered, by creation and joining; each thread adds to what the one before has
 * left.
 *
 * Look at: three threads, one after the other, in one process: the memory map is one.
 */
#include "threads.h"

static int balance; /* shared by all threads */

static void add(void *argument)
{
	const int amount = *(const int *)argument;

	demo_say("at address %p I find %d, add %d", (void *)&balance, balance, amount);
	balance += amount;
}

int main(void)
{
	static const char *const names[] = {"thread-1", "thread-2", "thread-3"};
	int amounts[] = {100, 20, 3};
	struct demo_thread thread;
	pid_t child;

	demo_begin("main", "lets three threads, and then a process, add to a global variable");
	for (int i = 0; i < 3; i++) {
		demo_thread_begin(&thread, names[i], add, &amounts[i]);
		demo_thread_join(&thread);
	}
	demo_say("at address %p I find %d: what the threads have left", (void *)&balance, balance);
	demo_ready();
	child = demo_fork("child");
	if (child == 0) {
		balance += 1000;
		demo_say("at address %p I have %d: my own copy", (void *)&balance, balance);
		_exit(0);
	}
	demo_reap(child);
	demo_say("at address %p I find %d: the child changed nothing of mine", (void *)&balance, balance);
	return balance == 123 ? 0 : 1;
}
