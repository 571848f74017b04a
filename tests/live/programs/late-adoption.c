/* SPDX-License-Identifier: BSD-2-Clause
 *
 * late-adoption ROUNDS: each time a process is adopted, and has ended again, long before the kernel lets go of the
 * processor for its parent: that has some thousand dead children besides, which the kernel has to free first, as their
 * new parent ignores SIGCHLD. Meanwhile that ends too, and its children are taken off while they are looked through.
 * Says of each round who: "PARENT CHILD". (With one processor the parent may be through before.)
 */
#include "demo.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define DEAD 2000

static void parent(void)
{
	const pid_t me = getpid(), child = fork();

	if (!child) {
		while (getppid() == me)
			;
		_exit(0);
	}
	printf("%d %d\n", (int)me, (int)child);
	fflush(stdout);
	for (int i = 0; i < DEAD; i++) {
		const pid_t dead = fork();
		siginfo_t info;

		if (!dead)
			_exit(0);
		if (dead < 0 || waitid(P_PID, (id_t)dead, &info, WEXITED | WNOWAIT) < 0)
			demo_fail("fork");
	}
	_exit(0);
}

static void adopter(void)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		demo_fail("prctl");
	signal(SIGCHLD, SIG_IGN);
	if (!fork()) {
		signal(SIGCHLD, SIG_DFL);
		parent();
	}
	while (wait(NULL) >= 0) /* returns when there are no children any more that could be waited for */
		;
	_exit(0);
}

int main(int argc, char **argv)
{
	for (int rounds = argc > 1 ? atoi(argv[1]) : 1; rounds; rounds--) {
		const pid_t child = fork();

		if (!child)
			adopter();
		if (child < 0 || waitpid(child, NULL, 0) < 0)
			demo_fail("fork");
	}
	return 0;
}
