/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deadlock/abba with semaphores instead of mutexes. A semaphore has no holder: it is a number, and anybody may post
 * it. So no cycle can be read from memory. But when every thread of the process sleeps without a time limit, for
 * words in memory that nobody else has, and no signal handler is there, nobody is left who could post.
 *
 * Look at: the proof that leads over all threads. In C these are POSIX semaphores; Python's locks are made of them.
 */
#include "threads.h"

static sem_t tea, milk;
static struct tokens have_first, go_on;
static struct watched { /* shared with the parent, which waits until both sleep */
	pid_t tid;
	atomic_int asking;
} * watched;

static void take(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0)
		if (errno != EINTR)
			demo_fail("sem_wait");
}

__attribute__((noinline)) static void take_both(struct demo_thread *self)
{
	sem_t *first = self->number ? &milk : &tea, *second = self->number ? &tea : &milk;

	take(first);
	demo_say("has the %s, and wants the %s", self->number ? "milk" : "tea", self->number ? "tea" : "milk");
	watched[self->number].tid = self->tid;
	tokens_give(&have_first, 1);
	tokens_take(&go_on, 1);
	atomic_store(&watched[self->number].asking, 1);
	take(second);
	demo_say("has both?!"); /* never */
	_exit(1);
}

static void be_kitchen(void)
{
	static struct demo_thread cooks[2] = {{.name = "tea-first", .run = take_both, .number = 0},
					      {.name = "milk-first", .run = take_both, .number = 1}};

	sem_init(&tea, 0, 1);
	sem_init(&milk, 0, 1);
	demo_thread_start(&cooks[0]);
	demo_thread_start(&cooks[1]);
	demo_thread_join(&cooks[0]); /* the third to sleep */
	_exit(1);
}

int main(void)
{
	pid_t kitchen;

	demo_begin("parent", "starts a process whose two threads take two semaphores in opposite order");
	watched = demo_shared_page();
	have_first = tokens_new();
	go_on = tokens_new();
	kitchen = demo_fork("kitchen");
	if (kitchen == 0)
		be_kitchen();
	tokens_take(&have_first, 2);
	tokens_give(&go_on, 2);
	for (int i = 0; i < 2; i++)
		demo_await_asleep(watched[i].tid, &watched[i].asking);
	demo_await_state(kitchen, 'S');
	demo_say("all threads of the process sleep: nobody is left to wake them");
	demo_ready();
	demo_sleep_ms(DEMO_HANG_MS);
	demo_say("still so after %d s; kills it", DEMO_HANG_MS / 1000);
	kill(kitchen, SIGKILL);
	demo_reap(kitchen);
	return 0;
}
