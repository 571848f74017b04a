#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# --locks all: who last took a semaphore and has not posted it, against programs that know.
. tests/live/lib.bash

# observe SECONDS OPTIONS…: runs sem-truth for so long, and judges what was told. False if it could not be judged.
observe()
{
	local seconds=$1

	shift
	"$LIFELINE" run "$@" --record "$scratch/trace" --format json -o "$scratch/report.json" -- \
		"$programs/sem-truth" "$seconds" "$scratch/truth" 2>"$scratch/said"
	"$LIFELINE" export jsonl "$scratch/trace" -o "$scratch/events.jsonl"
	tests/live/sem_truth.py "$scratch/truth" "$scratch/report.json" "$scratch/events.jsonl" >"$scratch/verdict" 2>"$scratch/wrong"
}

# Never a wrong one. The checker is itself checked, by times that are off. How often threads meet, and how, is up to the
# machine: a busy one lets them meet less often. So what is not there at once gets more time; what is wrong does not.
truth()
{
	local seconds=${SEM_TRUTH_SECONDS:-4}
	local enough='del(.handed) | all(.[]; .waits > 100)'
	local most='del(.handed) | all(.[]; .known >= 0.4 * .waits) and ([.[] | .known] | add) >= 0.6 * ([.[] | .waits] | add)'

	for seconds in "$seconds" $((2 * seconds)) $((4 * seconds)); do
		if ! observe "$seconds" --locks all; then
			fail "sem-truth: can be judged" "$scratch/wrong"
			return
		fi
		jq -e "any(.[]; .wrong > 0) or (($enough) and ($most))" "$scratch/verdict" >/dev/null && break
		sed 's,^,# ,' "$scratch/verdict"
	done
	sed 's,^,# ,' "$scratch/verdict" "$scratch/wrong"
	holds "sem-truth: no last taker is wrong" "$scratch/verdict" 'all(.[]; .wrong == 0)'
	holds "sem-truth: waits for each semaphore are told" "$scratch/verdict" "$enough"
	explain=. holds "sem-truth: most last takers are known" "$scratch/verdict" "$most"
	holds "sem-truth: of one that others post nobody is named, but before that shows" "$scratch/verdict" '.handed.known <= 4'
	explain='.findings[] | select(.code == "lock.contended") | .evidence[].text' \
		holds "sem-truth: the report says what they are" "$scratch/report.json" '
		[.findings[] | select(.code == "lock.contended" and (.title | test("semaphore single_500us"))) | .evidence[].text] |
		any(test("^last taken by contender \\([0-9]+\\), who had not posted, when others began to wait")) and
		all(test("held by") | not)'
	holds "sem-truth: holders in JSON" "$scratch/report.json" '
		.locks[] | select(.name == "single_500us") |
		.kind == "semaphore" and ([.holders[] | select(.tid and .comm == "contender" and .blocked_others_ns > 0)] | length == 3)'
	"$LIFELINE" report "$scratch/trace" --format json -o "$scratch/replay.json"
	is "sem-truth: replay tells the same locks and findings" "$(jq -S '[.locks, .findings]' "$scratch/report.json" | cksum)" \
		"$(jq -S '[.locks, .findings]' "$scratch/replay.json" | cksum)"
	tests/live/sem_truth.py "$scratch/truth" "$scratch/report.json" "$scratch/events.jsonl" 1000000 >"$scratch/verdict" 2>/dev/null
	holds "sem-truth: a millisecond off would be noticed" "$scratch/verdict" '([.[] | .wrong] | add) > 100'
}

without()
{
	observe 1
	holds "sem-truth: without --locks all nobody is named" "$scratch/verdict" '
		([.[] | .waits] | add) > 100 and all(.[]; .known == 0)'
	holds "sem-truth: nor in the report" "$scratch/report.json" '
		[.locks[] | select(.kind == "semaphore")] | length > 0 and all(.holders == [])'
}

# Taken before observation began: nobody knows. Since: known.
late()
{
	local report=$scratch/late.json pid observer

	mkfifo "$scratch/go"
	"$programs/sem-late" late <>"$scratch/go" >"$scratch/ready" &
	pid=$!
	started+=("$pid")
	until_true 10 grep -q ready "$scratch/ready"
	"$LIFELINE" attach -v -p "$pid" --locks all --format json -o "$report" 2>"$scratch/said" &
	observer=$!
	started+=("$observer")
	until_true 20 grep -q "^lifeline: observing" "$scratch/said" || fail "sem-late: attach begins" "$scratch/said"
	echo >"$scratch/go"
	wait "$pid" "$observer"
	explain='.locks[] | select(.kind == "semaphore") | [.name, .holders]' \
		holds "attach: who took it before is unknown, who has since is not" "$report" '
		[.locks[] | select(.name == "before")][0].holders as $before | [.locks[] | select(.name == "since")][0].holders as $since |
		($before | map(select(.blocked_others_ns > 0)) == []) and
		($since | map(select(.blocked_others_ns > 0)) | length == 1 and .[0].comm == "taker")'
}

healthy()
{
	local way report=$scratch/signal.json

	"$LIFELINE" run --locks all --format json -o "$report" -- "$programs/sem-late" signal 2>/dev/null
	explain='.locks[] | [.name, .kind, .holders]' \
		holds "signalling: nobody holds it, and there is nothing to find" "$report" '.exit.code == 0 and .findings == [] and
		(.locks[] | select(.name == "items") | .waits > 20 and all(.holders[]; .blocked_others_ns == 0))'
	for way in pool consumer; do
		# probes make holds longer, and a busy machine more so: its mutex is not what this is about
		"$LIFELINE" run --locks all --contended-after 1s --format json -o "$report" -- "$programs/idle" $way 2>/dev/null
		holds "idle $way, with --locks all: nothing to find" "$report" '.exit.code == 0 and .findings == []'
	done
}

# What hangs is told by who is left to wake, with or without last takers; these show where to look.
deadlocks()
{
	local report=$scratch/hung.json

	"$LIFELINE" run --locks all --format json -o "$report" -- "$DEMOS/deadlock/semaphore-abba" >/dev/null 2>&1
	explain='.findings[]' holds "semaphore-abba: told as total, with last takers, and not as a proven cycle" "$report" '
		([.findings[].code] | sort) == ["deadlock.total", "exit.killed"] and
		(.findings[] | select(.code == "deadlock.total") | .certain and
		 (.detail.cycle | map(select(.comm == "tea-first" or .comm == "milk-first")) |
		  length == 2 and .[0].held_by_tid == .[1].tid and .[1].held_by_tid == .[0].tid) and
		 ([.evidence[].text] | any(test("waits for the semaphore milk, last taken by milk-first"))))'
	"$LIFELINE" run --locks all --format json -o "$report" -- "$programs/sem-late" self >/dev/null 2>&1
	explain='.locks[] | [.name, .holders]' holds "taken twice by one: it has it itself" "$report" '
		(.locks[] | select(.name == "again") | .waiters[0].tid == ([.holders[] | select(.blocked_others_ns > 0)][0].tid)) and
		all(.findings[]; .code != "deadlock.self" and .code != "deadlock.cycle")'
}

truth
without
late
healthy
deadlocks
exit $((failures > 0))
