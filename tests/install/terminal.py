#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""terminal.py COLUMNS COMMAND...: runs COMMAND with its output on a terminal that is so wide, and prints what came there,
colours and all. terminal.py --check COLUMNS: reads such output and prints each line of it that is wider than COLUMNS, or holds
a control byte that no colour is made of, with its number."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios
import unicodedata

COLOUR = re.compile("\x1b\\[[0-9;]*m")


def width(text):
    """As a terminal counts: wide characters are two columns, combining ones none."""
    return sum(0 if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf")
               else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def check(columns):
    wrong = 0
    text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    for number, line in enumerate(text.split("\n"), 1):
        plain = COLOUR.sub("", line)
        bad = [c for c in plain if unicodedata.category(c) in ("Cc", "Cs")]
        if bad or width(plain) > columns:
            print(f"{number}: {width(plain)} columns{', control bytes' if bad else ''}: {plain!r}")
            wrong = 1
    return wrong


def run(columns, command):
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.execvp(command[0], command)
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        sys.stdout.buffer.write(data)
    sys.stdout.flush()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if sys.argv[1] == "--check":
    sys.exit(check(int(sys.argv[2])))
sys.exit(run(int(sys.argv[1]), sys.argv[2:]))
