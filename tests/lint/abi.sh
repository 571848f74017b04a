#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What crosses from the kernel to user space has no holes: the compiler is asked, for each header of bpf/abi. Both sides
# must see the same layout, so the 64-bit BPF target is asked as well.
set -u
status=0

check()
{
	echo "#include \"$header\"" | "$@" -I. -Ibpf -Wall -Wpadded -Werror -fsyntax-only -x c - 2>&1 || status=1
}

for header in bpf/abi/*.h; do
	check "${CC:-cc}" -std=gnu11
	! command -v clang >/dev/null || check clang -std=gnu11
done
exit $status
