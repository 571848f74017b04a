#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The waits of a 32-bit program on a 64-bit kernel: other numbers, other registers, another siginfo.
. tests/live/lib.bash
report=$scratch/report.json
program=$scratch/waits32

if [ "$(uname -m)" != x86_64 ] ||
	! "${CC:-cc}" -m32 -nostdlib -static -fno-stack-protector -fno-pic -no-pie -O1 -o "$program" tests/live/programs32/waits32.c 2>/dev/null; then
	skip "waits32" "no 32-bit program can be made here"
	exit 0
fi
if ! "$program"; then
	skip "waits32" "this kernel runs no 32-bit programs"
	exit 0
fi
"$LIFELINE" run --format json -o "$report" -- "$program"
is "waits32: the program ended well" 0 $?
holds "waits32: three calls, three children collected" "$report" \
	'[.processes[] | select(.waits.calls > 0) | "\(.waits.calls) \(.waits.reaped)"] == ["3 3"]'
holds "waits32: each child was reaped by its parent" "$report" \
	'([.processes[] | select(.waits.calls > 0)][0].id) as $id |
	[.processes[] | select(.parent == $id)] | length == 3 and all(.reaped_by == $id) and ([.[].exit.code] | sort) == [3, 4, 5]'
is "waits32: no finding" "[]" "$(jq -c '[.findings[].code]' "$report")"
[ "$failures" = 0 ]
