#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `lifeline locks PID`: programs that hang already, and what cannot be looked at.
. tests/live/lib.bash
report=$scratch/report.json
explain='.locks[] | [.kind, .name, [.waiters[].comm], [.holders[].comm]]'
mkfifo "$scratch/alive"
exec 9<>"$scratch/alive" # its writing end: the programs live until it is closed

# hang PROGRAM…: starts it and waits until it says `ready PID`; then it is $hung.
hang()
{
	: >"$scratch/ready"
	"$@" <"$scratch/alive" >"$scratch/ready" 2>"$scratch/err" 9>&- &
	started+=("$!")
	until_true 20 grep -q '^ready' "$scratch/ready" || fail "$*: hangs" "$scratch/err"
	hung=$!
}

look() # options…
{
	timeout 60 "$LIFELINE" locks --format json -o "$report" "$@" 2>"$scratch/err"
	status=$?
}

end()
{
	# shellcheck disable=SC2046 # a list of pids
	kill -KILL "$hung" $(pgrep -P "$hung") 2>/dev/null
	wait "$hung" 2>/dev/null
}

circle()
{
	is "$1: ended with 99" 99 "$status" "$scratch/err"
	holds "$1: the circle is found" "$report" '[.findings[].code] == ["deadlock.cycle"] and .findings[0].certain'
	holds "$1: each waits for what the other holds" "$report" '
		(.locks | length) == 2 and
		([.locks[] | {(.name): "\(.waiters[0].comm) \(.holders[0].comm) \(.holders[0].holding_now)"}] | add) ==
		{lock_a: "second first true", lock_b: "first second true"}'
}

hang "$programs/hung" abba
look "$hung" --fail-on deadlock
circle "locks"
holds "locks: the places are told" "$report" '[.findings[0].detail.cycle[].site] | all(test("^[a-z_]+ at (hung.c|threads.h):[0-9]+"))'
is "locks: it was not stopped" S "$(state "$hung")"
look --proc "$hung" --fail-on deadlock
circle "locks --proc"
timeout 60 "$LIFELINE" locks "$hung" >"$scratch/out" 2>"$scratch/err"
is "locks: as text" "0 1" "$? $(grep -c 'a circle$' "$scratch/out")" "$scratch/out" "$scratch/err"
end

hang unshare -pf "$programs/hung" abba
hung=$(pgrep -P "$hung" -x hung)
look "$hung" --fail-on deadlock
circle "locks in a pid namespace"
end

switches_of()
{
	awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$1/task"/*/status
}

hang "$programs/hung" semaphores
before=$(switches_of "$hung")
look "$hung" --fail-on deadlock
holds "locks: semaphores name no holder, but nobody is left to post" "$report" '
	[.findings[].code] == ["deadlock.total"] and (.findings[0] | .certain and
	([.detail.cycle[].comm] | sort) == ["first", "hung", "second"] and all(.detail.cycle[]; .held_by_tid == null))'
is "locks: no thread of it has run for that" "$before" "$(switches_of "$hung")"
end

hang "$programs/hung" self
look "$hung"
holds "locks: a thread waits for itself" "$report" '[.findings[].code] == ["deadlock.self"]'
end

hang "$programs/hung" chain
look "$hung" --fail-on deadlock
is "locks: a chain is no circle" 0 "$status" "$scratch/err"
holds "locks: the chain is told" "$report" '
	([.locks[] | {(.name): [.waiters[0].comm, .holders[0].comm]}] | add) ==
	{lock_a: ["second", "first"], lock_b: ["third", "second"]}'
end

hang "$programs/hung" many 1000
look "$hung"
holds "locks: a thousand threads" "$report" '.locks | length == 1 and (.[0].waiters | length) == 1000 and
	all(.[0].waiters[]; .waiting_now) and .[0].holders[0].tid == $pid' --argjson pid "$hung"
end

# Is any thread of it still on its way to where it will hang? These say `ready` before they do.
at_rest()
{
	local before

	before=$(switches_of "$1")
	sleep 0.3
	[ "$before" = "$(switches_of "$1")" ]
}

# compiled NAME COMPILER ARGUMENT…: hangs tests/live/programs/hung-abba in another language, if there is a compiler
compiled()
{
	local name=$1

	shift
	if ! command -v "$1" >/dev/null; then
		skip "locks: of a program in $name" "$1 is not installed"
		return 1
	fi
	if ! "$@" -g -o "$scratch/abba" >"$scratch/out" 2>&1; then
		fail "locks: a program in $name compiles" "$scratch/out"
		return 1
	fi
	hang "$scratch/abba"
	until_true 10 at_rest "$hung"
	look "$hung"
}

if compiled C++ g++ -O1 tests/live/programs/hung-abba.cc -pthread; then
	holds "locks: of a program in C++: the circle, and where" "$report" '
		[.findings[].code] == ["deadlock.cycle"] and
		(.findings[0].detail.cycle | length == 2 and .[0].tid == .[1].held_by_tid and .[1].tid == .[0].held_by_tid and
		 all(.[]; .site | startswith("bank::Account::transfer_to at hung-abba.cc:"))) and
		([.locks[] | select(.waiters != []).name] | sort) == ["alice", "bob"]'
	end
fi
if compiled Rust rustc tests/live/programs/hung-abba.rs; then
	holds "locks: of a program in Rust: no holder can be known, but nobody is left" "$report" '
		[.findings[].code] == ["deadlock.total"] and all(.locks[].holders[]; .tid == null) and
		any(.locks[]; (.name // "") | endswith("FIRST")) and
		any(.findings[0].detail.cycle[]; .site | startswith("hung_abba::take_both at hung-abba.rs:"))'
	end
fi
if python3 -c 'import threading' 2>/dev/null; then
	hang python3 tests/live/programs/hung-abba.py threads
	until_true 10 at_rest "$hung"
	look "$hung"
	holds "locks: Python's are semaphores without a holder" "$report" '
		[.locks[] | select(.kind == "semaphore")] | length >= 2 and all(.[].holders[]; .tid == null)'
	holds "locks: of a Python program: nobody is left to release" "$report" '
		[.findings[].code] == ["deadlock.total"] and (.findings[0].detail.cycle | length) == 3'
	end
	hang python3 tests/live/programs/hung-abba.py processes
	until_true 10 pgrep -P "$hung"
	child=$(pgrep -P "$hung" | tail -n 1)
	until_true 10 at_rest "$child"
	look "$child" # the other is found through the memory that they share
	holds "locks: of Python processes: who waits, but no proof while others have the memory" "$report" '
		([.findings[] | select(.severity == "error")] == []) and
		([.locks[] | select(.shared) | .waiters[] | select(.waiting_now)] | length) == 2'
	end
else
	skip "locks: of a Python program" "python3 is not installed"
fi

# Waiting for work is no deadlock: four idle workers, and main waits for one of them, but SIGTERM has a handler.
"$programs/idle" asleep &
hung=$!
started+=("$hung")
until_true 10 test -d "/proc/$hung/task/$((hung + 4))"
until_true 10 at_rest "$hung"
look "$hung"
holds "locks: a pool without work, which a signal would end in order, is no finding" "$report" '.findings == []'
kill "$hung"
wait "$hung"
is "locks: and so it ends" 0 $?

# What cannot be looked at
refused() # NAME WORDS ARGUMENT…
{
	local name=$1 words=$2

	shift 2
	timeout 60 "$@" >"$scratch/out" 2>"$scratch/err"
	is "locks: $name" "125 0 1" "$? $(wc -l <"$scratch/out") $(grep -c "$words" "$scratch/err")" "$scratch/err"
}

sleep 0 &
gone=$!
wait "$gone"
refused "a pid that is gone" 'no such process' "$LIFELINE" locks "$gone"
refused "no pid" 'lacks the process' "$LIFELINE" locks
refused "no number" 'not the number of a process' "$LIFELINE" locks it
bash -c 'sleep 0 & exec sleep 60' &
parent=$!
started+=("$parent")
until_true 10 pgrep -P "$parent" && zombie=$(pgrep -P "$parent")
until_true 10 test "$(state "${zombie:-0}")" = Z
refused "a zombie" 'has ended' "$LIFELINE" locks "${zombie:-0}"
if command -v setpriv >/dev/null; then
	hang "$programs/hung" abba
	refused "somebody else's" 'cannot read the memory' setpriv --reuid=65534 --regid=65534 --clear-groups "$LIFELINE" locks "$hung"
	end
fi
[ "$failures" = 0 ]
