/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deadlock/abba among processes: two mutexes in shared memory, two processes that take them in opposite order. The
 * cycle goes through both processes, and a look at one of them shows only half of it.
 *
 * Look at: the cycle, with threads of two processes. The parent ends them, as a supervisor would.
 */
#include "threads.h"

struct table {
	pthread_mutex_t left, right;
	atomic_int asking[2];
};

static struct tokens have_first, go_on;

static void take_both(pthread_mutex_t *first, pthread_mutex_t *second, atomic_int *asking, const char *wants)
{
	demo_check(pthread_mutex_lock(first), "pthread_mutex_lock");
	demo_say("has one lock, and wants the %s one", wants);
	tokens_give(&have_first, 1);
	tokens_take(&go_on, 1);
	demo_lock(second, asking);
	demo_say("has both?!"); /* never */
	_exit(1);
}

int main(void)
{
	struct table *table = demo_shared_page();
	pid_t first, second;

	demo_begin("parent", "starts two processes that take two locks in shared memory in opposite order");
	demo_shared_mutex(&table->left, PTHREAD_MUTEX_STALLED);
	demo_shared_mutex(&table->right, PTHREAD_MUTEX_STALLED);
	have_first = tokens_new();
	go_on = tokens_new();
	first = demo_fork("first");
	if (first == 0)
		take_both(&table->left, &table->right, &table->asking[0], "right");
	second = demo_fork("second");
	if (second == 0)
		take_both(&table->right, &table->left, &table->asking[1], "left");
	tokens_take(&have_first, 2);
	tokens_give(&go_on, 2);
	demo_await_asleep(first, &table->asking[0]);
	demo_await_asleep(second, &table->asking[1]);
	demo_say("both sleep: neither will ever wake the other");
	demo_ready();
	demo_sleep_ms(DEMO_HANG_MS);
	demo_say("still so after %d s; kills both", DEMO_HANG_MS / 1000);
	kill(first, SIGKILL);
	kill(second, SIGKILL);
	demo_reap(first);
	demo_reap(second);
	return 0;
}
