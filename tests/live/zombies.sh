#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `lifeline zombies`: what is there now, by BPF and from /proc, and what --watch adds.
. tests/live/lib.bash
report=$scratch/report.json
explain='.processes[] | {pid, exit, zombie_ns}'

is_dead() { [ "$(state "$1")" = Z ]; }

# look NAME ARGUMENTS…: the JSON report of one look
look()
{
	local name=$1

	shift
	"$LIFELINE" zombies --format json "$@" >"$report" 2>"$scratch/err"
	is "$name: ended well" 0 $? "$scratch/err"
}

# One parent with one zombie, which has been dead for a known time.
start_puppet
order f
child=$answer
order k
until_true 10 is_dead "$child"
before=$(date +%s%N)
sleep 1.2
look "zombies" -p "$puppet"
age=$(($(date +%s%N) - before))
is "zombies: found, without a cause" "zombie.unreaped $child" "$(jq -r '[.findings[] | "\(.code) \(.pid)"] | join("; ")' "$report")" \
	"$scratch/err"
holds "zombies: the parent, and what it does" "$report" '.findings[0].detail |
	.parent_pid == $p and .parent_state == "S" and .parent_syscall == "read" and .sigchld == "default" and .age_is_minimum == false' \
	--argjson p "$puppet"
holds "zombies: its age is right to 0.2 s" "$report" '.findings[0].detail.zombie_ns |
	. > 1.1e9 and . < $age + 2e8' --argjson age "$age"
holds "zombies: how it ended" "$report" '.processes[] | select(.pid == $c) | .exit.code == 0' --argjson c "$child"
holds "zombies: where its parent stands" "$report" '.findings[0].evidence |
	any(.text | test("^puppet .* stood in main at puppet.c:[0-9]+"))'
holds "zombies: nobody else's" "$report" '[.findings[].pid] == [$c] and .trace.mode == "snapshot"' --argjson c "$child"

look "zombies --proc" -p "$puppet" --proc
is "zombies --proc: the same zombie" "zombie.unreaped $child true" \
	"$(jq -r '[.findings[] | "\(.code) \(.pid) \(.detail.age_is_minimum)"] | join("; ")' "$report")" "$scratch/err"
holds "zombies --proc: the parent, and what it does" "$report" '.findings[0].detail |
	.parent_pid == $p and .parent_state == "S" and .parent_syscall == "read"' --argjson p "$puppet"

holds "zombies --proc: where its parent stands" "$report" '.findings[0].evidence |
	any(.text | test("^puppet .* stood in main at puppet.c:[0-9]+"))'

# Everybody's: ours is among them, and a monitoring script can act on it.
"$LIFELINE" zombies --fail-on zombie >"$scratch/out" 2>"$scratch/err"
is "zombies: --fail-on" 99 $? "$scratch/err"
is "zombies: listed under its parent" 1 "$(grep -cE "^ +$child " "$scratch/out")" "$scratch/out"
is "zombies: where the parent stands, in words" 1 "$(grep -A2 "^$puppet (puppet)" "$scratch/out" | grep -c "^    in main at puppet.c")" \
	"$scratch/out"
is "zombies: no line is longer than 100 columns" 0 "$(grep -cE '^.{101}' "$scratch/out")" "$scratch/out"

# A stopped parent is a cause that one look proves.
kill -STOP "$puppet"
until_true 10 bash -c "grep -q '^State:.T' /proc/$puppet/status"
look "zombies of a stopped parent" -p "$puppet"
is "zombies: the parent is stopped" "zombie.parent-stopped $child" \
	"$(jq -r '[.findings[] | "\(.code) \(.pid)"] | join("; ")' "$report")"
look "zombies --proc of a stopped parent" -p "$puppet" --proc
is "zombies --proc: the parent is stopped" "zombie.parent-stopped $child" \
	"$(jq -r '[.findings[] | "\(.code) \(.pid)"] | join("; ")' "$report")"
kill -CONT "$puppet"

# Where it belongs.
unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
if [ -n "$unified" ] && mkdir "$unified/lltest$$.service" 2>/dev/null; then
	echo "$puppet" >"$unified/lltest$$.service/cgroup.procs"
	"$LIFELINE" zombies -p "$puppet" >"$scratch/out" 2>"$scratch/err"
	is "zombies: the systemd unit" 1 "$(grep -c "^ *unit lltest$$.service\$" "$scratch/out")" "$scratch/out"
	echo "$puppet" >"$unified/cgroup.procs"
	until_true 5 rmdir "$unified/lltest$$.service"
else
	skip "zombies: the systemd unit" "no control group of version 2 can be made here"
fi

# Observed for a while, the cause is known.
look "zombies --watch" -p "$puppet" --watch 1.5s
is "zombies --watch: the cause" "zombie.never-waited $child" \
	"$(jq -r '[.findings[] | "\(.code) \(.pid)"] | join("; ")' "$report")" "$scratch/err"

# Reaped: silence.
order w
look "zombies of a parent without any" -p "$puppet"
holds "zombies: none is no finding" "$report" '.findings == []'
"$LIFELINE" zombies -p "$puppet" >"$scratch/out" 2>"$scratch/err"
is "zombies: none is one line" "no zombies" "$(cat "$scratch/out")" "$scratch/out"
end_puppet

"$LIFELINE" zombies -p "$puppet" >"$scratch/out" 2>"$scratch/err"
is "zombies: a parent that is gone" "125 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"

# Without BPF: said, and read from /proc, with what that user may see.
cp "$LIFELINE" "$scratch/lifeline" && chmod 755 "$scratch" "$scratch/lifeline"
start_puppet
order f
child=$answer
order k
until_true 10 is_dead "$child"
setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "$scratch/lifeline" zombies --format json -p "$puppet" \
	>"$report" 2>"$scratch/err"
is "zombies without privileges: works" 0 $? "$scratch/err"
is "zombies without privileges: says what is missing" 1 "$(grep -c 'CAP_BPF.*missing.*/proc instead' "$scratch/err")" "$scratch/err"
holds "zombies without privileges: found; a stranger's status and system call are not known" "$report" '.findings[0] |
	.code == "zombie.unreaped" and .pid == $c and .detail.parent_syscall == null' --argjson c "$child"
holds "zombies without privileges: where a stranger's parent stands is not known" "$report" \
	'[.findings[0].evidence[] | select(.text | contains(" stood "))] == []'
holds "zombies without privileges: no made-up exit status" "$report" \
	'.processes[] | select(.pid == $c) | .exit == null' --argjson c "$child"
end_puppet
[ "$failures" = 0 ]
