/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a container engine starts, reduced to its processes (containerd-shim, conmon and the runtime they call):
 *
 * engine    starts the shim in the background, and ends
 * shim      a session of its own, a subreaper: monitors the container for as long as it lives, and reports its end
 * runtime   makes the container, and ends when that runs
 * container pid 1 of the container, in a session of its own; the shim adopts it
 *
 * Neither shim nor container is a daemon with steps forgotten: the shim keeps what it needs to keep (here its working
 * directory, mask and log), and the container was given a session by its runtime.
 */
#include "demo.h"

static void be_runtime(struct channel *running)
{
	if (demo_fork("container") > 0) {
		channel_hear(running);
		_exit(0);
	}
	setsid();
	channel_tell(running, 1);
	execlp("sleep", "sleep", "1.5", NULL); /* the container's own program */
	demo_fail("sleep");
}

static void be_shim(void)
{
	struct channel running = channel_new();
	int status = -1;
	pid_t runtime;

	setsid();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		demo_fail("prctl");
	runtime = demo_fork("runtime");
	if (runtime == 0)
		be_runtime(&running);
	demo_reap(runtime);
	wait(&status);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int main(void)
{
	demo_begin("engine", "starts a shim, which starts a container");
	if (demo_fork("shim") == 0)
		be_shim();
	return 0;
}
