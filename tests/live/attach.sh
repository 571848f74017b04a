#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# attach: what was there before, what comes later, and how it ends. The puppet does what the test tells it, when it does.
. tests/live/lib.bash
report=$scratch/report.json
explain='.processes[] | {pid, started_ns, exited_ns, reaped_ns, zombie_ns, waits}'

start_attach() # options…
{
	rm -f "$scratch/err"
	"$LIFELINE" attach -v --format json -o "$report" "$@" 2>"$scratch/err" &
	attached=$!
	started+=("$attached")
	until_true 20 grep -q "^lifeline: observing" "$scratch/err" || fail "attach: began to observe" "$scratch/err"
}

# A child that was born before and dies during the observation; another that is born during it and lives on.
start_puppet
order f
old=$answer
start_attach -p "$puppet" --for 3s
order f
young=$answer
order k
wait "$attached"
is "attach -p: ended well after --for" "0 duration" "$? $(jq -r .trace.ended_by "$report")" "$scratch/err"
is "attach -p: mode" attach "$(jq -r .trace.mode "$report")"
is "attach -p: one finding, on the child that died" "zombie.never-waited $old true" \
	"$(jq -r '[.findings[] | "\(.code) \(.pid) \(.certain)"] | join("; ")' "$report")"
holds "attach -p: parent and child were there before" "$report" \
	'[.processes[] | select(.pid == $parent or .pid == $old) | .started_ns < 0] == [true, true]' \
	--argjson parent "$puppet" --argjson old "$old"
holds "attach -p: the child's life" "$report" '.processes[] | select(.pid == $old) |
	.exited_ns > 0 and .reaped_ns == null and .exit.code == 0 and .zombie_ns > 1e9 and .ppid == $parent' \
	--argjson parent "$puppet" --argjson old "$old"
holds "attach -p: what is born later is followed" "$report" '.processes[] | select(.pid == $young) |
	.started_ns > 0 and .exited_ns == null' --argjson young "$young"
holds "attach -p: nobody else is reported" "$report" '[.processes[].pid] | sort == ([$a, $b, $c] | sort)' \
	--argjson a "$puppet" --argjson b "$old" --argjson c "$young"

# The zombie exists already.
start_attach -p "$puppet" --for 2s
wait "$attached"
is "attach to a zombie: found" "zombie.never-waited $old" \
	"$(jq -r '[.findings[] | "\(.code) \(.pid)"] | join("; ")' "$report")" "$scratch/err"
holds "attach to a zombie: how long it has been dead" "$report" '.findings[0].detail | .zombie_ns > 2e9 and .parent_pid == $p' \
	--argjson p "$puppet"

# … and is collected late, while we look; then all ends.
start_attach -p "$puppet"
order w
is "attach: the puppet collected its zombie" "$old" "$answer"
order k
order w
end_puppet
until_true 10 bash -c "! kill -0 $attached" || fail "attach: ends with its last target"
wait "$attached"
is "attach: ended because the targets were gone" "0 targets-gone" "$? $(jq -r .trace.ended_by "$report")" "$scratch/err"
holds "attach: late reaping is seen, with its reaper" "$report" '.processes[] | select(.pid == $old) |
	.reaped_ns > 0 and (.reaped_by | startswith("\($p)@"))' --argjson old "$old" --argjson p "$puppet"
holds "attach: wait calls of the observed time" "$report" '.processes[] | select(.pid == $p) |
	.waits.calls == 2 and .waits.reaped == 2' --argjson p "$puppet"

# Ctrl-C
start_puppet
start_attach -p "$puppet"
kill -INT "$attached"
wait "$attached"
is "attach: Ctrl-C ends it with its report" "0 interrupt" "$? $(jq -r .trace.ended_by "$report")" "$scratch/err"
is "attach: the observed goes on" S "$(state "$puppet")"
end_puppet

# Nobody there
sleep 0 &
gone=$!
wait "$gone"
"$LIFELINE" attach -p "$gone" --for 1s >"$scratch/out" 2>"$scratch/err"
is "attach: a pid that is gone" "125 1 0" "$? $(wc -l <"$scratch/err") $(wc -l <"$scratch/out")" "$scratch/err"

# Everybody
"$LIFELINE" attach --all --for 1s --format json -o "$report" 2>"$scratch/err"
is "attach --all: ended well" 0 $? "$scratch/err"
holds "attach --all: this shell and its parent are there" "$report" '[.processes[].pid] | contains([$parent, $shell])' \
	--argjson shell $$ --argjson parent $PPID
[ "$failures" = 0 ]
