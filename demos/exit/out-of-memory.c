/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exit status 137 (128 + SIGKILL) has many causes. One is the OOM killer: a container whose memory is used up is not
 * told so, one of its processes is chosen and killed. Nobody sent that signal; whoever runs at that moment is not the
 * culprit. The kernel says whom it chose in the tracepoint mark_victim (mm/oom_kill.c), and so it can be told for sure.
 *
 * Look at: exit.oom where others would see a SIGKILL from nowhere.
 */
#include "cgroup.h"

#define MIB (1024 * 1024)

static void be_hungry(const char *folder)
{
	if (!cgroup_enter(folder))
		_exit(DEMO_CANNOT_RUN);
	demo_ready();
	for (int i = 0; i < 256; i++) {
		char *memory = malloc(MIB);

		if (memory)
			memset(memory, i + 1, MIB);
	}
	_exit(1); /* the limit did not hold */
}

int main(void)
{
	char folder[96];
	pid_t hungry;
	int status;

	demo_begin("parent", "starts a process that may have 32 MiB and wants 256");
	if (!cgroup_make(folder, sizeof folder, "33554432")) {
		demo_say("cannot make a memory cgroup here");
		return DEMO_CANNOT_RUN;
	}
	hungry = demo_fork("hungry");
	if (hungry == 0)
		be_hungry(folder);
	status = demo_reap(hungry);
	rmdir(folder);
	if (WIFSIGNALED(status))
		demo_say("it was killed by signal %d", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
