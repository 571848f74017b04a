/* SPDX-License-Identifier: BSD-2-Clause
 *
 * clock-jump SECONDS MILLISECONDS: sets the wall clock by that much, and back after so long. Status 77: not allowed.
 */
#include "demo.h"

static int jump(long seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += seconds;
	return clock_settime(CLOCK_REALTIME, &now);
}

int main(int argc, char **argv)
{
	const long seconds = argc > 1 ? atol(argv[1]) : 1;

	if (jump(seconds))
		return errno == EPERM ? 77 : 1;
	usleep((useconds_t)(argc > 2 ? atoi(argv[2]) : 100) * 1000);
	return jump(-seconds) ? 1 : 0;
}
