/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of out-of-memory: the same limit, and a process that keeps within it. Nothing is to be reported.
 */
#include "cgroup.h"

#define MIB (1024 * 1024)

static void be_modest(const char *folder)
{
	char *memory;

	if (!cgroup_enter(folder))
		_exit(DEMO_CANNOT_RUN);
	demo_ready();
	memory = malloc(8 * MIB);
	if (!memory)
		_exit(1);
	memset(memory, 1, 8 * MIB);
	free(memory);
	_exit(0);
}

int main(void)
{
	char folder[96];
	pid_t modest;
	int status;

	demo_begin("parent", "starts a process that may have 32 MiB and wants 8");
	if (!cgroup_make(folder, sizeof folder, "33554432")) {
		demo_say("cannot make a memory cgroup here");
		return DEMO_CANNOT_RUN;
	}
	modest = demo_fork("modest");
	if (modest == 0)
		be_modest(folder);
	status = demo_reap(modest);
	rmdir(folder);
	demo_say("it had what it wanted");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
