#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""lock_truth.py TRUTH REPORT EVENTS [SHIFT]: were the holders that lifeline told right?

TRUTH is what programs/lock-truth wrote, REPORT (--format json) and EVENTS (export jsonl) are of the same run. Of each
mutex the holds are a row in time: a thread owns it at the earliest from when it asked and the one before began to
release, at the latest until it had released and the next had got it. A holder is wrong if it did not own the lock at any
moment within TOLERANCE of the wait's beginning. Prints one line of JSON: per lock waits told, with a holder, without
one, wrong ones, and the largest distance. SHIFT (ns) is added to the times of waits, to see this check fail.
"""
import bisect
import sys

sys.dont_write_bytecode = True
from truth import read, rows, told  # noqa: E402

TOLERANCE_NS = 20_000  # between the event's time and the reading of the word there is some work, or a hypervisor's pause


def distance(holds, index, moment):
    """How far off `moment` the longest possible ownership of holds[index] is; 0 within."""
    got, asked, leaving, left, _ = holds[index]
    begin = max(asked, holds[index - 1][2]) if index else asked
    end = min(left, holds[index + 1][0]) if index + 1 < len(holds) else left
    return max(begin - moment, moment - end, 0)


def how_far(holds, starts, holder, moment):
    """The least distance of any hold by that thread, of the ones around that moment."""
    middle = bisect.bisect_right(starts, moment)
    near = range(max(0, middle - 40), min(len(holds), middle + 40))
    return min((distance(holds, i, moment) for i in near if holds[i][4] == holder), default=None)


def main():
    truth = read(sys.argv[1])
    locks = rows(truth, lambda thread: truth["tids"][thread])
    starts = {name: [hold[0] for hold in holds] for name, holds in locks.items()}
    for name, counts, event in told(locks, read(sys.argv[2]), lambda event: event["name"]):
        far = how_far(locks[name], starts[name], event["holder"], event["t_ns"])
        if event["holder"] == event["tid"] or far is None or far > TOLERANCE_NS:
            counts["wrong"] += 1
        counts["furthest_ns"] = max(counts.get("furthest_ns", 0), far or 0)


main()
