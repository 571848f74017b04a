# SPDX-License-Identifier: BSD-2-Clause
"""switches.py COUNT: a scenario of that many context switches among nine threads, on standard output."""
import sys

print('0s begin - mode=run target=200 command=["busy"]\n1ms fork 100/sh child=200\n1.1ms exec 200/busy argv=["busy"]')
for child in range(201, 209):
    print(f"2ms thread 200 child={child}")
t, off = 3000000, 200
for turn in range(int(sys.argv[1])):
    t += 7000 + turn * 7919 % 9000
    on = 200 + (turn * 31 + 7) % 9
    if on == off:
        on = 200 + (on - 199) % 9
    print(f"{t}ns switch 200:{off} next_pid=200 next_tid={on} reason={'futex' if turn % 3 else 'involuntary'} "
          f"woken_ns={t - 3000}ns waker_pid=200 waker_tid={off}")
    off = on
print(f"{t + 1000}ns exit 200 live=0\n{t + 2000}ns end 200\n{t + 3000}ns finish -")
