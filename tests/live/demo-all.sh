#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `lifeline demo`: the list, and the table of --all with what passes, what fails and why, what is skipped; from a tree as
# `make install` makes it. (That every demo passes is what demos.sh tests.)
. tests/live/lib.bash

"$LIFELINE" demo >"$scratch/list"
is "the list has every demo" "$(ls demos/*/*.expect | sed 's,^demos/,,; s,\.expect$,,' | LC_ALL=C sort)" \
	"$(awk '/^  [a-z]/ { print $1 }' "$scratch/list" | LC_ALL=C sort)" "$scratch/list"
is "each kind fits on a screen" "" "$(awk '/^[a-z-]+(:|$)/ { kind = $1; lines = 0 } { lines++ }
	lines > 40 || length($0) > 100 { print kind, $0 }' "$scratch/list")"
is "a kind alone can be listed" "$(grep -c '^  ipc/' "$scratch/list")" "$("$LIFELINE" demo ipc/ | grep -c '^  ipc/')"

# A tree with three demos of ours: fine, wrong, and for bigger machines.
tree=$scratch/tree
mkdir -p "$tree/demos/fine" "$tree/demos/bad"
cp "$LIFELINE" "$tree/lifeline"
install -m 755 "$DEMOS/process/fork-and-ppid" "$tree/demos/fine/one"
install -m 755 "$DEMOS/process/fork-and-ppid" "$tree/demos/fine/huge"
install -m 755 "$DEMOS/process/fork-and-ppid" "$tree/demos/bad/wrong"
printf '#!/bin/sh\nexec sleep 100\n' >"$tree/demos/bad/hangs"
chmod 755 "$tree/demos/bad/hangs"
printf 'about x\nexit 0\nfact child exit=7\nnone any\n' >"$tree/demos/fine/one.expect"
printf 'about x\nneeds cpus>=4000\nexit 0\n' >"$tree/demos/fine/huge.expect"
printf 'about x\nexit 0\nfact child exit=8\n' >"$tree/demos/bad/wrong.expect"
printf 'about x\nexit 0\n' >"$tree/demos/bad/hangs.expect"

all()
{
	timeout 60 "$tree/lifeline" demo --all "$@" >"$scratch/table" 2>&1
	status=$?
}

all fine
is "what passes and what is skipped is no failure" 0 "$status" "$scratch/table"
is "a line for each, and a sum" "passed fine/one;skipped fine/huge;1 passed, 0 failed, 1 skipped" \
	"$(awk '$1 == "skipped" { s = $1 " " $2 } $1 == "passed" { p = $1 " " $2 }
	/demos:/ { sub(/.*demos: /, ""); sub(/, in .*/, ""); print p ";" s ";" $0 }' "$scratch/table")" "$scratch/table"
grep -q '^skipped.*needs 4000 processors' "$scratch/table"
is "a skipped one says why" 0 $? "$scratch/table"
all bad/wrong fine/one
is "one that fails makes the status 1" 1 "$status" "$scratch/table"
grep -q '| .*line 3: fact child exit=8: it is 7' "$scratch/table"
is "a failed one says what was not as expected" 0 $? "$scratch/table"
all --for 1s bad/hangs
is "one that hangs fails after --for" 1 "$status" "$scratch/table"
grep -q '^FAILED.*bad/hangs' "$scratch/table"
is "... and is in the table" 0 $? "$scratch/table"
all nonsense
is "a name that fits nothing is refused" 125 "$status" "$scratch/table"
all -o "$scratch/file" fine
is "one file for all reports is refused" 125 "$status" "$scratch/table"
[ "$failures" = 0 ]
