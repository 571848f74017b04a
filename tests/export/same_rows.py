# SPDX-License-Identifier: BSD-2-Clause
"""same_rows.py JSONL CSV: the rows of both must be the same, field by field."""
import csv
import json
import re
import shlex
import sys


def unescaped(text):
    """Takes back what text_escape did, as far as these scenarios go."""
    return re.sub(r"\\(x[0-9a-f]{2}|.)", lambda m: {"n": "\n", "t": "\t", "\\": "\\"}.get(m[1]) or chr(int(m[1][1:], 16)), text)


def expected(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")][1:]
raw = open(sys.argv[2], "rb").read()
if raw.count(b"\n") != raw.count(b"\r\n") or raw.count(b"\n") != len(rows) + 1:
    sys.exit("not one line a row, each ended by CR LF")
table = list(csv.DictReader(open(sys.argv[2], newline="", encoding="utf-8"), strict=True))
for number, (row, fields) in enumerate(zip(rows, table), 2):
    if set(row) - set(fields) or len(fields) != len(raw.split(b"\r\n")[0].split(b",")):
        sys.exit(f"line {number}: {sorted(set(row) - set(fields))} have no column")
    for key, text in fields.items():
        value = row.get(key)
        if key == "argv":
            # $'…' of the shell is none of shlex's: such words are only counted
            same = (value is None and text == "") or ("$'" in text or shlex.split(text) == value)
        else:
            same = unescaped(text) == expected(value)
        if not same:
            sys.exit(f"line {number}, {key}: {text!r} is not {value!r}")
