#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Wait calls and collected children, exactly as the program made them: polls, looks, failures and stops included.
. tests/live/lib.bash
report=$scratch/report.json

"$LIFELINE" run --format json -o "$report" -- "$programs/waits" >"$scratch/truth" 2>"$scratch/err"
is "waits: the program and lifeline ended well" 0 $? "$scratch/err"
read -r pid calls reaped <"$scratch/truth"
is "waits: calls and reaped" "$calls $reaped" \
	"$(jq -r --argjson pid "$pid" '.processes[] | select(.pid == $pid) | "\(.waits.calls) \(.waits.reaped)"' "$report")"
holds "waits: each child was reaped by its parent" "$report" \
	'(.processes[] | select(.pid == $pid) | .id) as $id |
	[.processes[] | select(.parent == $id)] | length == 12 and all(.reaped_by == $id and .reaped_ns >= .exited_ns)' \
	--argjson pid "$pid"
holds "waits: exit statuses" "$report" '[.processes[].exit.code] | sort == ([range(12)] | map(0)) + [3]'
is "waits: no finding" "[]" "$(jq -c '[.findings[].code]' "$report")"
[ "$failures" = 0 ]
