#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# --switches all: each context switch is an event, as many as the kernel counted; a ring that is too small loses switches
# and nothing else; without it nothing of it is loaded.
. tests/live/lib.bash
report=$scratch/report.json
lines=$scratch/lines.jsonl

# How many switches of each thread of CMD were told, less those that the kernel's counters say; the last one of a thread
# is no switch that a program could see.
differences='
	reduce inputs as $line ({}; if $line.type == "switch" and $line.reason != "exit" and $line.tid != 0
		then .["\($line.tid) \(if $line.reason == "involuntary" then "involuntary" else "voluntary" end)"] += 1 else . end)
	| . as $told
	| [$report.processes[] | .threads[] | .tid as $tid | .switches
		| (["voluntary", .voluntary], ["involuntary", .involuntary]) as [$kind, $count]
		| select(($told["\($tid) \($kind)"] // 0) != $count) | {$tid, $kind, $count, told: $told["\($tid) \($kind)"]}]'

for name in switch/ping-pong switch/cpu-hogs process/join-waits-for-the-longest; do
	timeout 60 "$LIFELINE" run --switches all --format json -o "$report" --export "jsonl:$lines" \
		--export "perfetto:$scratch/pftrace" -- "$DEMOS/$name" >"$scratch/out" 2>"$scratch/err"
	holds "$name: nothing was lost" "$report" '.trace.lost.total == 0'
	is "$name: as many switches as the kernel counted" "[]" \
		"$(jq -nc --slurpfile reports "$report" "\$reports[0] as \$report | $differences" "$lines")" "$scratch/err"
	if command -v protoc >/dev/null; then
		python3 tests/export/perfetto.py "$scratch/pftrace" >"$scratch/timeline" 2>"$scratch/err"
		is "$name: its timeline holds together" 0 $? "$scratch/err"
	else
		skip "$name: its timeline holds together" "protoc (protobuf-compiler) is not installed"
	fi
done

timeout 60 "$LIFELINE" run --switches all --format json -o "$report" --export "jsonl:$lines" -- "$DEMOS/switch/ping-pong" >/dev/null 2>&1
is "ping-pong: each wakes the other" true "$(jq -s '[.[] | select(.type == "switch" and .woken_by != null)]
	| length > 1000 and (map([.woken_by, .next]) | unique | map(select(.[0] != .[1])) | length >= 2)' "$lines")"
timeout 60 "$LIFELINE" run --switches all --format json -o "$report" --export "jsonl:$lines" -- "$DEMOS/switch/sleepers" >/dev/null 2>&1
is "sleepers: what a timer wakes was woken by nobody" 0 "$(jq -s 'reduce .[] as $line ({asleep: {}, wrong: 0};
	if $line.type != "switch" then .
	else (if .asleep["\($line.next)"] == "sleep" and $line.woken_by then .wrong += 1 else . end) | .asleep["\($line.tid)"] = $line.reason end) | .wrong' "$lines")"

# A ring that the switches of ping-pong overrun while lifeline is kept from reading it.
timeout 60 "$LIFELINE" run --switches all --buffer 64K --format json -o "$report" --export "jsonl:$lines" -- \
	"$DEMOS/switch/ping-pong" >/dev/null 2>"$scratch/err" &
observer=$!
started+=("$observer")
ping() { pgrep -of "^$DEMOS/switch/ping-pong\$" >"$scratch/pids"; }
until_true 10 ping
reader=$(ps -o ppid= -p "$(cat "$scratch/pids")" | tr -d ' ')
kill -STOP "$reader"
sleep 0.5
kill -CONT "$reader"
wait "$observer"
holds "a small ring: switches are lost, and nothing else" "$report" '.trace.lost | .timeline > 0 and .total == .timeline'
holds "a small ring: that is told" "$report" 'any(.findings[]; .code == "trace.lost")'
holds "a small ring: the counts do not rest on it" "$report" '[.processes[].switches | .voluntary + .involuntary] | add
	> $told' --argjson told "$(grep -c '"type":"switch"' "$lines")"
holds "a small ring: each life is whole" "$report" '[.processes[] | select(.exited_ns and .reaped_ns)] | length == 2'
is "a small ring: the losses are lines of the log" "$(jq .trace.lost.timeline "$report")" \
	"$(jq -s 'map(select(.type == "lost" and .class == "timeline").count) | add' "$lines")"

"$LIFELINE" run --export "jsonl:$lines" -- "$DEMOS/switch/sleepers" >/dev/null 2>&1
is "--switches sum: no switch is an event" 0 "$(grep -c '"type":"switch"' "$lines")"

# loaded OPTION…: is the program that only the timeline needs among what lifeline has in the kernel?
loaded()
{
	"$LIFELINE" attach -p $$ --for 20s -o /dev/null "$@" 2>/dev/null &
	local observer=$! id found=no

	started+=("$observer")
	until_true 60 observing "$observer"
	for id in $(programs_of "$observer"); do
		bpftool prog show id "$id" 2>/dev/null | grep -q ' ll_wake ' && found=yes
	done
	kill -INT "$observer"
	wait "$observer"
	echo $found
}
is "--switches sum: its program is not loaded" no "$(loaded)"
is "--switches all: its program is loaded" yes "$(loaded --switches all)"
[ "$failures" = 0 ]
