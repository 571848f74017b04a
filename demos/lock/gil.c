/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Three threads of Python that do nothing but compute: one interpreter, one lock around it (the GIL), so one of them
 * runs at a time, whatever the processors. CPython asks the holder to give way each 5 ms, and that is all the sharing
 * there is.
 *
 * Look at: lock.gil, a note, with how much of their time they waited; lock/gil-io, threads that mostly wait for
 * something else.
 */
#include "demo.h"

static const char script[] =
    "import sys, threading, time\n"
    "if not getattr(sys, '_is_gil_enabled', lambda: True)():\n"
    "    sys.exit(77)\n" /* a build without a GIL */
    "end = time.monotonic() + 1.5\n"
    "def compute():\n"
    "    n = 0\n"
    "    while time.monotonic() < end:\n"
    "        for i in range(1000):\n"
    "            n += i * i\n"
    "threads = [threading.Thread(target=compute) for i in range(3)]\n"
    "for t in threads: t.start()\n"
    "for t in threads: t.join()\n";

int main(void)
{
	demo_begin("python", "becomes a Python that computes in three threads for 1.5 s");
	demo_ready();
	execlp("python3", "python3", "-c", script, (char *)NULL);
	demo_say("there is no python3 to become: %s", strerror(errno));
	return DEMO_CANNOT_RUN;
}
