/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside a pid namespace the orphans go to its own pid 1, not to that of the machine (pid_namespaces(7)). This pid 1
 * does what an init must do: it waits for any child until there is none. The healthy twin of
 * zombie/adopter-negligent.
 *
 * Look at: child with two pids (outside and inside), adopted by the rule `pidns-init`, reaped by init at once.
 */
#include "demo.h"

static void be_init(void)
{
	struct channel end = channel_new();
	pid_t parent = demo_fork("parent");

	if (parent == 0) {
		if (demo_fork("child") == 0) {
			channel_hear(&end);
			demo_say("is %d outside and %d inside; my parent is %d now; ends", (int)demo_pid(),
				 (int)getpid(), (int)getppid());
			_exit(0);
		}
		_exit(0);
	}
	demo_reap(parent);
	channel_tell(&end, 0);
	while (wait(NULL) > 0)
		demo_say("has collected an orphan");
	_exit(0);
}

int main(void)
{
	pid_t init;

	demo_begin("host", "starts a pid namespace with an init that does its duty");
	if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0) {
		demo_say("may not make a pid namespace here: %s", strerror(errno));
		return DEMO_CANNOT_RUN;
	}
	init = demo_fork("init");
	if (init == 0)
		be_init();
	demo_ready();
	demo_reap(init);
	return 0;
}
