#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# vmlinux/refresh.sh [BTF [ARCH [RELEASE]]]: makes vmlinux/ARCH/vmlinux.h anew from a kernel's BTF and says in its first
# line from which kernel. Without arguments: the running kernel's. For another one, BTF is its vmlinux or a file of raw
# BTF, and ARCH (as uname -m says it) and RELEASE have to be told.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/usr/local/sbin

btf=${1:-/sys/kernel/btf/vmlinux}
arch=${2:-$(uname -m)}
if [ $# -ge 3 ]; then
	release=$3
elif [ $# = 0 ]; then
	release=$(uname -r)
else
	echo "vmlinux/refresh.sh: with a BTF file of its own, say ARCH and RELEASE too: the header must tell its kernel" >&2
	exit 1
fi
if [ ! -r "$btf" ]; then
	echo "vmlinux/refresh.sh: cannot read $btf. Is the kernel built with CONFIG_DEBUG_INFO_BTF?" >&2
	exit 1
fi

out=vmlinux/$arch/vmlinux.h
mkdir -p "vmlinux/$arch"
trap 'rm -f "$out.new"' EXIT
{
	# The local suffix of a release tells whose machine it was, not which types there are.
	echo "/* Types of Linux ${release%%-*} on $arch, made by vmlinux/refresh.sh with $(bpftool version | head -n 1). */"
	bpftool btf dump file "$btf" format c
} >"$out.new"
grep -q 'struct task_struct {' "$out.new" || { echo "vmlinux/refresh.sh: $btf holds no task_struct" >&2; exit 1; }
mv "$out.new" "$out"
head -n 1 "$out"
