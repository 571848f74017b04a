/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory that a process shares with the children it forks.
 */
#ifndef LIFELINE_DEMO_SHARE_H
#define LIFELINE_DEMO_SHARE_H

#include <sys/mman.h>

#include "demo.h"

/* Zeroed, and the same page in every process forked from here on. */
static inline void *demo_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		demo_fail("mmap");
	return memory;
}

#endif
