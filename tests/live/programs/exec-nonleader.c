/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread that is not the leader calls exec: all others end, and it goes on under the pid of the process (execve(2)).
 * Before that both sleep 20 times; what was counted until then belongs to the process. Prints its pid, and ends with
 * status 7.
 */
#include <pthread.h>

#include "demo.h"

static void *sleep_and_exec(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++)
		demo_sleep_ms(5);
	execl("/proc/self/exe", "second-life", "again", (char *)NULL);
	demo_fail("exec");
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc > 1 && strcmp(argv[1], "again") == 0) {
		printf("%d\n", (int)getpid());
		return 7;
	}
	if (pthread_create(&thread, NULL, sleep_and_exec, NULL) != 0)
		demo_fail("pthread_create");
	for (int i = 0; i < 20; i++)
		demo_sleep_ms(5);
	for (;;)
		pause();
}
