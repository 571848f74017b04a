#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""unpack.py bzImage vmlinux: takes the compressed kernel out of an x86 boot image (Documentation/arch/x86/boot.rst, header
fields setup_sects, payload_offset, payload_length). qemu starts a plain ELF kernel some seconds sooner."""
import lzma
import struct
import subprocess
import sys
import zlib


def by_command(command, data):
    # a size word stands behind the stream, over which these tools complain when all is done
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


METHODS = (
    (b"\x1f\x8b", lambda data: zlib.decompressobj(31).decompress(data)),
    (b"\xfd7zXZ\x00", lambda data: lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)),
    (b"\x28\xb5\x2f\xfd", lambda data: by_command(["zstd", "-dcq"], data)),
    (b"\x02\x21\x4c\x18", lambda data: by_command(["lz4", "-dcq"], data)),
)

image = open(sys.argv[1], "rb").read()
if image[0x202:0x206] != b"HdrS":
    sys.exit("not an x86 boot image")
offset, length = struct.unpack_from("<II", image, 0x248)
start = ((image[0x1F1] or 4) + 1) * 512 + offset
payload = image[start:start + length]
for magic, unpack in METHODS:
    if payload.startswith(magic):
        kernel = unpack(payload)
        break
else:
    sys.exit("packed in a way that is not known: " + payload[:6].hex())
if not kernel.startswith(b"\x7fELF"):
    sys.exit("what was packed is no ELF file")
open(sys.argv[2], "wb").write(kernel)
