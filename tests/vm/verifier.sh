#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/vm/verifier.sh KERNEL <LINES: compares what each program cost the kernel's verifier, lines "PROGRAM INSTRUCTIONS"
# (the largest counts), with verifier.txt. More than a tenth above is a failure, and so is a program that is not in the
# table of a kernel that is. UPDATE=1 writes the lines into the table instead.
set -u
table=$(dirname "$0")/verifier.txt
kernel=$1
lines=$(sort -k1,1 -k2,2nr | awk '!seen[$1]++ && $2 > 0')

if [ -n "${UPDATE:-}" ]; then
	fresh=$(echo "$lines" | awk -v kernel="$kernel" 'NF { printf "%-10s %-16s %6d\n", kernel, $1, $2 }')
	# in the place of what was there; a new kernel comes last
	FRESH=$fresh awk -v kernel="$kernel" '
		$1 != kernel { print }
		$1 == kernel && !done++ { print ENVIRON["FRESH"] }
		END { if (!done) print ENVIRON["FRESH"] }' "$table" >"$table.new" && mv "$table.new" "$table"
	exit
fi
if ! grep -q "^$kernel " "$table"; then
	echo "ok - verifier # SKIP this kernel ($kernel) is not in tests/vm/verifier.txt"
	exit 0
fi
if [ -z "$lines" ]; then
	echo "not ok - verifier: nothing was told"
	exit 1
fi
echo "$lines" | awk -v kernel="$kernel" -v table="$table" '
	BEGIN {
		while ((getline line <table) > 0)
			if (split(line, part, " ") == 3 && part[1] == kernel)
				known[part[2]] = part[3]
	}
	!($1 in known) { worse = worse "# " $1 ": " $2 ", not in the table\n"; next }
	$2 > known[$1] * 1.1 { worse = worse "# " $1 ": " $2 ", was " known[$1] "\n" }
	END {
		print (worse ? "not ok" : "ok") " - verifier: no program costs a tenth more than it did"
		printf "%s", worse
		exit worse != ""
	}'
