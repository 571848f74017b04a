#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Containers: zombies of a PID 1 that does not wait and of health checks, and none of one that does; both pids; locks and
# stacks of programs that exist in the container's root only; and lifeline within a container that may do nothing.
. tests/live/lib.bash
. tests/live/containers.bash
report=$scratch/report.json
explain='.processes[] | {pid, ns_pid, comm, ppid}'

look() # ARGUMENTS…
{
	timeout 60 "$LIFELINE" "$@" --format json -o "$report" >"$scratch/out" 2>"$scratch/err"
	status=$?
}

# shellcheck disable=SC2046 # a list of files
zombies_of() { grep -lE "^State:.Z" $(pgrep -P "$1" | sed 's,.*,/proc/&/status,') 2>/dev/null | grep -oE '[0-9]+'; }
has_zombies() { [ "$(zombies_of "$1" | wc -l)" = "$2" ]; }
in_namespace() { awk '/^NSpid:/ { print $NF }' "/proc/$1/status"; }

# What a health check does that starts something and does not wait for it: its orphan is PID 1's to reap.
probe() { container_exec "$1" sh -c 'sleep 0.1 & exit 0' </dev/null >"$scratch/probe" 2>&1; }

# attached NAME SELECTION…: one probe of that container while lifeline is attached
attached()
{
	local name=$1 observer

	shift
	rm -f "$scratch/err"
	"$LIFELINE" attach -v "$@" --zombie-after 300ms --format json -o "$report" 2>"$scratch/err" &
	observer=$!
	started+=("$observer")
	until_true 20 grep -q "^lifeline: observing" "$scratch/err"
	probe "$name"
	sleep 0.6
	kill -INT "$observer"
	wait "$observer"
}

# pairs PID…: [pid here, pid in there], as the report shall have them
pairs()
{
	local pid

	for pid; do
		echo "[$pid,$(in_namespace "$pid")]"
	done | sort | jq -cs 'sort'
}

negligent()
{
	local dead late

	container_start negligent sleep 1000
	probe negligent && probe negligent
	until_true 10 has_zombies "$init" 2 || fail "$engine: probes leave zombies" "$scratch/probe"
	sleep 1.1
	mapfile -t dead < <(zombies_of "$init")
	look zombies -p "$init"
	is "$engine: zombies: found" "0 zombie.unreaped zombie.unreaped" \
		"$status $(jq -r '[.findings[].code] | join(" ")' "$report")" "$scratch/err"
	is "$engine: zombies: both pids of each" "$(pairs "${dead[@]}")" \
		"$(jq -c '[.processes[] | [.pid, .ns_pid]] | sort' "$report")" "$scratch/err"
	holds "$engine: zombies: who owes the wait, and that an init in front would help" "$report" '
		all(.findings[]; .detail.parent_pid == $p and .detail.parent_syscall == "clock_nanosleep" and
		(.help | contains("docker run --init") and contains("tini") and contains("whole container")))' --argjson p "$init"
	"$LIFELINE" zombies -p "$init" >"$scratch/out" 2>"$scratch/err"
	is "$engine: zombies: pids of the namespace in words" "1 1 1" \
		"$(grep -c "^$init (sleep), pid 1 in its namespace: 2 zombies" "$scratch/out") $(
		for pid in "${dead[@]}"; do grep -cE "^ +$pid .*, pid $(in_namespace "$pid") in its namespace" "$scratch/out"; done |
			paste -sd' ')" "$scratch/out"
	[ -z "$container" ] ||
		is "$engine: zombies: the container" 1 "$(grep -c "^ *container ${container:0:12}\$" "$scratch/out")" "$scratch/out"
	look zombies -p "$init" --proc
	is "$engine: zombies --proc: the same, both pids" "$(pairs "${dead[@]}")" \
		"$(jq -c '[.processes[] | [.pid, .ns_pid]] | sort' "$report")" "$scratch/err"
	holds "$engine: zombies --proc: an init would help" "$report" \
		'(.findings | length) == 2 and all(.findings[]; .help | contains("tini"))'

	# watched, the cause is proven of the one that was adopted meanwhile
	"$LIFELINE" zombies -p "$init" --watch 4s --zombie-after 500ms --format json -o "$report" 2>"$scratch/err" &
	watching=$!
	started+=("$watching")
	until_true 60 observing "$watching"
	probe negligent
	wait "$watching"
	late=$(zombies_of "$init" | grep -vxF "$(printf '%s\n' "${dead[@]}")")
	holds "$engine: zombies --watch: the adopter is negligent" "$report" '
		[.findings[] | select(.code == "zombie.adopter-negligent")] | length == 1 and (.[0] | .pid == $late and
		.severity == "error" and (.help | contains("tini")))' --argjson late "${late:-0}"
	holds "$engine: zombies --watch: of those dead before, that it did not wait since" "$report" '
		[.findings[] | select(.code == "zombie.never-waited") | .pid] | sort == $dead' \
		--argjson dead "$(printf '%s\n' "${dead[@]}" | sort -n | jq -cs .)"

	# a container by its id, whole and in short: who is in it, and probes that enter it later
	for name in ${container:+"$container" "${container:0:12}"}; do
		attached negligent -g "$name"
		holds "$engine: attach -g ID (${#name} digits): a probe that entered, and its zombie" "$report" '
			any(.findings[]; .code == "zombie.adopter-negligent") and any(.processes[]; .pid == $p and .ns_pid == 1)' \
			--argjson p "$init"
	done
	container_end negligent
}

# silent NAME PID1…: an init that reaps
silent()
{
	local name=$1

	shift
	container_start reaping "$@"
	probe reaping
	attached reaping -p "$init"
	is "$engine: $name as PID 1: attach finds no zombie" "[]" "$(jq -c '[.findings[].code | select(startswith("zombie"))]' "$report")" \
		"$scratch/err"
	look zombies -p "$init" --fail-on any
	is "$engine: $name as PID 1: zombies finds none" "0 []" "$status $(jq -c '[.findings[].code]' "$report")" "$scratch/err"
	container_end reaping
}

# It hangs until its standard input ends; in the container it is nobody's PID 1. Sets $hung.
start_hung()
{
	container_start hung sh -c 'sleep 1000 | /only-here/hung abba'
	until_true 20 bash -c "[ \$(ls /proc/\$(pgrep -P $init hung)/task | wc -l) = 3 ]"
	hung=$(pgrep -P "$init" hung)
	sleep 0.3
}

# A program that is in the container's root only.
hung()
{
	local way

	start_hung
	for way in "" --proc; do
		# shellcheck disable=SC2086 # nothing, or one word
		look locks "$hung" $way --fail-on deadlock
		is "$engine: locks $way: the circle" "99 deadlock.cycle" "$status $(jq -r '[.findings[].code] | join(" ")' "$report")" \
			"$scratch/err"
		holds "$engine: locks $way: locks, holders and places are named" "$report" '
			([.locks[] | {(.name): "\(.waiters[0].comm) \(.holders[0].comm)"}] | add) ==
			{lock_a: "second first", lock_b: "first second"} and
			all(.findings[0].detail.cycle[].site; test("^[a-z_]+ at (hung.c|threads.h):[0-9]+"))'
		holds "$engine: locks $way: both pids" "$report" '.processes[0] | .pid == $p and .ns_pid == $n' \
			--argjson p "$hung" --argjson n "$(in_namespace "$hung")"
	done
	container_end hung
}

# run, of a container: followed from the engine to the last process in it.
followed()
{
	timeout 60 "$LIFELINE" run --format json -o "$report" -- bash -c '. tests/live/containers.bash; trap - EXIT
		container_run followed "$@"' - /only-here/long-hold </dev/null >"$scratch/out" 2>"$scratch/err"
	is "$engine: run: the program's exit status" 0 $? "$scratch/err" "$scratch/out"
	holds "$engine: run: a program of the container's root: its lock, who held it, and where it was waited for" "$report" '
		.locks[] | select(.name == "stock") | .kind == "mutex" and .waits >= 3 and .holders[0].comm == "saver" and
		any(.sites[].stack[]; test("take_item at long-hold.c:[0-9]+"))'
	timeout 60 "$LIFELINE" run --format json -o "$report" --zombie-after 300ms -- bash -c '. tests/live/containers.bash; trap - EXIT
		container_run followed "$@"' - sh -c 'sh -c "sleep 0.1 & exit 0" & exec sleep 1' </dev/null >"$scratch/out" 2>"$scratch/err"
	holds "$engine: run: a PID 1 that does not wait" "$report" '
		[.findings[] | select(.code == "zombie.adopter-negligent")] as $found | ($found | length) == 1 and
		($found[0].detail.parent as $init | any(.processes[]; .id == $init and .ns_pid == 1 and .pid != 1)) and
		any(.processes[]; .id == $found[0].process and .orphaned.rule == "pidns-init" and .ns_pid > 1)'
}

# Within a container without privileges: what /proc tells, and that no more could be asked.
within()
{
	container_start within sleep 1000
	container_exec within sh -c 'sleep 0.1 & exit 0' </dev/null >"$scratch/probe" 2>&1
	until_true 10 has_zombies "$init" 1
	zombie=$(zombies_of "$init")
	container_exec within /only-here/lifeline zombies --format json >"$report" 2>"$scratch/err" </dev/null
	is "$engine: within it: zombies from /proc, which is said" "0 1" "$? $(grep -c '/proc instead' "$scratch/err")" "$scratch/err"
	holds "$engine: within it: pids as they are there" "$report" '.findings | length == 1 and (.[0] |
		.code == "zombie.unreaped" and .pid == $pid and .detail.parent_pid == 1 and (.help | contains("tini")))' \
		--argjson pid "$(in_namespace "$zombie")"
	container_exec within /only-here/lifeline doctor >"$scratch/out" 2>"$scratch/err" </dev/null
	is "$engine: within it: doctor tells what is missing" "125 1" "$? $(grep -c '^impossible  CAP_BPF' "$scratch/out")" \
		"$scratch/out" "$scratch/err"
	container_end within
	start_hung
	container_exec hung /only-here/lifeline locks "$(in_namespace "$hung")" --format json --fail-on deadlock >"$report" 2>"$scratch/err" </dev/null
	is "$engine: within it: locks from /proc, which is said" "99 1" "$? $(grep -c '/proc instead' "$scratch/err")" "$scratch/err"
	container_exec hung /only-here/lifeline run -- true >"$scratch/out" 2>"$scratch/err" </dev/null
	is "$engine: within it: run is refused in a sentence" "125 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"
	container_end hung
}

make_root "$programs/hung" "$DEMOS/lock/long-hold" "$LIFELINE"
[ -z "$(command -v tini)" ] || copy_program "$(command -v tini)" /only-here/tini
export root scratch LIFELINE programs
for engine in unshare runc podman; do
	if ! engine_works "$engine"; then
		skip "$engine" "it cannot start a container here: $(tail -n 1 "$scratch/engine.err" 2>/dev/null)"
		continue
	fi
	export engine
	negligent
	silent "a shell that waits" sh -c 'sleep 1000 & wait'
	if [ -x "$root/only-here/tini" ]; then
		silent tini /only-here/tini -- sleep 1000
	else
		skip "$engine: tini as PID 1" "tini is not installed"
	fi
	hung
	[ "$engine" = podman ] || followed
	[ "$engine" = unshare ] || within
done
[ "$failures" = 0 ]
