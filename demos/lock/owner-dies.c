/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread ends while it holds a mutex. Nobody else may release it, so that it stays locked for ever, and whoever
 * wants it next sleeps for ever. That is what an early return, pthread_exit(3) or a cancelled thread leads to that
 * leaves out the unlock. The mutex still names its holder: a thread id that no longer exists.
 *
 * Look at: the lock `account`, held by a thread that is gone; `next`, which waits for it. The twin, with a robust
 * mutex, is lock/owner-dies-robust.
 */
#include "threads.h"

static pthread_mutex_t account = PTHREAD_MUTEX_INITIALIZER;
static void forget(struct demo_thread *self), come_next(struct demo_thread *self);

static struct demo_thread careless = {.name = "careless", .run = forget};
static struct demo_thread next = {.name = "next", .run = come_next};

static void forget(struct demo_thread *self)
{
	demo_lock(&account, &self->asking);
	demo_say("has locked the account, meets an error, and returns: the thread ends without unlock");
}

__attribute__((noinline)) static void come_next(struct demo_thread *self)
{
	demo_say("wants the account");
	demo_lock(&account, &self->asking);
	demo_say("has it?!"); /* it never does */
	_exit(1);
}

int main(void)
{
	demo_begin("main", "starts a careless thread, and when that has ended, the next");
	demo_thread_start(&careless);
	demo_thread_await_end(&careless);
	demo_say("the thread %d is gone", (int)careless.tid);
	demo_thread_start(&next);
	demo_await_asleep(next.tid, &next.asking);
	demo_ready();
	demo_sleep_ms(DEMO_HANG_MS);
	demo_say("next still waits after %d s for somebody who is gone; ends the process", DEMO_HANG_MS / 1000);
	_exit(0);
}
