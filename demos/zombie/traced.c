/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process that is traced (ptrace(2): gdb, strace) belongs to its tracer first. When it dies, the tracer is told,
 * and only after the tracer has waited for it, or let go, can the real parent collect it (kernel/exit.c,
 * wait_consider_child). Here the parent waits properly, and a tracer holds the dead child back.
 *
 * Look at: child, dead-unreaped with a tracer; the parent is in wait4 for this very child.
 */
#include <sys/ptrace.h>

#include "demo.h"

static void be_tracer(pid_t child, struct channel *attached)
{
	if (ptrace(PTRACE_SEIZE, child, NULL, NULL) < 0) {
		demo_say("may not trace here: %s", strerror(errno));
		_exit(DEMO_CANNOT_RUN);
	}
	channel_tell(attached, 1);
	demo_await_death(child);
	demo_say("the traced child is dead (state %c); does not look at it for a while", demo_state(child));
	demo_ready();
	demo_sleep_ms(DEMO_TOO_LONG_MS);
	demo_say("ends, and so lets go of the child");
	_exit(0);
}

int main(void)
{
	struct channel allowed = channel_new(), finish = channel_new(), attached;
	pid_t child, tracer;

	demo_begin("parent", "waits for a child that somebody else traces");
	child = demo_fork("child");
	if (child == 0) {
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* Yama lets only ancestors trace otherwise */
		channel_tell(&allowed, 1);
		channel_hear(&finish);
		_exit(0);
	}
	channel_hear(&allowed);
	attached = channel_new(); /* the child has no copy, so that the tracer's end would be heard */
	tracer = demo_fork("tracer");
	if (tracer == 0)
		be_tracer(child, &attached);
	channel_hear(&attached); /* or its end, if it may not */
	channel_tell(&finish, 0);
	demo_reap(child);
	demo_say("could collect its child only now");
	return WEXITSTATUS(demo_reap(tracer));
}
