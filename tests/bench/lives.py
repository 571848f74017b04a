# SPDX-License-Identifier: BSD-2-Clause
"""lives.py EVENTS FILE: a trace of that many events, of short lives (fork, exec, wait, exit, end, reap) one after the
other, made by docs/trace-format.md alone. Fields that are not in it read as 0."""
import struct
import sys
import zlib

U64, S64, U32, S32, STR, BLOB = range(6)
SIZE = {U64: 8, S64: 8, U32: 4, S32: 4, BLOB: 4}
EVENTS = {
    "fork": (1, 0, [("child_start", U64), ("parent_start", U64), ("child", U32), ("parent", U32)]),
    "exec": (3, 0, [("old_tid", U32), ("args_size", U32), ("exe", BLOB), ("argv", BLOB)]),
    "exit": (4, 0, [("status", S32), ("group_dead", U32)]),
    "end": (5, 0, [("voluntary", U64), ("cpu_ns", U64), ("parent_start", U64), ("state", U32), ("parent", U32)]),
    "reap": (7, 1, [("child_start", U64), ("child", U32), ("status", S32)]),
    "wait_enter": (8, 1, [("calls", U64), ("type", U32), ("target", S32)]),
    "begin": (30, 5, [("realtime_ns", U64), ("mode", U32), ("target", U32)]),
    "finish": (31, 5, [("ended_by", U32), ("exit_status", S32)]),
}
GROUPS = ["life", "wait", "signal", "session", "switch", "stream"]


def name(text):
    return text.encode()


def table():
    out = struct.pack("<HH", len(GROUPS), len(EVENTS))
    for group in GROUPS:
        out += struct.pack("<B", len(group)) + name(group)
    for event, (kind, group, fields) in EVENTS.items():
        size = 48 + sum(SIZE[type] for _, type in fields)
        out += struct.pack("<HHBBH", kind, size, group, len(event), len(fields)) + name(event)
        offset = 48
        for field, type in fields:
            out += struct.pack("<BBHH", type, len(field), offset, SIZE[type]) + name(field)
            offset += SIZE[type]
    return out


PACK = {event: struct.Struct("<" + "".join("QqIixI"[type] for _, type in fields)) for event, (_, _, fields) in EVENTS.items()}


def record(event, t, pid, start, comm, *values, blobs=b""):
    blobs += bytes(-len(blobs) % 8)
    body = PACK[event].pack(*values) + blobs
    return struct.pack("<IHHQQII16s", 48 + len(body), EVENTS[event][0], 0, t, start, pid, pid, comm) + body


def lives(count):
    start = 10**12
    yield start, record("begin", start, 90, 0, b"lifeline", 10**18, 0, 100)
    told, turn = 2, 0
    t = start
    while told + 6 <= count:
        pid, t, turn = 1000 + turn % 30000, t + 100000, turn + 1
        exe, argv = b"/usr/bin/true", b"true\0--number\0%d\0" % (turn % 100)
        for event in (
            record("fork", t, 100, start - 5, b"make", t, start - 5, pid, 100),
            record("wait_enter", t + 1000, 100, start - 5, b"make", turn, 1, pid),
            record("exec", t + 2000, pid, t, b"true", pid, len(argv), len(exe), len(argv), blobs=exe + argv),
            record("exit", t + 50000, pid, t, b"true", 0, 1),
            record("end", t + 60000, pid, t, b"true", 1, 48000, start - 5, 1, 100),
            record("reap", t + 70000, 100, start - 5, b"make", t, pid, 0),
        ):
            yield struct.unpack_from("<Q", event, 8)[0], event
        told += 6
    yield t + 100000, record("finish", t + 100000, 90, 0, b"lifeline", 0, 0)


def block(records, first, last, sequence):
    raw = b"".join(records)
    packed = zlib.compress(raw, 1)
    head = struct.pack("<IIIIQQII", 0x4B434C42, len(packed), len(raw), len(records), first, last, sequence, zlib.crc32(packed))
    crc = zlib.crc32(head + bytes(8))
    return head + struct.pack("<II", 0, crc) + packed, len(raw)


def main(count, path):
    rows = table()
    head = lambda flags, crc: struct.pack("<8sIHHIII24s8xI", b"LIFELINE", 0x0A0B0C0D, 1, 0, flags, len(rows), zlib.crc32(rows), b"lives.py", crc)
    blocks = total = raw_total = 0
    begin = end = 0
    with open(path, "wb") as out:
        out.write(head(0, zlib.crc32(head(0, 0))) + rows)
        batch, first, last, size = [], 0, 0, 0

        def flush():
            nonlocal blocks, total, raw_total, batch, size
            data, raw = block(batch, first, last, blocks)
            out.write(data)
            blocks, total, raw_total, batch, size = blocks + 1, total + len(batch), raw_total + raw, [], 0

        for t, event in lives(count):
            begin, end = begin or t, t
            first = t if not batch else first
            last = t
            batch.append(event)
            size += len(event)
            if size > 200000:
                flush()
        if batch:
            flush()
        tail = struct.pack("<IIQQQQI", 0x5F444E45, blocks, total, raw_total, begin, end, 0)
        out.write(tail + struct.pack("<I", zlib.crc32(tail + bytes(4))))


main(int(sys.argv[1]), sys.argv[2])
