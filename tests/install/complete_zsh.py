#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""complete_zsh.py PROGRAM LINE: types LINE and a tab into an interactive zsh on a terminal of its own, with the completion
that PROGRAM prints loaded, and prints the command line as it is then, between [ and ]."""
import os
import pty
import select
import sys
import tempfile
import time

SETUP = r"""
PS1='READY> ' PS2= RPS1=
setopt no_beep
unsetopt zle_bracketed_paste prompt_cr prompt_sp
autoload -Uz compinit && compinit -D -u
path=(%s $path)
eval "$(lifeline --completion zsh)"
tell() { print -r -- "[$BUFFER]" >%s; zle kill-buffer; }
zle -N tell
bindkey '^X' tell
"""


def read_until(descriptor, seen, wanted, seconds):
    end = time.monotonic() + seconds
    while not wanted(seen):
        left = end - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return None
        try:
            seen += os.read(descriptor, 65536)
        except OSError:
            return None
    return seen


def main():
    program, line = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "result")
        os.symlink(program, os.path.join(folder, "lifeline"))
        with open(os.path.join(folder, ".zshrc"), "w") as setup:
            setup.write(SETUP % (folder, result))
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(ZDOTDIR=folder, TERM="vt100", HOME=folder)
            os.execvp("zsh", ["zsh", "-d", "-i"])
        read_until(terminal, b"", lambda seen: b"READY> " in seen, 60)
        os.write(terminal, line.encode() + b"\t\x18")
        end = time.monotonic() + 60
        while time.monotonic() < end and not (os.path.exists(result) and os.path.getsize(result)):
            if select.select([terminal], [], [], 0.05)[0]:
                os.read(terminal, 65536)
        os.close(terminal)
        os.waitpid(child, 0)
        with open(result) as told:
            print(told.read().rstrip("\n"))


main()
