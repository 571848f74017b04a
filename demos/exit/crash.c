/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A child writes through a null pointer. The processor refuses, the kernel turns that into SIGSEGV, and as nobody
 * handles it the process ends. Its parent learns the signal from the wait status, but not where it happened.
 * (Core dumps are switched off here, so that the demo leaves no file behind.)
 *
 * Look at: child ended by SIGSEGV, the address it touched.
 */
#include <sys/resource.h>

#include "demo.h"

static void crash(void)
{
	volatile int *volatile nowhere = NULL;

	demo_say("writes to address %p", (const volatile void *)nowhere);
	/* cppcheck-suppress nullPointer ; the crash */
	*nowhere = 42; /* NOLINT(clang-analyzer-core.NullDereference): likewise */
}

int main(void)
{
	const struct rlimit none = {0, 0};
	int status;
	pid_t child;

	demo_begin("parent", "has a child with a bug");
	child = demo_fork("child");
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &none);
		prctl(PR_SET_DUMPABLE, 0); /* a core_pattern with a pipe heeds no limit */
		crash();
		_exit(0);
	}
	demo_ready();
	status = demo_reap(child);
	if (!WIFSIGNALED(status))
		return 1;
	demo_say("my child was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return 0;
}
