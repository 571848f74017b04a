/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The twin of lock/process-shared: after fork(2) parent and child have the mutex at the same address, but each in
 * memory of its own. These are two locks. Both processes "hold it" at the same time; it keeps nobody waiting, and
 * protects nothing. (Python's threading.Lock among processes is this mistake; multiprocessing.Lock is in shared
 * memory.)
 *
 * Look at: no waits, and so no finding. What is missing here, the kernel cannot miss.
 */
#include "threads.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int main(void)
{
	struct tokens parent_holds = tokens_new(), child_holds = tokens_new();
	pid_t child;

	demo_begin("parent", "takes a lock in ordinary memory, and so does its child");
	child = demo_fork("child");
	if (child == 0) {
		tokens_take(&parent_holds, 1);
		demo_check(pthread_mutex_lock(&lock), "pthread_mutex_lock");
		demo_say("holds the lock at %p, and so does my parent", (void *)&lock);
		tokens_give(&child_holds, 1);
		pthread_mutex_unlock(&lock);
		_exit(0);
	}
	demo_check(pthread_mutex_lock(&lock), "pthread_mutex_lock");
	demo_say("holds the lock at %p", (void *)&lock);
	tokens_give(&parent_holds, 1);
	tokens_take(&child_holds, 1);
	demo_say("my child had \"the same\" lock while I held it: it is another one");
	demo_ready();
	pthread_mutex_unlock(&lock);
	return WEXITSTATUS(demo_reap(child));
}
