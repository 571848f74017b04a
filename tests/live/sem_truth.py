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
import json
import sys

TOLERANCE_NS = 20_000  # between the event's time and the reading of claims there is some work, or a hypervisor's pause
NEAR = 64  # holds on each side that are looked at


def rows(truth):
    by_lock = [[] for _ in truth["locks"]]
    for tid, lock, asked, got, leaving, left in truth["holds"]:
        by_lock[lock].append((got, asked, leaving, left, tid))
    for holds in by_lock:
        holds.sort()
    return {name or "shared": holds for name, holds in zip(truth["locks"], by_lock)}


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
    with open(sys.argv[1], encoding="utf-8") as file:
        locks = rows(json.load(file))
    with open(sys.argv[2], encoding="utf-8") as file:
        report = json.load(file)
    process = report["processes"][0]
    offset = int(process["id"].split("@")[1]) - process["started_ns"]
    offset += int(sys.argv[4]) if len(sys.argv) > 4 else 0
    in_shared = {lock["id"] for lock in report["locks"] if lock["shared"] and lock["kind"] == "semaphore"}
    starts = {name: [hold[0] for hold in holds] for name, holds in locks.items()}
    result = {name: {"waits": 0, "known": 0, "unknown": 0, "wrong": 0} for name in locks}
    wrong = []
    with open(sys.argv[3], encoding="utf-8") as file:
        for line in file:
            if '"type":"lock-wait"' not in line:
                continue
            event = json.loads(line)
            name = "shared" if event["lock"] in in_shared else event["name"]
            if name not in locks:
                continue
            told = result[name]
            told["waits"] += 1
            if event["holder"] is None:
                told["unknown"] += 1
                continue
            told["known"] += 1
            if not is_right(locks[name], starts[name], event["holder"], event["t_ns"] + offset):
                told["wrong"] += 1
                wrong.append([name, event["tid"], event["holder"], event["t_ns"] + offset])
    print(json.dumps(result))
    for one in wrong[:5]:
        print("wrong:", *one, file=sys.stderr)


main()
