#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Reads each #include against tests/lint/includes.table. A source file that no line of the table covers is an error too,
# so a new folder has to say what it may know.
set -u -f
. tests/lint/lib.bash
status=0
rules=()
while read -r line; do
	[[ -z $line || $line = '#'* ]] || rules+=("$line")
done <tests/lint/includes.table

# Sets `patterns` to those of the first line for this file and word; false if there is none.
rule_for()
{
	local rule folder word

	for rule in "${rules[@]}"; do
		read -r folder word patterns <<<"$rule"
		# shellcheck disable=SC2053 # the table holds patterns
		[[ $word = "$2" && $1 == $folder ]] && return 0
	done
	return 1
}

matches()
{
	local pattern

	for pattern in $2; do
		# shellcheck disable=SC2053
		[[ $1 == $pattern ]] && return 0
	done
	return 1
}

wrong()
{
	echo "$1"
	status=1
}

while read -r file; do
	rule_for "$file" may || { wrong "$file:1: tests/lint/includes.table says nothing about this folder"; continue; }
	may=$patterns never=
	rule_for "$file" never && never=$patterns
	while IFS=: read -r number text; do
		name=$(sed -E 's/^[^"<]*["<]([^">]*).*/\1/' <<<"$text")
		case $text in
		*\"*) matches "$name" "$may" || wrong "$file:$number: may not include \"$name\"" ;;
		*\<*) ! matches "$name" "$never" || wrong "$file:$number: must never include <$name>" ;;
		esac
	done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$file")
done < <(repository_files '*.c' '*.h' '*.def' | grep -v '^vmlinux/')
exit $status
