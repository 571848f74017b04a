/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fork(2) returns twice: 0 in the new process, the new process' pid in the old one. The child knows its parent by
 * getppid(2), the parent its child by what fork returned. The child's end stays on record in the kernel until the
 * parent asks for it; here the parent asks at once.
 *
 * Look at: child born to parent, exit status 7, reaped by parent moments after its end.
 */
#include "demo.h"

int main(void)
{
	int status;
	pid_t child;

	demo_begin("parent", "forks one child and waits for it");
	child = demo_fork("child");
	if (child == 0) {
		demo_say("fork returned 0 to me; I am %d and my parent is %d", (int)getpid(), (int)getppid());
		_exit(7);
	}
	demo_say("I am %d, fork returned %d: my child", (int)getpid(), (int)child);
	demo_ready();
	status = demo_reap(child);
	demo_say("waitpid gave me its exit status: %d", WEXITSTATUS(status));
	return 0;
}
