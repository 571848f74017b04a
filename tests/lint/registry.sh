#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Plug-ins are one file ending in one const table with the file's name: that is what the registries, made from the folder
# listing, refer to. A demo is one program with its expectation beside it.
set -u
shopt -s nullglob
status=0

wrong()
{
	echo "$1"
	status=1
}

# $1 type, $2 prefix of the file name, files…
check()
{
	local type=$1 prefix=$2 file name tables

	shift 2
	for file; do
		name=$(basename "$file" .c)
		name=${name#"$prefix"}
		tables=$(grep -cE "^const struct $type ${type}_[a-z0-9_]+ = \{" "$file")
		grep -qE "^const struct $type ${type}_${name//-/_} = \{" "$file" ||
			wrong "$file:1: has no 'const struct $type ${type}_${name//-/_} = {'"
		[ "$tables" -le 1 ] || wrong "$file:1: has $tables tables; one file is one $type"
	done
}

check analyzer '' user/analyze/*.c
check sink '' user/sink/*.c
check command cmd_ user/cli/cmd_*.c

# Nobody names a plug-in: whoever needs one walks the registry.
while IFS=: read -r file number text; do
	name=$(grep -oE '\b(analyzer|sink|command)_[a-z0-9_]+\b' <<<"$text" | head -n 1)
	own=$(basename "$file" .c)
	[[ $name = *_"${own#cmd_}" ]] || wrong "$file:$number: names the plug-in $name"
done < <(grep -nE '\b(extern|&)[^;]*\b(analyzer|sink|command)_[a-z0-9_]+\b' -r user --include='*.c' --include='*.h' |
	grep -E 'extern const struct (analyzer|sink|command) (analyzer|sink|command)_|&(analyzer|sink|command)_[a-z0-9]+\b')

for program in demos/*/*.c; do
	[ -f "${program%.c}.expect" ] || wrong "$program:1: no ${program%.c}.expect beside it"
done
for expect in demos/*/*.expect; do
	[ -f "${expect%.expect}.c" ] || wrong "$expect:1: no program ${expect%.expect}.c beside it"
done
exit $status
