#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Locks: what each kind of wait looks like, and whether the holders told are right, against programs that know.
. tests/live/lib.bash

# programs/lock-kinds makes a wait of each kind, and says: NAME KIND HOLDER.
kinds()
{
	local report=$scratch/kinds.json name kind holder lock

	"$LIFELINE" run --format json -o "$report" -- "$programs/lock-kinds" >"$scratch/kinds"
	is "lock-kinds: runs" 19 "$(wc -l <"$scratch/kinds")"
	while read -r name kind holder; do
		lock=$name
		case $kind in
		join) lock=null name="the thread" ;;
		file) name=${name%.*} ;;
		esac
		explain='.locks[] | [.name, .kind, .holders]' \
			holds "lock-kinds: ${name##*/} is a $kind, held by $holder" "$report" '
			[.locks[] | select((.name // "null") == $lock)] as $found | ($found | length) == 1 and
			($found[0] | (.kind | test("^(\($kind))$")) and any(.waiters[]; .comm == "waiter" and .waits >= 1) and
			 if $holder == "unknown" then all(.holders[]; .tid == null) else any(.holders[]; .comm == $holder) end)' \
			--arg lock "$lock" --arg kind "$kind" --arg holder "$holder"
	done <"$scratch/kinds"
}

# observe_truth SECONDS: runs lock-truth for so long, and judges what was told. False if it could not be judged.
observe_truth()
{
	local trace=$scratch/truth.trace report=$scratch/truth.json

	"$LIFELINE" run --record "$trace" --format json -o "$report" -- "$programs/lock-truth" "$1" "$scratch/truth"
	"$LIFELINE" export jsonl "$trace" -o "$scratch/truth.jsonl"
	tests/live/lock_truth.py "$scratch/truth" "$report" "$scratch/truth.jsonl" >"$scratch/verdict"
}

# Never a wrong holder. The checker is itself checked: with all times a millisecond off, it must find wrong ones. A busy
# machine lets the threads meet less often: then they get more time.
truth()
{
	local seconds=${LOCK_TRUTH_SECONDS:-6} report=$scratch/truth.json
	local enough='.held_5us.waits > 100 and .held_50us.waits > 100 and .held_500us.waits > 100'

	for seconds in "$seconds" $((2 * seconds)) $((4 * seconds)); do
		if ! observe_truth "$seconds"; then
			fail "lock-truth: can be judged"
			return
		fi
		jq -e "$enough" "$scratch/verdict" >/dev/null && break
	done
	sed 's,^,# ,' "$scratch/verdict"
	holds "lock-truth: no holder is wrong" "$scratch/verdict" 'all(.[]; .wrong == 0)'
	holds "lock-truth: waits of each hold time are told" "$scratch/verdict" "$enough"
	holds "lock-truth: most holders are known (the others were handing over)" "$scratch/verdict" \
		'([.[] | .known] | add) >= 0.6 * ([.[] | .waits] | add)'
	tests/live/lock_truth.py "$scratch/truth" "$report" "$scratch/truth.jsonl" 1000000 >"$scratch/verdict"
	holds "lock-truth: a millisecond off would be noticed" "$scratch/verdict" '([.[] | .wrong] | add) > 100'
}

# Numbers of waits, exactly.
facts()
{
	local report=$scratch/facts.json what waits timeouts

	for what in plain signals timeouts; do
		read -r waits timeouts <<<"$("$LIFELINE" run --format json -o "$report" -- "$programs/lock-facts" "$what")"
		explain='.locks[] | [.name, .waits, .timeouts, .wait_ns]' holds "lock-facts: $what" "$report" '
			[.locks[] | select(.name == "subject")] as $found |
			([$found[].waits] | add // 0) == $waits and ([$found[].timeouts] | add // 0) == $timeouts' \
			--argjson waits "$waits" --argjson timeouts "$timeouts"
	done
	holds "lock-facts: how long" "$report" '.locks[] | select(.name == "subject") | .wait_ns > 2.5e8 and .wait_ns < 5e9'
	"$LIFELINE" run --format json -o "$report" -- "$programs/lock-facts" shared
	explain='.locks[] | [.name, .shared, .address, .processes]' holds "lock-facts: shared, at two addresses, is one lock" \
		"$report" '[.locks[] | select(.shared)] | length == 1 and (.[0].processes | length) == 2 and
			(.[0].waiters | length) == 2 and .[0].waits >= 2 and (.[0].holders | length) == 2'
	"$LIFELINE" run --locks off --format json -o "$report" -- "$programs/lock-facts" timeouts >"$scratch/out"
	holds "lock-facts: --locks off tells nothing" "$report" '.locks == []'
}

# How long a waiter slept, also where the kernel counts its sleep as time in the run queue.
moved()
{
	local report=$scratch/moved.json file waited status

	"$LIFELINE" run --format json -o "$report" -- "$programs/moved-asleep" >"$scratch/out" 2>"$scratch/err"
	status=$?
	if [ "$status" = 77 ]; then
		skip "moved-asleep: how long" "one processor, or this kernel counts no sleep as run queue"
		return
	fi
	is "moved-asleep: runs" 0 "$status" "$scratch/err"
	read -r file waited _ <"$scratch/out"
	explain='.locks[] | [.name, .wait_ns]' holds "moved-asleep: how long" "$report" '
		[.locks[] | select(.name == $file)] | length == 1 and .[0].wait_ns > 0.8 * $waited * 1e6' \
		--arg file "$file" --argjson waited "$waited"
	explain='.processes[] | select(.comm == "waiter") | [.pid, .runqueue_ns, .blocked_ns.other]' \
		holds "moved-asleep: it was blocked, not in the run queue" "$report" '
		[.processes[] | select(.comm == "waiter")] | max_by(.started_ns) |
		.blocked_ns.other > 0.8 * $waited * 1e6 and
		.runqueue_ns + .blocked_ns.other + .cpu_ns < 1.1 * (.exited_ns - .started_ns)' --argjson waited "$waited"
}

# A wait that goes on when observation begins, and one that is told to its end.
late()
{
	local report=$scratch/late.json observer program

	"$programs/lock-facts" late "$scratch/mark" >"$scratch/out" &
	program=$!
	started+=("$program")
	until_true 10 test "$(state "$program")" = S
	"$LIFELINE" attach -p "$program" --format json -o "$report" 2>"$scratch/err" &
	observer=$!
	until_true 60 observing "$observer"
	sleep 0.3
	touch "$scratch/mark"
	wait "$program" "$observer"
	explain='.locks[] | [.name, .kind, .waits, .wait_ns]' holds "attach: a wait that was there before" "$report" '
		.locks[] | select(.name == "subject") | .kind == "mutex" and .waits == 1 and .wait_ns > 2e8'
}

# Waiting for work is no contention, and being idle is no deadlock.
healthy()
{
	local way report=$scratch/idle.json

	for way in pool joiners consumer timed; do
		"$LIFELINE" run --format json -o "$report" -- "$programs/idle" $way
		holds "idle $way: runs, and there is nothing to find" "$report" '.exit.code == 0 and .findings == []'
	done
}

kinds
truth
facts
moved
late
healthy
[ "$failures" = 0 ]
