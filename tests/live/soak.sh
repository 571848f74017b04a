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
until_true 60 observing "$lifeline"
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
	.threads >= .processes and .switches.voluntary + .switches.involuntary > 0 and .cpu_ns > 0'
"$LIFELINE" report --format json -o "$scratch/replay.json" "$scratch/trace"
same() { jq -S '[.retired, (.processes | length), [.findings[] | .code, .pid, .title]]' "$1"; }
is "soak: the replay retires the same" "$(same "$report")" "$(same "$scratch/replay.json")"
"$LIFELINE" report "$scratch/trace" >"$scratch/text"
is "soak: the text says so" 1 "$(grep -c "of them came and went in good order and are not listed one by one: .*storm" "$scratch/text")" "$scratch/text"

# ---- threads that ended, of a process that goes on

"$programs/thread-storm" 20000 60000 >"$scratch/out" &
threads=$!
started+=("$threads")
"$LIFELINE" attach -p "$threads" --format json -o "$report" --record "$scratch/trace" 2>"$scratch/err" &
lifeline=$!
started+=("$lifeline")
until_true 100 grep -q "done" "$scratch/out"
sleep 0.2 # sums of the last waits
kill -INT "$lifeline"
wait "$lifeline"
explain='[.trace.lost, (.processes[] | [(.threads | length), .retired_threads]), (.locks[] | del(.waiters, .holders))]'
holds "soak: of its threads some thousands have rows, the others are in sums" "$report" '.trace.lost.total == 0 and
	(.processes[] | select(.pid == $pid) | (.threads | length) <= 12000 and .retired_threads.threads >= 1000 and
	.retired_threads.switches.voluntary > .retired_threads.threads and .retired_threads.cpu_ns > 0)' --argjson pid "$threads"
holds "soak: what they waited for a lock is in sums as well" "$report" '.locks[] | select(.name == "the_lock") |
	.retired_waiters.threads >= 500 and .retired_waiters.waits + ([.waiters[].waits] | add) == .waits and
	(.retired_waiters.wait_ns + ([.waiters[].wait_ns] | add) - .wait_ns | fabs) < 1 and
	(.waiters[0].wait_ns == .max_wait_ns)'
"$LIFELINE" report --format json -o "$scratch/replay.json" "$scratch/trace"
same_threads() { jq -S '[.processes[] | .retired_threads, (.threads | length)], [.locks[] | .retired_waiters, .retired_holders]' "$1"; }
is "soak: the replay retires the same threads" "$(same_threads "$report")" "$(same_threads "$scratch/replay.json")"
kill "$threads"

# ---- while it goes on: findings as they come, counters in between; never in the report

follow() { timeout 30 "$LIFELINE" run -o "$report" --interval 500ms "$@" -- "$DEMOS/zombie/never-waits" >"$scratch/out" 2>"$scratch/err"; }

follow --format json --follow
is "follow: each finding of the report is told once" "$(jq -c '[.findings[] | [.code, .pid, .title]] | sort' "$report")" \
	"$(grep '^{' "$scratch/err" | jq -cs '[.[] | select(.type == "finding") | [.code, .pid, .title]] | sort')" "$scratch/err"
is "follow: a header comes first" '["header","lifeline.follow/1"]' "$(grep '^{' "$scratch/err" | head -n 1 | jq -c '[.type, .schema]')"
grep '^{' "$scratch/err" | jq -s '[.[] | select(.type == "counters")]' >"$scratch/counters"
holds "interval: several, in order" "$scratch/counters" 'length >= 4 and ([.[].t_ns] | . == sort)'
holds "interval: the last is the whole, and the sum of what came since the one before" "$scratch/counters" '
	.[-1] as $last | ["forked", "exited", "reaped", "zombies", "switches", "events", "lost"] |
	all(.[]; . as $key | ([$all[0][] | .delta[$key]] | add) == $last[$key])' --slurpfile all "$scratch/counters"
holds "interval: as many as the report tells" "$report" '
	$all[0][-1] as $last | .trace.events == $last.events and .trace.lost.total == $last.lost and
	([.processes[] | select(.exited_ns != null)] | length) == $last.exited and
	([.processes[].switches | .voluntary + .involuntary] | add) == $last.switches' --slurpfile all "$scratch/counters"
follow --follow
is "follow: in text, a line" 1 "$(grep -c '^lifeline: warning\[zombie.never-waited\] after .* s: child' "$scratch/err")" "$scratch/err"
is "interval: in text, a line each" true \
	"$([ "$(grep -c '^lifeline: [0-9.]* m*s: forked 2 (+[0-9]*), exited' "$scratch/err")" -ge 4 ] && echo true)" "$scratch/err"
is "follow: nothing of it in the report" 0 "$(grep -c '^lifeline: warning' "$report")" "$report"
[ "$failures" = 0 ]
