#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# --export on live runs: what the recorded trace exports to is the same, byte for byte; trouble with one export is that
# export's alone.
. tests/live/lib.bash
trace=$scratch/trace

formats=$("$LIFELINE" export no-such-format x 2>&1 | sed 's/.*ormats are: //; s/,//g')
options=()
for format in $formats; do
	options+=(--export "$format:$scratch/live.$format")
done
is "export: formats" "yes" "$([[ " $formats " = *" jsonl "* ]] && echo yes)"

# same NAME: each format of the live run equals that of the trace
same()
{
	local format

	for format in $formats; do
		"$LIFELINE" export "$format" "$trace" -o "$scratch/replayed.$format" 2>"$scratch/err"
		if cmp "$scratch/live.$format" "$scratch/replayed.$format" >"$scratch/cmp" 2>&1; then
			pass "$1: $format is that of the recording"
		else
			fail "$1: $format is that of the recording" "$scratch/cmp" "$scratch/err"
		fi
	done
}

timeout 30 "$LIFELINE" run --record "$trace" "${options[@]}" -- "$DEMOS/zombie/never-waits" >"$scratch/out" 2>"$scratch/err"
is "run --export: CMD's exit status" 0 $? "$scratch/err"
same "run --export"
is "run --export: for its owner's eyes" 600 "$(stat -c %a "$scratch/live.jsonl")"
is "run --export: each death is a line" "$("$LIFELINE" report --format json "$trace" | jq '[.processes[] | select(.exited_ns)] | length')" \
	"$(jq -s 'map(select(.type == "exit" and .live == 0)) | length' "$scratch/live.jsonl")"
is "run --export: in order of time" true "$(jq -s '[.[].t_ns] | . == sort' "$scratch/live.jsonl")"

start_puppet
"$LIFELINE" attach -p "$puppet" --record "$trace" "${options[@]}" --for 20s -o /dev/null 2>"$scratch/err" &
observer=$!
started+=("$observer")
until_true 60 observing "$observer"
order f
end_puppet
wait "$observer"
is "attach --export: ends with its target" 0 $? "$scratch/err"
same "attach --export"

"$LIFELINE" run --format json -o "$scratch/report.json" --export jsonl:/dev/full -- "$DEMOS/zombie/leak" >/dev/null 2>"$scratch/err"
is "run --export: a full disk is told, once" "125 1" "$? $(grep -c . "$scratch/err")" "$scratch/err"
holds "run --export: and costs the report nothing" "$scratch/report.json" 'any(.findings[]; .code == "zombie.leak")'
"$LIFELINE" run --export jsonl:- -o /dev/null -- true 2>"$scratch/err" | head -n 1 >"$scratch/out"
is "run --export jsonl:-: streams" header "$(jq -r .type "$scratch/out")" "$scratch/err"

# ---- a pid namespace: both pids

if unshare -pf true 2>/dev/null; then
	timeout 30 "$LIFELINE" run --record "$trace" "${options[@]}" -o /dev/null -- \
		unshare -pf sh -c 'echo $$; sh -c '"'echo \$\$; :'; :" >"$scratch/out" 2>"$scratch/err"
	same "run --export, nested"
	is "run --export, nested: the pids that the programs print" "$(paste -sd' ' "$scratch/out")" \
		"$(jq -r 'select(.type == "exec" and .ns_pid) | .ns_pid' "$scratch/live.jsonl" | paste -sd' ')" "$scratch/err"
	is "run --export, nested: the births say so too" "$(paste -sd' ' "$scratch/out")" \
		"$(jq -r 'select(.type == "fork" and .child_ns_pid) | .child_ns_pid' "$scratch/live.jsonl" | paste -sd' ')"
else
	skip "run --export, nested" "no pid namespace can be made here"
fi
[ "$failures" = 0 ]
