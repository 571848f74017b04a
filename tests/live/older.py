#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""older.py OBJECT: does it keep to what Linux 5.10 knows, in all programs but those of --locks all? Verifiers refuse
what they do not know even where nothing leads there, and only tests/vm/run has such a kernel. Prints what is new."""
import struct
import sys

LAST_HELPER = 155       # include/uapi/linux/bpf.h of 5.10: BPF_FUNC_redirect_peer
FOR_LOCKS_ALL = ("?uprobe", "?uretprobe", "?tp_btf/sched_process_exit", "?tp_btf/task_newtask")
EXECUTABLE, RELOCATIONS = 4, 9  # SHF_EXECINSTR, SHT_REL
CALL, LOAD_64 = 0x85, 0x18
ATOMIC = (0xC3, 0xDB)   # XADD; the operation is in `imm`, of which 5.10 knows none but 0

data = open(sys.argv[1], "rb").read()
table, = struct.unpack_from("<Q", data, 0x28)
size, count, names = struct.unpack_from("<HHH", data, 0x3A)
sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + size * i) for i in range(count)]


def name_of(section):
    at = sections[names][4] + section[0]
    return data[at:data.index(b"\0", at)].decode()


def calls_back(number):
    """Places in this section that load the address of code."""
    for section in sections:
        if section[1] != RELOCATIONS or section[7] != number:
            continue
        symbols = sections[section[6]]
        for at in range(section[4], section[4] + section[5], 16):
            place, info = struct.unpack_from("<QQ", data, at)
            home, = struct.unpack_from("<H", data, symbols[4] + 24 * (info >> 32) + 6)
            if home < count and sections[home][2] & EXECUTABLE:
                yield place


bad = checked = 0
for number, section in enumerate(sections):
    name = name_of(section)
    if not section[2] & EXECUTABLE or name in FOR_LOCKS_ALL:
        continue
    loads = set(calls_back(number))
    for at in range(0, section[5], 8):
        code, registers, _, imm = struct.unpack_from("<BBhi", data, section[4] + at)
        source, what = registers >> 4, None
        if code == CALL and source == 0 and imm > LAST_HELPER:
            what = f"calls helper {imm}"
        elif code == CALL and source == 2:
            what = "calls a function of the kernel"
        elif code == LOAD_64 and at in loads:
            what = "names a function to call back"
        elif code in ATOMIC and imm:
            what = f"atomic operation {imm:#x}"
        if what:
            print(f"{name} at {at // 8}: {what}")
            bad += 1
        checked += 1
print(f"{checked} instructions")
sys.exit(bad > 0 or checked < 1000)
