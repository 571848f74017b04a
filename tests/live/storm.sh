#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# 5,000 short lives in a row: each is accounted for, from birth to reaping, or the loss is told to the number.
. tests/live/lib.bash
report=$scratch/report.json
count=5000

"$LIFELINE" run --format json -o "$report" -- "$programs/storm" "$count" 2>"$scratch/err"
is "storm: the program and lifeline ended well" 0 $? "$scratch/err"
explain='.trace.events, .trace.lost'
is "storm: nothing lost" 0 "$(jq .trace.lost.total "$report")"
is "storm: all lives told" $((count + 1)) "$(jq '.processes | length' "$report")"
holds "storm: identities are unique" "$report" '[.processes[].id] | length == (unique | length)'
holds "storm: each ended, with its own status, and was reaped by its parent" "$report" '
	(.processes | min_by(.started_ns).id) as $storm |
	[.processes[] | select(.parent == $storm)] |
	length == $count and all(.exited_ns != null and .reaped_by == $storm and .zombie_ns != null) and
	([.[].exit.code] | group_by(.) | map(length) | . == [range(100) | $count / 100])' --argjson count "$count"
holds "storm: the parent's waits" "$report" '[.processes[] | select(.waits.calls > 0)] |
	length == 1 and .[0].waits.calls == $count and .[0].waits.reaped == $count' --argjson count "$count"
is "storm: no finding" "[]" "$(jq -c '[.findings[].code]' "$report")"
[ "$failures" = 0 ]
