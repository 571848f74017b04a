/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first process of a pid namespace is its init: orphans inside become its children (pid_namespaces(7)). In a
 * container that is often an application that knows nothing of children it did not make. This one collects its own
 * child and then never waits again; the orphan that it was given dies and stays.
 *
 * Look at: orphan, adopted by init (pid 1 inside), then dead-unreaped. When init ends, the kernel clears its
 * namespace.
 */
#include "demo.h"

static void be_middle(struct channel *born, struct channel *finish)
{
	if (demo_fork("orphan") == 0) {
		channel_tell(born, getpid());
		channel_hear(finish);
		demo_say("my parent is %d now; ends", (int)getppid());
		_exit(0);
	}
	_exit(0);
}

static void be_init(void)
{
	struct channel born = channel_new(), finish = channel_new();
	pid_t middle = demo_fork("middle"), orphan;

	if (middle == 0)
		be_middle(&born, &finish);
	orphan = channel_hear(&born);
	demo_reap(middle);
	demo_say("is pid %d here; middle was collected, its child is mine now, but I do not wait again", (int)getpid());
	channel_tell(&finish, 0);
	demo_await_death(orphan);
	demo_ready();
	demo_sleep_ms(DEMO_TOO_LONG_MS);
	_exit(0);
}

int main(void)
{
	pid_t init;

	demo_begin("host", "starts a pid namespace whose init does not look after orphans");
	if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0) {
		demo_say("may not make a pid namespace here: %s", strerror(errno));
		return DEMO_CANNOT_RUN;
	}
	init = demo_fork("init");
	if (init == 0)
		be_init();
	demo_reap(init);
	demo_say("init has ended, and with it all that was in its namespace");
	return 0;
}
