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
import json
import sys

TOLERANCE_NS = 20_000  # between the event's time and the reading of the word there is some work, or a hypervisor's pause


def rows(truth):
    by_lock = [[] for _ in truth["locks"]]
    for thread, lock, asked, got, leaving, left in truth["holds"]:
        by_lock[lock].append((got, asked, leaving, left, truth["tids"][thread]))
    for holds in by_lock:
        holds.sort()
    return dict(zip(truth["locks"], by_lock))


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
    with open(sys.argv[1], encoding="utf-8") as file:
        locks = rows(json.load(file))
    with open(sys.argv[2], encoding="utf-8") as file:
        process = json.load(file)["processes"][0]
    offset = int(process["id"].split("@")[1]) - process["started_ns"]
    offset += int(sys.argv[4]) if len(sys.argv) > 4 else 0
    starts = {name: [hold[0] for hold in holds] for name, holds in locks.items()}
    result = {name: {"waits": 0, "known": 0, "unknown": 0, "wrong": 0, "furthest_ns": 0} for name in locks}
    with open(sys.argv[3], encoding="utf-8") as file:
        for line in file:
            if '"type":"lock-wait"' not in line:
                continue
            event = json.loads(line)
            name = event["name"]
            if name not in locks:
                continue
            told = result[name]
            told["waits"] += 1
            if event["holder"] is None:
                told["unknown"] += 1
                continue
            told["known"] += 1
            far = how_far(locks[name], starts[name], event["holder"], event["t_ns"] + offset)
            if event["holder"] == event["tid"] or far is None or far > TOLERANCE_NS:
                told["wrong"] += 1
            if far is not None:
                told["furthest_ns"] = max(told["furthest_ns"], far)
    print(json.dumps(result))


main()
