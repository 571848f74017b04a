#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The programs for older kernels (bpf/older), which this kernel runs as well: the same verdicts, and what they cannot do is
# told. That such a kernel runs them, only tests/vm/run shows.
. tests/live/lib.bash
export LIFELINE_PROGRAMS=older

tests/live/older.py "$BUILD/gen/older/older.bpf.o" >"$scratch/new"
is "nothing in them is newer than Linux 5.10" 0 $? "$scratch/new"

for name in process/fork-and-ppid zombie/never-waits orphan/adopted-by-subreaper daemon/textbook exit/crash switch/sleepers lock/mutex deadlock/abba; do
	timeout 60 "$LIFELINE" demo --replay-check "$name" >"$scratch/demo" 2>&1
	is "$name" 0 $? "$scratch/demo"
done

# The shell's children outlive it: the adoption of the first 64 is told, that of the others is not, which is said.
"$LIFELINE" run --format json -o "$scratch/many" -- sh -c 'for i in $(seq 70); do sleep 1 & done' >"$scratch/out" 2>&1
holds "adoptions that are too many are told as lost" "$scratch/many" '.trace.lost.life == 6'
"$LIFELINE" run --format json -o "$scratch/few" -- sh -c 'for i in $(seq 60); do sleep 1 & done' >"$scratch/out" 2>&1
holds "as many as can be told are no loss" "$scratch/few" '.trace.lost.life == 0'

"$LIFELINE" run --locks all -- true >"$scratch/locks" 2>&1
is "--locks all is refused" 125 $? "$scratch/locks"
is "and it is said why" 1 "$(grep -c 'this kernel lacks .*bpf_find_vma' "$scratch/locks")" "$scratch/locks"
[ "$failures" = 0 ]
