# SPDX-License-Identifier: BSD-2-Clause
"""What lock_truth.py and sem_truth.py have in common: both read what a program knows of its locks, and the waits for these
that lifeline told of it."""
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def rows(truth, who):
    """The holds of each lock in order of time. `who`: the thread's number for what TRUTH has in its place."""
    by_lock = [[] for _ in truth["locks"]]
    for thread, lock, asked, got, leaving, left in truth["holds"]:
        by_lock[lock].append((got, asked, leaving, left, who(thread)))
    for holds in by_lock:
        holds.sort()
    return dict(zip(truth["locks"], by_lock))


def told(locks, report, name_of):
    """Yields name, counts and event (its time as in TRUTH) of each wait told with a holder, and prints the counts when
    all were asked for. What is wrong is for the caller to count."""
    counts = {name: {"waits": 0, "known": 0, "unknown": 0, "wrong": 0} for name in locks}
    process = report["processes"][0]
    offset = int(process["id"].split("@")[1]) - process["started_ns"]
    offset += int(sys.argv[4]) if len(sys.argv) > 4 else 0
    with open(sys.argv[3], encoding="utf-8") as file:
        for line in file:
            if '"type":"lock-wait"' not in line:
                continue
            event = json.loads(line)
            name = name_of(event)
            if name not in locks:
                continue
            counts[name]["waits"] += 1
            if event["holder"] is None:
                counts[name]["unknown"] += 1
                continue
            counts[name]["known"] += 1
            event["t_ns"] += offset
            yield name, counts[name], event
    print(json.dumps(counts))
