/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of lock/gil: three threads of Python as well, but they wait for other things most of the time. Who
 * sleeps, reads or writes lets the GIL go meanwhile, so nobody stands in line for it.
 *
 * Look at: no finding.
 */
#include "demo.h"

static const char script[] =
    "import threading, time\n"
    "def serve():\n"
    "    for i in range(20):\n"
    "        time.sleep(0.02)\n"
    "        sum(range(1000))\n"
    "threads = [threading.Thread(target=serve) for i in range(3)]\n"
    "for t in threads: t.start()\n"
    "for t in threads: t.join()\n";

int main(void)
{
	demo_begin("python", "becomes a Python with three threads that mostly wait");
	demo_ready();
	execlp("python3", "python3", "-c", script, (char *)NULL);
	demo_say("there is no python3 to become: %s", strerror(errno));
	return DEMO_CANNOT_RUN;
}
