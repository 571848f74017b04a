/* SPDX-License-Identifier: BSD-2-Clause
 *
 * After fork(2) both processes see the same values at the same addresses, but each writes to pages of its own
 * (copied at the first write). What the child counts in an ordinary variable, the parent never sees. Memory mapped
 * MAP_SHARED is the exception: there both write to the same page.
 *
 * Look at: an ordinary pair of parent and child, nothing to complain of: the lost update is no matter of the
 * kernel's.
 */
#include <sys/mman.h>

#include "demo.h"

static volatile int ordinary;

int main(void)
{
	volatile int *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	demo_begin("parent", "lets a child count to 1000 in an ordinary variable and in shared memory");
	if (shared == MAP_FAILED)
		demo_fail("mmap");
	child = demo_fork("child");
	if (child == 0) {
		for (int i = 0; i < 1000; i++) {
			ordinary++;
			(*shared)++;
		}
		demo_say("at address %p I see %d, in the shared page %d", (const volatile void *)&ordinary, ordinary,
			 *shared);
		_exit(0);
	}
	demo_ready();
	demo_reap(child);
	demo_say("at address %p I see %d, in the shared page %d", (const volatile void *)&ordinary, ordinary, *shared);
	return ordinary == 0 && *shared == 1000 ? 0 : 1;
}
