#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# attach: who is observed, by control group, name, user, and by pids of another pid namespace; also who joins later.
. tests/live/lib.bash
report=$scratch/report.json
explain='.processes[] | {pid, ns_pid, comm, uid, started_ns}'

start_attach() # options…
{
	rm -f "$scratch/err"
	"$LIFELINE" attach -v --format json -o "$report" "$@" 2>"$scratch/err" &
	attached=$!
	started+=("$attached")
	until_true 20 grep -q "^lifeline: observing" "$scratch/err" || fail "attach: began to observe" "$scratch/err"
}

stop_attach()
{
	kill -INT "$attached"
	wait "$attached"
}

pids() { jq -c '[.processes[].pid] | sort' "$report"; }
sorted() { printf '%s\n' "$@" | sort -n | jq -cs .; }

# By name: those there are, their children, and who gets the name by exec.
cp /bin/sleep "$scratch/llsleeper"
"$scratch/llsleeper" 30 & first=$!
sleep 30 & other=$!
started+=("$first" "$other")
until_true 10 grep -q llsleeper "/proc/$first/comm"
start_attach --comm llsleeper
"$scratch/llsleeper" 30 & second=$!
started+=("$second")
until_true 10 grep -q llsleeper "/proc/$second/comm"
kill "$second"
wait "$second" 2>/dev/null
stop_attach
is "attach --comm: who is there and who comes, nobody else" "$(sorted "$first" "$second")" "$(pids)" "$scratch/err"
holds "attach --comm: the late one from its exec on" "$report" '.processes[] | select(.pid == $p) |
	.argv[1] == "30" and .exit.signal == "SIGTERM"' --argjson p "$second"

# By user.
setpriv --reuid 12345 --regid 12345 --clear-groups sleep 30 & first=$!
started+=("$first")
until_true 10 bash -c "[ \$(stat -c %u /proc/$first) = 12345 ] && grep -q sleep /proc/$first/comm"
start_attach --uid 12345
setpriv --reuid 12345 --regid 12345 --clear-groups sleep 0.1
stop_attach
holds "attach --uid: who is there and who comes, nobody else" "$report" '[.processes[].uid] == [12345, 12345] and
	([.processes[].pid] | contains([$p]))' --argjson p "$first"
"$LIFELINE" attach --uid nobody-of-that-name --for 1s >"$scratch/out" 2>"$scratch/err"
is "attach --uid: no such user" "125 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"

# By control group of version 2: members, and who enters later, into a group below it too.
unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
if [ -n "$unified" ] && mkdir "$unified/lltest$$.service" 2>/dev/null; then
	group=$unified/lltest$$.service
	mkdir "$group/inner"
	bash -c 'echo $$ >"$1/cgroup.procs"; exec sleep 30' - "$group" & first=$!
	started+=("$first")
	until_true 10 grep -q sleep "/proc/$first/comm"
	for wanted in "lltest$$.service" "$group" "/lltest$$.service"; do
		start_attach -g "$wanted"
		bash -c 'echo $$ >"$1/inner/cgroup.procs"; exec sleep 0.1' - "$group" & second=$!
		wait "$second"
		stop_attach
		is "attach -g: members and who enters ($([[ $wanted = /* ]] && echo path || echo unit))" \
			"$(sorted "$first" "$second")" "$(pids)" "$scratch/err"
	done
	kill "$first"
	wait "$first" 2>/dev/null
	# an empty group can be named as a folder; zombies of a probe that enters it, which nobody waits for, are seen
	start_puppet
	start_attach -g "$group" --zombie-after 200ms
	bash -c 'echo $$ >"$1/cgroup.procs"; exec 3>&-; sleep 0 & exec sleep 0.6' - "$group"
	stop_attach
	is "attach -g: a zombie of a probe that entered" zombie.never-waited "$(jq -r '[.findings[].code] | join(" ")' "$report")" \
		"$scratch/err"
	end_puppet
	until_true 5 rmdir "$group/inner"
	until_true 5 rmdir "$group"
else
	skip "attach -g" "no control group of version 2 can be made here"
fi
# Version 1, if some controller has a hierarchy of its own: members by path, name or folder; who enters later by folder.
old=$(awk '$3 == "cgroup" && $4 ~ /pids|freezer/ { print $2; exit }' /proc/mounts)
if [ -n "$old" ] && mkdir "$old/lltest$$" 2>/dev/null; then
	sleep 30 & first=$!
	started+=("$first")
	echo "$first" >"$old/lltest$$/cgroup.procs"
	for wanted in "lltest$$" "/lltest$$" "$old/lltest$$"; do
		start_attach -g "$wanted"
		stop_attach
		is "attach -g: members of a group of version 1 (${wanted%%[0-9]*})" "$(sorted "$first")" "$(pids)" "$scratch/err"
	done
	start_attach -g "$old/lltest$$"
	bash -c 'echo $$ >"$1/cgroup.procs"; exec sleep 0.1' - "$old/lltest$$" & second=$!
	wait "$second"
	stop_attach
	is "attach -g: who enters a group of version 1" "$(sorted "$first" "$second")" "$(pids)" "$scratch/err"
	kill "$first"
	wait "$first" 2>/dev/null
	until_true 5 rmdir "$old/lltest$$"
	# Groups of two hierarchies can have the same number: the one that is asked for is meant.
	ours=$old/lltest$$ other=$unified/lltest$$
	mkdir "$ours" && mkdir "$other"
	for ((i = 0; i < 500; i++)); do
		[ "$(stat -c %i "$ours")" != "$(stat -c %i "$other")" ] || break
		behind=$ours
		[ "$(stat -c %i "$ours")" -lt "$(stat -c %i "$other")" ] || behind=$other
		rmdir "$behind" && mkdir "$behind"
	done
	if [ "$(stat -c %i "$ours")" = "$(stat -c %i "$other")" ]; then
		start_attach -g "$ours"
		bash -c 'echo $$ >"$1/cgroup.procs"; exec sleep 0.1' - "$other"
		bash -c 'echo $$ >"$1/cgroup.procs"; exec sleep 0.1' - "$ours" & second=$!
		wait "$second"
		stop_attach
		is "attach -g: not who enters the group of the same number in another hierarchy" "$(sorted "$second")" "$(pids)" \
			"$scratch/err"
	else
		skip "attach -g: groups of the same number" "none were made"
	fi
	until_true 5 rmdir "$ours"
	until_true 5 rmdir "$other"
else
	skip "attach -g of version 1" "no control group of version 1 can be made here"
fi
"$LIFELINE" attach -g no-such-group.service --for 1s >"$scratch/out" 2>"$scratch/err"
is "attach -g: nobody is in it" "125 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"

# Pids of a container: its own init is 1 there.
unshare --pid --fork --mount-proc bash -c 'sleep 30 & wait' & outer=$!
started+=("$outer")
until_true 10 bash -c "pgrep -P \$(pgrep -P $outer) sleep"
init=$(pgrep -P "$outer")
inner=$(pgrep -P "$init" sleep)
start_attach -p 2 --in-ns "$inner"
stop_attach
holds "attach --in-ns: the process that is called 2 in there" "$report" \
	'[.processes[] | [.pid, .ns_pid]] == [[$p, 2]]' --argjson p "$inner"
"$LIFELINE" attach -p 77 --in-ns "$init" --for 1s >"$scratch/out" 2>"$scratch/err"
is "attach --in-ns: no such pid in there" "125 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"
start_attach -p 1 --in-ns "$init"
kill "$inner"
until_true 10 bash -c "! kill -0 $attached" || fail "attach --in-ns: ends with its last target"
wait "$attached"
is "attach --in-ns: ended because the targets were gone" targets-gone "$(jq -r .trace.ended_by "$report")" "$scratch/err"
wait "$outer" 2>/dev/null

# Two levels deep: the same number means another process in each namespace.
unshare --pid --fork --mount-proc bash -c 'sleep 30 & unshare --pid --fork --mount-proc bash -c "sleep 31 & wait" & wait' & outer=$!
started+=("$outer")
levels() { awk '/^NSpid:/ { print NF - 1 }' "/proc/$1/status"; }
until_true 10 bash -c "pgrep -f '^sleep 31\$' && pgrep -f '^sleep 30\$'"
middle=$(pgrep -P "$(pgrep -P "$outer")" sleep)
inner=$(pgrep -f '^sleep 31$' | while read -r pid; do [ "$(levels "$pid")" = 3 ] && echo "$pid"; done | head -n 1)
is "attach --in-ns: the namespaces are nested" "2 3" "$(levels "$middle") $(levels "$inner")"
for there in "$middle" "$inner"; do
	start_attach -p 2 --in-ns "$there" --record "$scratch/trace"
	kill -CONT "$there"
	stop_attach
	holds "attach --in-ns: called 2, $(levels "$there") levels deep" "$report" \
		'[.processes[] | [.pid, .ns_pid]] == [[$p, 2]]' --argjson p "$there"
	"$LIFELINE" report "$scratch/trace" --format json -o "$scratch/again" 2>"$scratch/err"
	is "attach --in-ns: both pids from a recording" "$(jq -c '[.processes[] | [.pid, .ns_pid]]' "$report")" \
		"$(jq -c '[.processes[] | [.pid, .ns_pid]]' "$scratch/again")" "$scratch/err"
done
kill "$inner" "$middle"
wait "$outer" 2>/dev/null

"$LIFELINE" attach --all --comm x >"$scratch/out" 2>"$scratch/err"
is "attach: all, or selected" "125 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"
[ "$failures" = 0 ]
