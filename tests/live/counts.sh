#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Context switches are the kernel's own count (getrusage), and time blocked in sleep is what was asked for. See
# programs/counts.c for the one switch of difference.
. tests/live/lib.bash
report=$scratch/report.json

"$LIFELINE" run --format json -o "$report" -- "$programs/counts" >"$scratch/truth" 2>"$scratch/err"
is "counts: the program and lifeline ended well" 0 $? "$scratch/err"

while read -r name pid voluntary involuntary slept_ms cpu_us; do
	is "counts: $name: voluntary and involuntary switches" "$voluntary $involuntary" \
		"$(jq -r --argjson pid "$pid" '.processes[] | select(.pid == $pid) |
			"\(.switches.voluntary) \(.switches.involuntary)"' "$report")"
	holds "counts: $name: time on a processor" "$report" '.processes[] | select(.pid == $pid) |
		.cpu_ns / 1e3 | . > 0.95 * $us - 2000 and . < 1.05 * $us + 2000' --argjson pid "$pid" --argjson us "$cpu_us"
	[ "$slept_ms" -gt 0 ] || continue
	holds "counts: $name: slept about $slept_ms ms" "$report" '.processes[] | select(.pid == $pid) |
		.blocked_ns.sleep / 1e6 | . > 0.9 * $ms and . < 1.2 * $ms' --argjson pid "$pid" --argjson ms "$slept_ms"
	holds "counts: $name: the threads' switches add up to the process'" "$report" '.processes[] | select(.pid == $pid) |
		.switches.voluntary == ([.threads[].switches.voluntary] | add)' --argjson pid "$pid"
done <"$scratch/truth"
is "counts: all told" 6 "$(wc -l <"$scratch/truth")"

of() { jq -r --arg name "$1" "[.processes[] | select(.pid == $(awk -v n="$1" '$1 == n { print $2 }' "$scratch/truth"))][0] | $2" "$report"; }
is "counts: ping was blocked in read" true "$(of ping '.blocked_ns.read > 0 and .blocked_ns.read > .blocked_ns.sleep')"
is "counts: compute used a processor" true "$(of compute '.cpu_ns > 10e6')"
is "counts: the main thread of threaded was blocked in join" true "$(of threaded '.threads[0].blocked_ns.futex > 100e6')"

# On a busy machine threads wait for their last switch until after their process was collected, its leader freed and the
# leader's memory used for another. Their counters come all the same.
for ((processor = 0; processor < $(nproc); processor++)); do
	taskset -c $processor bash -c 'while :; do (:); done' &
	started+=($!)
	taskset -c $processor bash -c 'while :; do :; done' &
	started+=($!)
done
disown -a # their ends are no news
"$LIFELINE" run --format json -o "$report" -- "$DEMOS/lock/long-hold" >"$scratch/truth" 2>"$scratch/err"
is "counts: busy machine: lifeline ended well" 0 $? "$scratch/err"
holds "counts: busy machine: all threads have counters" "$report" \
	'[.processes[].threads[].switches.voluntary] | length == 5 and all(. >= 1)'
[ "$failures" = 0 ]
