#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# --locks all against a program that knows how often it took each of its locks, and how long it held one.
. tests/live/lib.bash

# Sums over all locks of that name (a forked child has its own), or over the one in shared memory.
take_apart='[.locks[] | select(if $name == "-shared" then .shared and .kind == "mutex" else .name == $name end)]'

counts()
{
	local report=$scratch/holds.json name kind count least most

	"$LIFELINE" run --locks all --contended-after 100s --format json -o "$report" -- \
		"$programs/lock-holds" >"$scratch/holds" 2>"$scratch/said"
	is "lock-holds: runs" "0 25" "$? $(wc -l <"$scratch/holds")" "$scratch/said" || return
	is "lock-holds: the price of a call is told, once" 1 "$(grep -c "each call of a lock function takes [0-9.]* us now" "$scratch/said")"
	holds "lock-holds: nothing is lost" "$report" '.trace.lost.total == 0'
	holds "lock-holds: no finding but on who ended with a lock" "$report" 'all(.findings[]; .code == "lock.owner-died")'
	while read -r name kind count least most; do
		explain='.locks[] | [.name, .kind, .shared, [.holders[] | [.tid, .acquisitions, .max_hold_ns]]]' \
			holds "lock-holds: $name was taken $count times" "$report" "$take_apart"' |
			all(.[]; .kind == $kind) and ([.[].holders[].acquisitions // 0] | add // 0) == $count' \
			--arg name "$name" --arg kind "$kind" --argjson count "$count"
		[ "$most" = 0 ] ||
			holds "lock-holds: $name was held for so long as it says" "$report" "$take_apart"' |
				[.[].holders[].max_hold_ns // 0] | max | . >= $least and . <= $most' \
				--arg name "$name" --argjson least "$least" --argjson most "$most"
	done <"$scratch/holds"
	holds "lock-holds: the place of the longest hold" "$report" '
		[.locks[] | select(.name == "slow").sites[] | select(.acquisitions)] |
		max_by(.max_hold_ns).stack[0] | test("^one_after_the_other at lock-holds.c:")'
}

# What the report says is the same live and from the trace.
replay()
{
	local report=$scratch/live.json trace=$scratch/holds.trace

	"$LIFELINE" run --locks all --record "$trace" --format json -o "$report" -- "$programs/lock-holds" >"$scratch/holds" 2>&1
	"$LIFELINE" report "$trace" --format json -o "$scratch/replay.json"
	is "lock-holds: replay tells the same locks" "$(jq -S .locks "$report" | cksum)" "$(jq -S .locks "$scratch/replay.json" | cksum)"
}

as_many() { [ "$(bpftool prog show 2>/dev/null | grep -c ll_lock_call)" = "$1" ]; }

# Without the option nothing of it is in the kernel; after it nothing stays.
traces()
{
	local before after

	until_true 5 as_many 0 # those of the tests before
	before=$(bpftool prog show 2>/dev/null | grep -c ll_lock_call)
	"$LIFELINE" run -- bpftool prog show 2>/dev/null >"$scratch/contended"
	is "lock-holds: no probe without --locks all" "$before" "$(grep -c ll_lock_call "$scratch/contended")"
	"$LIFELINE" run --locks all -q -- bpftool prog show 2>/dev/null >"$scratch/all"
	is "lock-holds: a probe with it" $((before + 1)) "$(grep -c ll_lock_call "$scratch/all")"
	until_true 5 as_many "$before" # the kernel frees a program a moment after its last link
	after=$(bpftool prog show 2>/dev/null | grep -c ll_lock_call)
	is "lock-holds: none stays behind" "$before" "$after"
}

# Who is there already: all that it does from attach on is seen, and no lock is thought to be held that it had before.
attached()
{
	local report=$scratch/attached.json pid lifeline name kind count rest

	mkfifo "$scratch/go"
	"$programs/lock-holds" wait <>"$scratch/go" >"$scratch/holds" &
	pid=$!
	started+=("$pid")
	"$LIFELINE" attach -v -p "$pid" --locks all --format json -o "$report" 2>"$scratch/said" &
	lifeline=$!
	started+=("$lifeline")
	until_true 20 grep -q "^lifeline: observing" "$scratch/said" || fail "lock-holds: attach begins" "$scratch/said"
	echo >"$scratch/go"
	wait "$pid" "$lifeline"
	while read -r name kind count rest; do
		[ "$name" != -shared ] || continue
		holds "lock-holds: attached, $name was taken $count times" "$report" "$take_apart"' |
			([.[].holders[].acquisitions // 0] | add // 0) == $count' --arg name "$name" --argjson count "$count"
	done <"$scratch/holds"
	holds "lock-holds: attached, no finding but on who ended with a lock" "$report" \
		'all(.findings[]; .code == "lock.owner-died" or .code == "lock.contended")'
}

# With the C library linked in: exact if it is CMD itself, and told to be incomplete if exec made it of something else.
linked_in()
{
	local report=$scratch/static.json

	if ! "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -static -o "$scratch/static" tests/live/programs/lock-holds.c -pthread 2>/dev/null; then
		skip "lock-holds: a static program" "no static C library, or no compiler"
		return
	fi
	"$LIFELINE" run --locks all --format json -o "$report" -- "$scratch/static" >/dev/null 2>&1
	holds "lock-holds: a static program is counted" "$report" "$take_apart"' |
		([.[].holders[].acquisitions // 0] | add // 0) == 1100' --arg name plain
	"$LIFELINE" run --locks all --format json -o "$report" -- sh -c "exec $scratch/static" >/dev/null 2>&1
	holds "lock-holds: one that exec makes has lost its first calls, and that is told" "$report" '.trace.lost.lock >= 1'
}

counts
replay
linked_in
traces
attached
exit $((failures > 0))
