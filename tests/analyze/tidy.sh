#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/analyze/tidy.sh FILE: what clang-tidy says of it, as a line of the tests' protocol with the findings below. For
# tests/analyze/run, which sets BUILD, CLANG, CLANG_TIDY and QUICK.
set -u
file=$1 flags=() checks=()

case $file in
*.bpf.c)
	flags=(-target bpf -mcpu=v2 -D__TARGET_ARCH_x86 -isystem vmlinux/x86_64 -I. -Ibpf)
	# parameters and names are the kernel's there, arguments of calls lie in wider registers, chains follow tables
	checks=('--checks=-misc-unused-parameters,-bugprone-reserved-identifier,-bugprone-narrowing-conversions,-bugprone-branch-clone')
	;;
demos/* | tests/live/* | tests/bench/*) flags=(-Idemos -Iuser) ;;
*) flags=(-I. -Iuser -isystem "$BUILD/gen" '-DLIFELINE_VERSION="0"' '-DLIFELINE_DATE="0"' '-DLIFELINE_LIBEXECDIR="/"') ;;
esac
flags+=(-std=gnu11 -D_GNU_SOURCE)
# in tests each assertion of cmocka would have to be known to end a path
case ${QUICK:+quick}$file in
*.bpf.c) ;;
quick* | tests/unit/* | tests/cases/*) checks=('--checks=-clang-analyzer-*') ;;
esac
key=$({ cat .clang-tidy "$0" "$file"; echo "$QUICK"; "$CLANG" "${flags[@]}" -E "$file" 2>/dev/null; } | sha256sum | cut -c 1-40)
known=$BUILD/analyze/$key
if [ ! -e "$known" ]; then
	said=$("$CLANG_TIDY" --quiet "${checks[@]}" "$file" -- "${flags[@]}" 2>/dev/null)
	status=$?
	# what bpftool and protoc-c write is theirs
	found=$(grep -E ': (warning|error): ' <<<"$said" | sed "s,^$PWD/,," | grep -v "^$BUILD/gen/" | sort -u)
	if [ -n "$found" ] || { [ $status != 0 ] && [ -z "$said" ]; }; then
		echo "not ok - analyze: $file"
		echo "# ${found//$'\n'/$'\n'# }"
		exit
	fi
	touch "$known"
fi
echo "ok - analyze: $file"
