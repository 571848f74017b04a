#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A long observation of many short lives: the records of those that are over are folded into totals, and every one is
# accounted for, in the report as in the replay.
. tests/live/lib.bash
report=$scratch/report.json
count=12000

"$LIFELINE" attach --all --locks off --format json -o "$report" --record "$scratch/trace" 2>"$scratch/err" &
lifeline=$!
started+=("$lifeline")
until_true 10 observing "$lifeline"
"$programs/storm" "$count"
sleep 1.2 # nobody is retired sooner than a second after its end
"$programs/storm" 3000
kill -INT "$lifeline"
wait "$lifeline"
is "soak: attach --all ended well" 0 $? "$scratch/err"
explain='.trace.events, .trace.lost, .retired'
is "soak: nothing lost" 0 "$(jq .trace.lost.total "$report")"
holds "soak: some thousands keep their rows, the others are retired" "$report" '
	([.processes[] | select(.comm == "storm")] | length) as $listed |
	(.retired.by_comm[] | select(.comm == "storm")).processes as $retired |
	$retired > 500 and $listed > 4000 and $listed + $retired == $count + 3002' --argjson count "$count"
holds "soak: who retired had threads, switches and time on a processor" "$report" '.retired |
	.threads >= .processes and .switches.voluntary > 0 and .switches.involuntary > 0 and .cpu_ns > 0'
"$LIFELINE" report --format json -o "$scratch/replay.json" "$scratch/trace"
same() { jq -S '[.retired, (.processes | length), [.findings[] | .code, .pid, .title]]' "$1"; }
is "soak: the replay retires the same" "$(same "$report")" "$(same "$scratch/replay.json")"
"$LIFELINE" report "$scratch/trace" >"$scratch/text"
is "soak: the text says so" 1 "$(grep -c "of them came and went in good order and are not listed one by one: .*storm" "$scratch/text")" "$scratch/text"
[ "$failures" = 0 ]
