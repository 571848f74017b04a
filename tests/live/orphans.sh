#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Adoptions that are hard to see. Who adopted a child is read when its parent leaves the processor for the last time, and
# whose children they were as it begins to exit, while others may take them off its list.
. tests/live/lib.bash
report=$scratch/report.json
rounds=10

if [ "$(nproc)" -lt 2 ]; then
	skip "orphans: children that end before their parents are off the processor" "there is but one processor"
	exit 0
fi
"$LIFELINE" run --format json --record "$scratch/trace" -o "$report" -- "$programs/late-adoption" $rounds \
	>"$scratch/truth" 2>"$scratch/err"
is "orphans: the program and lifeline ended well" 0 $? "$scratch/err"
[ "$failures" = 0 ] || exit 1
"$LIFELINE" export jsonl "$scratch/trace" >"$scratch/log"
late=$(jq -n --rawfile truth "$scratch/truth" '[inputs] as $log |
	[$truth | split("\n")[] | select(. != "") | split(" ")[1] | tonumber as $child |
	[$log[] | select((.type == "exit" and .pid == $child) or (.type == "adopt" and .child == $child)) | .type] |
	select(. == ["exit", "adopt"])] | length' <"$scratch/log")
if [ "$late" -gt 0 ]; then
	pass "orphans: $late children exited before their adoption could be told"
else
	skip "orphans: children that exited before their adoption could be told" "all parents were through before"
fi
is "orphans: each was adopted all the same, and by which rule" "$(sort "$scratch/truth")" \
	"$(jq -r '.findings[] | select(.code == "orphan.adopted" and .certain and .detail.rule == "subreaper") |
		"\(.detail.from | split("@")[0]) \(.pid)"' "$report" | sort)"
is "orphans: nothing is taken for lost" "$(jq -c '.trace.lost | map_values(0)' "$report")" "$(jq -c .trace.lost "$report")"
[ "$failures" = 0 ]
