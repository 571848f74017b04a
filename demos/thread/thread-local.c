/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Thread-local variables: one name, one variable for each thread, at an address of its own (_Thread_local in C11,
 * threading.local() in Python). Functions called deep below find "their" student without an argument, and no lock is
 * needed, as nobody else can see it. errno is one of these.
 *
 * Look at: three threads that never wait for each other.
 */
#include "threads.h"

static _Thread_local const char *student = "nobody";
static _Thread_local int greetings;

static void greet(void)
{
	greetings++;
	demo_say("hello, %s (variable at %p, greeting %d)", student, (void *)&student, greetings);
}

static void work(void *argument)
{
	const char *const *name = argument;

	greet();
	student = *name;
	for (int i = 0; i < 2; i++)
		greet();
	if (student != *name || greetings != 3)
		demo_fail("another thread has changed my variables");
}

int main(void)
{
	static const char *const names[] = {"thread-1", "thread-2", "thread-3"};
	static const char *students[] = {"Alice", "Bob", "Carol"};
	struct demo_thread threads[3];

	demo_begin("main", "three threads use a variable of the same name, each its own");
	for (int i = 0; i < 3; i++)
		demo_thread_begin(&threads[i], names[i], work, &students[i]);
	demo_ready();
	for (int i = 0; i < 3; i++)
		demo_thread_join(&threads[i]);
	greet();
	demo_say("the main thread's own was never set, and greeted once");
	return strcmp(student, "nobody") == 0 && greetings == 1 ? 0 : 1;
}
