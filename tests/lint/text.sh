#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Plain hygiene of all text files: no carriage returns, no blanks at line ends, a newline at the end; at most 120 columns
# in C (a tab is 8); nothing of the machine that it was written on.
set -u
. tests/lint/lib.bash
status=0

report() # FILE:LINE:… lines on stdin, $1: what is wrong with them
{
	local found

	found=$(cat)
	[ -n "$found" ] || return
	cut -d: -f1,2 <<<"$found" | sed "s/\$/: $1/" | head -n 20
	status=1
}

# What is written by hand, and text. Data for tests may hold anything on purpose.
mapfile -t files < <(repository_files | grep -Ev '^(vmlinux/.*\.h|LICENSE)$|^tests/.*(data|golden)/|\.lifeline$' |
	xargs -d '\n' grep -lI '')
mapfile -t code < <(printf '%s\n' "${files[@]}" | grep -E '\.(c|h|def)$')

report 'carriage return' < <(grep -nH $'\r' "${files[@]}")
report 'blanks at the end of the line' < <(printf '%s\n' "${files[@]}" | grep -v '\.md$' | xargs -d '\n' grep -nHE '[ 	]+$')
report 'machine path' < <(grep -nHE '(^|[^[:alnum:]._/-])/(work|tmp/wt|home/[a-z])(/|$|[^[:alnum:]])' "${files[@]}" |
	grep -v '^tests/lint/text.sh:')
for file in "${files[@]}"; do
	[ -z "$(tail -c 1 "$file")" ] || { echo "$file: no newline at the end"; status=1; }
done
report 'longer than 120 columns' < <(
	for file in "${code[@]}"; do
		expand -t 8 "$file" | LC_ALL=C.UTF-8 grep -nE '^.{121}' | sed "s,^,$file:,"
	done)
exit $status
