/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process whose parent ends is never left without one: in the parent's exit the kernel picks another, an ancestor
 * that has asked for it (PR_SET_CHILD_SUBREAPER) or else the init of the pid namespace (kernel/exit.c,
 * find_new_reaper). Being an orphan is no fault and needs no care, as long as the adopter waits.
 *
 * Look at: child, born to parent, then with init (or, in a desktop session, systemd --user or the like) as its
 * parent.
 */
#include "demo.h"

static void name_of(pid_t pid, char name[32])
{
	char path[32];
	ssize_t got = 0;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, name, 31);
		close(fd);
	}
	name[got > 0 ? got - 1 : 0] = '\0'; /* without the newline */
}

static void be_child(struct channel *born, struct channel *look)
{
	pid_t before = getppid(), now;
	char name[32];

	channel_tell(born, getpid());
	channel_hear(look);
	now = getppid();
	name_of(now, name);
	demo_say("my parent was %d, now it is %d (%s)", (int)before, (int)now, name);
	_exit(now != before ? 0 : 1);
}

int main(void)
{
	struct channel born = channel_new(), noted = channel_new(), look = channel_new();
	pid_t parent, child;

	demo_begin("starter", "starts a parent that forks a child and ends before it");
	parent = demo_fork("parent");
	if (parent == 0) {
		if (demo_fork("child") == 0)
			be_child(&noted, &look);
		channel_tell(&born, channel_hear(&noted)); /* pass on the child's pid */
		demo_say("ends; my child lives on");
		_exit(0);
	}
	child = channel_hear(&born);
	demo_reap(parent);
	demo_ready();
	channel_tell(&look, 0);
	demo_await_death(child);
	demo_say("the orphan has ended as well");
	return 0;
}
