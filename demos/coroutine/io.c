/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two hundred routines sleep 100 ms, three times each, in one thread. A routine that wants to sleep arms a timer
 * (timerfd_create(2)) that epoll watches, and gives up; the scheduler waits in epoll_wait for all of them at once and
 * goes on with those whose time has come. To the routine it looks like a blocking call. This is what asyncio, Go and
 * the like do with sockets.
 *
 * Look at: 60 seconds of sleep in sum, in a third of a second, with one thread.
 */
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <ucontext.h>

#include "demo.h"

enum { ROUTINES = 200, SLEEPS = 3, SLEEP_MS = 100, STACK_SIZE = 32 * 1024 };

static struct routine {
	ucontext_t context;
	int timer;
	char stack[STACK_SIZE];
} routines[ROUTINES], *current;

static ucontext_t scheduler;
static int slept, ended, epoll;

static void routine_sleep(long ms)
{
	const struct itimerspec once = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};

	if (timerfd_settime(current->timer, 0, &once, NULL) < 0)
		demo_fail("timerfd_settime");
	swapcontext(&current->context, &scheduler);
	slept++;
}

static void run(void)
{
	for (int i = 0; i < SLEEPS; i++)
		routine_sleep(SLEEP_MS);
	ended++;
}

static void resume(struct routine *routine)
{
	current = routine;
	swapcontext(&scheduler, &routine->context);
}

static void start(struct routine *routine)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = routine};

	routine->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (routine->timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, routine->timer, &event) < 0)
		demo_fail("timerfd_create");
	getcontext(&routine->context);
	routine->context.uc_stack.ss_sp = routine->stack;
	routine->context.uc_stack.ss_size = STACK_SIZE;
	routine->context.uc_link = &scheduler;
	makecontext(&routine->context, run, 0);
	resume(routine);
}

int main(void)
{
	struct epoll_event events[64];
	uint64_t expirations;

	demo_begin("thread", "serves 200 routines that sleep, with one thread");
	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < ROUTINES; i++)
		start(&routines[i]);
	demo_ready();
	while (ended < ROUTINES) {
		const int count = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < count; i++) {
			struct routine *routine = events[i].data.ptr;

			if (read(routine->timer, &expirations, sizeof expirations) == (ssize_t)sizeof expirations)
				resume(routine);
		}
	}
	demo_say("%d sleeps of %d ms, %d s in sum: see the clock at the left", slept, SLEEP_MS,
		 slept * SLEEP_MS / 1000);
	return slept == ROUTINES * SLEEPS ? 0 : 1;
}
