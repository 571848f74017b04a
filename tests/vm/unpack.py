#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""unpack.py [--btf] IMAGE OUT: takes the kernel out of a boot image. From an x86 bzImage (Documentation/arch/x86/boot.rst,
header fields setup_sects, payload_offset, payload_length) a plain ELF kernel, which qemu starts some seconds sooner; from an
arm64 image (plain, gzip, or an EFI one that unpacks itself, drivers/firmware/efi/libstub/zboot-header.S) the plain Image.
--btf: only its type information, which is found by its header (Documentation/bpf/btf.rst, struct btf_header)."""
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
BTF_HEADER = b"\x9f\xeb\x01\x00\x18\x00\x00\x00"  # magic, version, flags, size of the header


def unpacked(payload):
    for magic, unpack in METHODS:
        if payload.startswith(magic):
            return unpack(payload)
    sys.exit("packed in a way that is not known: " + payload[:6].hex())


def kernel_of(image):
    if image[0x202:0x206] == b"HdrS":
        offset, length = struct.unpack_from("<II", image, 0x248)
        start = ((image[0x1F1] or 4) + 1) * 512 + offset
        return unpacked(image[start:start + length])
    if image[4:8] == b"zimg":
        offset, length = struct.unpack_from("<II", image, 8)
        return unpacked(image[offset:offset + length])
    if image.startswith(b"\x1f\x8b"):
        image = unpacked(image)
    if image[0x38:0x3C] != b"ARM\x64":
        sys.exit("neither an x86 nor an arm64 boot image")
    return image


def btf_of(kernel):
    at = kernel.find(BTF_HEADER)
    while at >= 0:
        type_off, type_len, str_off, str_len = struct.unpack_from("<IIII", kernel, at + 8)
        whole = kernel[at:at + 24 + str_off + str_len]
        if type_off == 0 and str_off == type_len and b"\0task_struct\0" in whole:
            return whole
        at = kernel.find(BTF_HEADER, at + 1)
    sys.exit("there is no type information in it")


arguments = sys.argv[1:]
only_types = arguments[:1] == ["--btf"]
source, target = arguments[only_types:]
kernel = kernel_of(open(source, "rb").read())
if kernel[:4] != b"\x7fELF" and kernel[0x38:0x3C] != b"ARM\x64":
    sys.exit("what was packed is no kernel")
open(target, "wb").write(btf_of(kernel) if only_types else kernel)
