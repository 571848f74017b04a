#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""sem_truth.py TRUTH REPORT EVENTS [SHIFT]: were the last takers of semaphores that lifeline told right?

TRUTH is what programs/sem-truth wrote, REPORT (--format json) and EVENTS (export jsonl) are of the same run with --locks
all. Who is told as holder of a semaphore as somebody begins to wait for it must have taken it by then and not have
posted it since, and nobody may certainly have taken it later and have it still; all this give or take TOLERANCE. Prints
one line of JSON: per semaphore waits told, with a holder, without one, wrong ones. SHIFT (ns) is added to the times of
waits, to see this check fail.
"""
import bisect
import sys

sys.dont_write_bytecode = True
from truth import read, rows, told  # noqa: E402

TOLERANCE_NS = 20_000  # between the event's time and the reading of claims there is some work, or a hypervisor's pause
NEAR = 64  # holds on each side that are looked at


def is_right(holds, starts, holder, moment):
    middle = bisect.bisect_right(starts, moment + TOLERANCE_NS)
    near = holds[max(0, middle - NEAR):middle + NEAR]
    for got, asked, _leaving, left, tid in near:
        if tid != holder or asked > moment + TOLERANCE_NS or left < moment - TOLERANCE_NS:
            continue
        if not any(other[1] > got and other[0] < moment - TOLERANCE_NS and other[2] > moment + TOLERANCE_NS
                   for other in near if other[4] != holder):
            return True
    return False


def main():
    report = read(sys.argv[2])
    locks = rows(read(sys.argv[1]), lambda tid: tid)
    locks = {name or "shared": holds for name, holds in locks.items()}
    in_shared = {lock["id"] for lock in report["locks"] if lock["shared"] and lock["kind"] == "semaphore"}
    starts = {name: [hold[0] for hold in holds] for name, holds in locks.items()}
    wrong = []

    def name_of(event):
        return "shared" if event["lock"] in in_shared else event["name"]

    for name, counts, event in told(locks, report, name_of):
        if not is_right(locks[name], starts[name], event["holder"], event["t_ns"]):
            counts["wrong"] += 1
            wrong.append([name, event["tid"], event["holder"], event["t_ns"]])
    for one in wrong[:5]:
        print("wrong:", *one, file=sys.stderr)


main()
