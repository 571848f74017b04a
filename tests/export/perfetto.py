# SPDX-License-Identifier: BSD-2-Clause
"""perfetto.py FILE: decodes a perfetto export with protoc and the own .proto, checks it, and prints it in short, in order
of time. What is checked: every packet has its sequence, the first clears its state; every track is described and has a
name; slices nest, end after they begin, and none is left open; each flow has one beginning and one end, in that order;
counters are never negative; instants and slices have names; all text is UTF-8 without control characters."""
import re
import subprocess
import sys

PROTO = "user/sink/common"
TOKEN = re.compile(r'\s*(?:(\w+)\s*(?:(\{)|:\s*("(?:[^"\\]|\\.)*"|[\w.+-]+))|(\}))')


def parse(text):
    """The text format as nested dicts of lists."""
    stack = [{}]
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            sys.exit(f"cannot read what protoc says: {text[at:at + 80]!r}")
        at = match.end()
        name, opens, value, closes = match.groups()
        if closes:
            stack.pop()
        elif opens:
            child = {}
            stack[-1].setdefault(name, []).append(child)
            stack.append(child)
        else:
            if value[0] == '"':
                value = unquote(value[1:-1])
            elif re.fullmatch(r"-?\d+", value):
                value = int(value)
            elif value.startswith("0x"):
                value = int(value, 16)
            stack[-1].setdefault(name, []).append(value)
    return stack[0]


def unquote(text):
    raw = re.sub(
        rb"\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)",
        lambda m: {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(m[1])
        or (bytes([int(m[1], 8)]) if m[1][:1].isdigit() else m[1]),
        text.encode("utf-8"),
    )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        sys.exit(f"not UTF-8: {raw!r}")
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        sys.exit(f"control characters: {text!r}")
    return text


def wrong(what, packet):
    sys.exit(f"{what}: {packet}")


def one(message, name, default=None):
    values = message.get(name, [default])
    if len(values) != 1:
        wrong(f"{name} is there {len(values)} times", message)
    return values[0]


def decode(path):
    raw = open(path, "rb").read()
    done = subprocess.run(
        ["protoc", "--decode=lifeline.Trace", f"--proto_path={PROTO}", f"{PROTO}/perfetto.proto"], input=raw, capture_output=True
    )
    if done.returncode:
        sys.exit(f"protoc cannot decode it: {done.stderr.decode()}")
    return parse(done.stdout.decode("utf-8"))["packet"]


def track_names(packets):
    names = {}
    for packet in packets:
        for track in packet.get("track_descriptor", []):
            known = [key for key in track if key not in ("uuid", "parent_uuid", "name", "process", "thread", "counter")]
            if known:
                wrong(f"unknown fields {known}", track)
            if "process" in track:
                name = f"process {one(track['process'][0], 'pid')} {one(track['process'][0], 'process_name')}"
                name += "".join(f" ({label})" for label in track["process"][0].get("process_labels", []))
            elif "thread" in track:
                thread = track["thread"][0]
                name = f"thread {one(thread, 'pid')}:{one(thread, 'tid')} {one(thread, 'thread_name')}"
            else:
                name = one(track, "name")
            if "parent_uuid" in track:
                name = f"{names[one(track, 'parent_uuid')]} / {name}"
            names[one(track, "uuid")] = name
    return names


def check(packets):
    names = track_names(packets)
    for number, packet in enumerate(packets):
        if one(packet, "trusted_packet_sequence_id") != 1 or (one(packet, "sequence_flags", 0) == 1) != (number == 0):
            wrong("sequence", packet)
    events = [p for p in packets if "track_event" in p]
    events.sort(key=lambda p: one(p, "timestamp"))  # stable, as readers of the format do it
    open_slices, begun, ended = {}, {}, {}
    for packet in events:
        event, t = packet["track_event"][0], one(packet, "timestamp")
        track, kind = one(event, "track_uuid"), one(event, "type")
        if track not in names:
            wrong("a track that is not described", packet)
        stack = open_slices.setdefault(track, [])
        if kind == "TYPE_SLICE_BEGIN":
            stack.append(t)
        elif kind == "TYPE_SLICE_END":
            if not stack:
                wrong("an end without a beginning", packet)
            if stack.pop() > t:
                wrong("it ends before it begins", packet)
        elif kind == "TYPE_COUNTER":
            if one(event, "counter_value") < 0:
                wrong("a negative count", packet)
        elif kind != "TYPE_INSTANT":
            wrong("type", packet)
        if kind in ("TYPE_SLICE_BEGIN", "TYPE_INSTANT") and not one(event, "name", ""):
            wrong("no name", packet)
        for flow in event.get("flow_ids", []):
            if flow in begun or flow in ended:
                wrong("a flow begins twice, or after its end", packet)
            begun[flow] = t
        for flow in event.get("terminating_flow_ids", []):
            if flow not in begun or flow in ended:
                wrong("a flow ends twice, or without a beginning", packet)
            ended[flow] = t
    for track, stack in open_slices.items():
        if stack:
            wrong("a slice is left open", names[track])
    orphans = set(begun) - set(ended)
    if orphans:
        wrong("flows without an end", orphans)
    return names, events


def summary(names, events, begin):
    numbers = {}
    for packet in events:
        event = packet["track_event"][0]
        kind = {"TYPE_SLICE_BEGIN": "[", "TYPE_SLICE_END": "]", "TYPE_INSTANT": "!", "TYPE_COUNTER": "="}[one(event, "type")]
        words = [f"{(one(packet, 'timestamp') - begin) / 1e6:.3f} ms", names[one(event, "track_uuid")], kind]
        words.append(str(one(event, "counter_value")) if kind == "=" else one(event, "name", ""))
        for flow in event.get("flow_ids", []):
            words.append(f"-> {numbers.setdefault(flow, len(numbers) + 1)}")
        for flow in event.get("terminating_flow_ids", []):
            words.append(f"<- {numbers.setdefault(flow, len(numbers) + 1)}")
        for note in event.get("debug_annotations", []):
            words.append(f"{one(note, 'name')}={one(note, 'string_value', one(note, 'int_value'))}")
        print(" | ".join(word for word in words if word))


packets = decode(sys.argv[1])
clocks = packets[0]["clock_snapshot"][0]
begin = next(c["timestamp"][0] for c in clocks["clocks"] if c["clock_id"][0] == one(clocks, "primary_trace_clock"))
if "--quiet" in sys.argv:
    names, events = check(packets)
    print(len(packets))
else:
    summary(*check(packets), begin)
