#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What can go wrong around lifeline: it is killed outright, forks are refused, pids come round, clocks jump, processors
# go, disks are full, readers leave. Nothing may stay behind, and what was seen must add up, or the loss be told.
. tests/live/lib.bash
report=$scratch/report.json
cpu1=/sys/devices/system/cpu/cpu1/online
was_pid_max='' pids_folder='' mounted=''

put_back()
{
	[ "$cpu1_off" = no ] || echo 1 >"$cpu1"
	[ -z "$was_pid_max" ] || echo "$was_pid_max" >/proc/sys/kernel/pid_max
	[ -z "$mounted" ] || umount -l "$mounted"
	[ -z "$pids_folder" ] || rmdir "$pids_folder" 2>/dev/null
	leave
}
cpu1_off=no
trap put_back EXIT

# ---- killed outright, at whatever moment

# The BPF objects that a process holds: "prog ID", "map ID", "link ID".
objects_of()
{
	cat "/proc/$1/fdinfo"/* 2>/dev/null |
		awk '$1 == "prog_id:" || $1 == "map_id:" || $1 == "link_id:" { sub("_id:", "", $1); print $1, $2 }' | sort -u
}

gone()
{
	local kind id

	while read -r kind id; do
		[ -z "$kind" ] || ! bpftool "$kind" show id "$id" >/dev/null 2>&1 || return 1
	done <<<"$1"
}

# kill_at NAME SECONDS|observing lifeline's arguments…: stopped first, so that what it holds at that moment can be read
kill_at()
{
	local name=$1 delay=$2 pid objects

	shift 2
	"$LIFELINE" "$@" >/dev/null 2>&1 &
	pid=$!
	started+=("$pid")
	if [ "$delay" = observing ]; then
		until_true 60 observing "$pid"
	else
		sleep "$delay"
	fi
	kill -STOP "$pid" 2>/dev/null
	objects=$(objects_of "$pid")
	[ -z "$objects" ] || caught=$((caught + 1))
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	until_true 10 gone "$objects" || left="$left $name after $delay: $objects"
}

caught=0 left=
"$programs/storm" 1000000 &
storm=$!
started+=("$storm")
for delay in 0.03 0.06 0.1 0.15 0.3 observing; do
	kill_at attach "$delay" attach --all
	kill_at zombies "$delay" zombies --watch 20s
	rm -f "$scratch/pid"
	kill_at run "$delay" run -- sh -c "echo \$\$ >$scratch/pid; exec sleep 20"
	command=$(cat "$scratch/pid" 2>/dev/null)
	[ -z "$command" ] || started+=("$command")
	[ -z "$command" ] || [ "$(state "$command")" = S ] || until_true 2 test "$(state "$command")" = S ||
		left="$left command in state $(state "$command")"
done
"$LIFELINE" attach --all --for 1s --record "$scratch/short" -o /dev/null 2>/dev/null
for delay in 0 0.01; do
	kill_at report "$delay" report "$scratch/short"
done
kill -KILL "$storm"
wait "$storm" 2>/dev/null
is "kill -9: no program, map or link stays, CMD goes on" "" "$left"
is "kill -9: there was something to leave behind, when all was attached at the least" true "$([ "$caught" -ge 3 ] && echo true)"

# ---- forks refused

for folder in /sys/fs/cgroup/pids /sys/fs/cgroup; do
	mkdir "$folder/lifeline-bomb-$$" 2>/dev/null && echo 40 >"$folder/lifeline-bomb-$$/pids.max" 2>/dev/null &&
		pids_folder=$folder/lifeline-bomb-$$ && break
	rmdir "$folder/lifeline-bomb-$$" 2>/dev/null
done
if [ -z "$pids_folder" ]; then
	skip "fork bomb: contained" "no pids cgroup can be made here"
else
	"$LIFELINE" run --format json -o "$report" --locks off -- "$programs/bomb" "$pids_folder" 1000 >"$scratch/out" 2>"$scratch/err"
	is "fork bomb: lifeline and it ended well" 0 $? "$scratch/err"
	read -r forks refusals <"$scratch/out"
	explain='.trace.events, .trace.lost'
	is "fork bomb: it was refused, nothing lost" "true 0" "$([ "$refusals" -gt 0 ] && echo true) $(jq .trace.lost.total "$report")"
	holds "fork bomb: each birth, end and reaping is told" "$report" '(.processes | length) == $forks + 1 and
		all(.processes[1:][]; .exited_ns != null and .reaped_ns != null)' --argjson forks "$forks"
	holds "fork bomb: each refusal is counted, and the limit named" "$report" '
		[.findings[] | select(.code == "fork.failed").detail] |
		([.[].count] | add) == $refusals and all(.[]; .limit == "pids.max" and .value == 40)' --argjson refusals "$refusals"
fi

# ---- pids come round

pid_max=$(cat /proc/sys/kernel/pid_max)
if [ "$pid_max" -gt 40000 ]; then
	if echo 32768 >/proc/sys/kernel/pid_max 2>/dev/null; then
		was_pid_max=$pid_max
		pid_max=32768
	fi
fi
if [ "$pid_max" -gt 40000 ]; then
	skip "pids come round: identity" "kernel.pid_max is $pid_max and cannot be set"
else
	count=$(((pid_max + 1200) / 100 * 100))
	"$LIFELINE" run --locks off --format json -o "$report" -- "$programs/storm" "$count" 2>"$scratch/err"
	is "pids come round: ended well" 0 $? "$scratch/err"
	explain='.trace.events, .trace.lost, ([.processes[].pid] | length - (unique | length))'
	# large: read once
	jq -c '(.processes | min_by(.started_ns).id) as $storm |
		{lost: .trace.lost.total, listed: (.processes | length), pids: ([.processes[].pid] | unique | length),
		 ids: ([.processes[].id] | unique | length), findings: [.findings[].code],
		 right: ([.processes[] | select(.id != $storm)] | sort_by(.started_ns) | [to_entries[] |
			select(.value.exit.code == .key % 100 and .value.parent == $storm and .value.reaped_by == $storm)] |
			length)}' "$report" >"$scratch/summary"
	explain=.
	holds "pids come round: some were used twice, and no two lives were joined" "$scratch/summary" \
		'.listed == $count + 1 and .pids < .ids and .ids == .listed' --argjson count "$count"
	holds "pids come round: each ended with its own status, reaped by its parent, nothing lost" "$scratch/summary" \
		'.right == $count and .lost == 0 and .findings == []' --argjson count "$count"
fi
[ -z "$was_pid_max" ] || { echo "$was_pid_max" >/proc/sys/kernel/pid_max && was_pid_max=; }

# ---- clocks

for seconds in -3 3; do
	"$LIFELINE" run --format json -o "$report" -- "$programs/clock-jump" "$seconds" 200 2>"$scratch/err"
	if [ $? = 77 ]; then
		skip "the wall clock jumps by $seconds s: times hold" "it may not be set here"
		continue
	fi
	holds "the wall clock jumps by $seconds s: times hold" "$report" '.exit.code == 0 and .trace.duration_ns > 0.2e9 and
		.trace.duration_ns < 2.5e9 and (.processes[0] | .started_ns >= 0 and .exited_ns > 0.2e9 and .exited_ns < 2.5e9)'
done
for shift in 100000 -1000; do
	if ! unshare --time --boottime "$shift" true 2>/dev/null; then
		skip "a time namespace, shifted by $shift s" "cannot be made here"
		continue
	fi
	unshare --time --boottime "$shift" "$LIFELINE" run --format json -o "$report" -- sh -c 'sleep 0.1 & wait' 2>"$scratch/err"
	holds "a time namespace, shifted by $shift s: all is seen, when it was" "$report" '(.processes | length) == 2 and
		all(.processes[]; .started_ns >= 0 and .exited_ns < 5e9)'
done

# ---- a processor goes and comes back

if [ "$(cat "$cpu1" 2>/dev/null)" != 1 ] || ! { cpu1_off=yes && echo 0 >"$cpu1"; } 2>/dev/null; then
	cpu1_off=no
	skip "a processor goes: all is seen" "cpu1 cannot be taken off line here"
else
	echo 1 >"$cpu1"
	"$LIFELINE" run --format json -o "$report" -- "$programs/storm" 4000 2>"$scratch/err" &
	lifeline=$!
	for _ in 1 2 3; do
		sleep 0.2
		echo 0 >"$cpu1"
		sleep 0.1
		echo 1 >"$cpu1"
	done
	wait "$lifeline"
	is "a processor goes and comes back: ended well" 0 $? "$scratch/err"
	cpu1_off=no
	holds "a processor goes and comes back: all lives are told, nothing lost" "$report" '.trace.lost.total == 0 and
		(.processes | length) == 4001 and all(.processes[1:][]; .exited_ns != null and .reaped_ns != null)'
fi

# ---- no room

mkdir "$scratch/small"
if ! mount -t tmpfs -o size=256k lifeline-small "$scratch/small" 2>/dev/null; then
	skip "disk full: said, with the report given" "no file system can be mounted here"
else
	mounted=$scratch/small
	for what in "--record $mounted/trace" "--export jsonl:$mounted/log"; do
		name=${what%% *}
		# shellcheck disable=SC2086 # two words
		"$LIFELINE" run --format json -o "$report" $what -- "$programs/storm" 4000 2>"$scratch/err"
		is "disk full, $name: one sentence, status 125" "125 1 1" \
			"$? $(wc -l <"$scratch/err") $(grep -ci 'no space left' "$scratch/err")" "$scratch/err"
		holds "disk full, $name: the report is whole" "$report" '(.processes | length) == 4001 and .trace.lost.total == 0'
		is "disk full, $name: no file that looks whole" "" "$("$LIFELINE" report "$mounted/trace" >/dev/null 2>&1 && echo whole
			ls "$mounted/log" 2>/dev/null)"
		rm -f "$mounted"/*
	done
	"$LIFELINE" run --format json -o "$mounted/report" -- "$programs/storm" 4000 2>"$scratch/err"
	is "disk full, -o: one sentence, status 125, no half report" "125 1 0" \
		"$? $(grep -ci 'no space left' "$scratch/err") $(find "$mounted" -type f | wc -l)" "$scratch/err"
fi

# ---- the reader has gone

"$LIFELINE" run --record "$scratch/trace" -o /dev/null -- "$programs/storm" 2000
"$LIFELINE" report --format json "$scratch/trace" 2>"$scratch/err" | head -n 1 >"$scratch/out"
status=("${PIPESTATUS[@]}")
is "report | head: its line, and one sentence" "125 1 1" "${status[0]} $(wc -l <"$scratch/out") $(wc -l <"$scratch/err")" "$scratch/err"
rm -f "$scratch/done"
"$LIFELINE" run -v -o - -- sh -c "\"$programs/storm\" 2000; touch $scratch/done" 2>"$scratch/err" | true
status=("${PIPESTATUS[@]}")
is "run -o - | true: CMD goes on to its end, lifeline says what happened" "125 yes" \
	"${status[0]} $([ -e "$scratch/done" ] && echo yes)" "$scratch/err"
rm -f "$scratch/done"
{
	"$LIFELINE" run --follow --interval 100ms -o "$scratch/text" -- sh -c "sleep 0.7; touch $scratch/done" 2>&1 >/dev/null
	echo $? >"$scratch/status"
} | head -n 1 >"$scratch/out"
is "--interval, its reader gone: goes on all the same" "0 yes yes" \
	"$(cat "$scratch/status") $([ -e "$scratch/done" ] && echo yes) $([ -s "$scratch/text" ] && echo yes)" "$scratch/out"

# ---- the terminal changes its size

if ! command -v script >/dev/null; then
	skip "a terminal resized: the report is whole" "script(1) is not installed"
else
	timeout 20 script -qec "stty cols 100; exec '$LIFELINE' run -v -- sh -c 'stty cols 60; for i in 1 2 3; do kill -WINCH \$PPID; sleep 0.1; done; exit 3'" \
		/dev/null >"$scratch/out" 2>&1 </dev/null
	is "a terminal resized: SIGWINCH ends nothing, CMD's status comes through" 3 $? "$scratch/out"
	tr -d '\r' <"$scratch/out" | sed 's/\x1b\[[0-9;]*[mK]//g' | grep -v '^lifeline: [0-9]* events, ' >"$scratch/plain"
	is "a terminal resized: the report fits the width that it has" true \
		"$([ "$(LC_ALL=C.UTF-8 wc -L <"$scratch/plain")" -le 60 ] && echo true)" "$scratch/plain"
	is "a terminal resized: it is whole" 1 "$(grep -c '^  no findings$' "$scratch/plain")" "$scratch/plain"
fi
[ "$failures" = 0 ]
