#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Least privilege: lifeline with file capabilities for a plain user, each of them taken away in turn; root without some;
# bpf(2) refused by a seccomp filter; and doctor's word on each. What is missing costs what is said by name, no more.
. tests/live/lib.bash
report=$scratch/report.json
chmod 755 "$scratch"
tool=$scratch/lifeline
all="cap_bpf cap_perfmon cap_sys_ptrace cap_dac_read_search"
bpf_call=321

cp "$LIFELINE" "$tool"
cp "$programs/hung" "$programs/refuse" "$DEMOS/lock/long-hold" "$scratch"
chmod 755 "$tool" "$scratch"/{hung,refuse,long-hold}
if ! command -v setcap >/dev/null || ! setcap cap_bpf+ep "$tool" 2>/dev/null || ! getcap "$tool" | grep -q cap_bpf; then
	skip "privileges" "files cannot be given capabilities here"
	exit 0
fi

plain() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

# capabilities WORD…: the program has these, and no others
capabilities()
{
	local IFS=,

	setcap -r "$tool" 2>/dev/null
	[ $# = 0 ] || setcap "$*+ep" "$tool"
}

as_plain() # ARGUMENTS…: sets $status
{
	plain timeout 60 "$tool" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
}

# observed ARGUMENTS…: with the report in $report, which belongs to us
observed()
{
	plain timeout 60 "$tool" "$@" --format json >"$report" 2>"$scratch/err" </dev/null
	status=$?
}

mkfifo "$scratch/alive"
exec 9<>"$scratch/alive" # its writing end: the programs live until it is closed
hang() # PREFIX…: sets $hung
{
	"$@" "$scratch/hung" abba <"$scratch/alive" >"$scratch/ready" 2>&1 9>&- &
	hung=$!
	started+=("$hung")
	until_true 20 grep -q '^ready' "$scratch/ready"
	sleep 0.2
}
hang env && of_root=$hung
hang setpriv --reuid 65534 --regid 65534 --clear-groups && own=$hung
bash -c 'sleep 0 & exec sleep 600' &
parent=$!
started+=("$parent")
until_true 10 bash -c "[ \"\$(ps -o stat= --ppid $parent)\" = Z ]"
zombie=$(pgrep -P "$parent")
sleep 1

runs() # WHAT
{
	plain timeout 60 "$tool" run --format json -o - -- "$scratch/long-hold" >"$scratch/both" 2>"$scratch/err" </dev/null
	status=$?
	sed -n '/^{/,$p' "$scratch/both" >"$report"
	is "$1: run works" 0 "$status" "$scratch/err"
	holds "$1: run: the lock, its holder and the place" "$report" '.locks[] | select(.name == "stock") |
		.holders[0].comm == "saver" and any(.sites[].stack[]; startswith("take_item at long-hold.c:"))'
}

attaches() # WHAT EXE
{
	observed attach -p "$of_root" --for 200ms
	is "$1: attach works" 0 "$status" "$scratch/err"
	holds "$1: attach: the path of another user's program is $2" "$report" \
		'.processes[0] | .pid == $p and (.exe == null) == ($known == "unknown")' --argjson p "$of_root" --arg known "$2"
}

refuses() # WHAT WORDS: observing is refused in one sentence, and zombies and locks read /proc, which is said
{
	as_plain run -- true
	is "$1: run is refused" "125 1 1" "$status $(wc -l <"$scratch/err") $(grep -c "$2" "$scratch/err")" "$scratch/err"
	as_plain attach -p "$own" --for 100ms
	is "$1: attach is refused" "125 1 1" "$status $(wc -l <"$scratch/err") $(grep -c "$2" "$scratch/err")" "$scratch/err"
	observed zombies -p "$parent"
	is "$1: zombies from /proc, which is said" "0 1 zombie.unreaped $zombie" \
		"$status $(grep -c "$2.*/proc instead" "$scratch/err") $(jq -r '.findings[0] | "\(.code) \(.pid)"' "$report")" "$scratch/err"
	observed locks "$own" --fail-on deadlock
	is "$1: locks from /proc, which is said" "99 1 deadlock.cycle" \
		"$status $(grep -c "$2.*/proc instead" "$scratch/err") $(jq -r '.findings[0].code' "$report")" "$scratch/err"
}

denied() # WHAT WORDS ARGUMENT…: one sentence, 125, nothing on stdout
{
	local what=$1 words=$2

	shift 2
	as_plain "$@"
	is "$what" "125 0 1 1" \
		"$status $(wc -c <"$scratch/out") $(wc -l <"$scratch/err") $(grep -c "$words" "$scratch/err")" "$scratch/err"
}

# doctor_says WHAT STATUS NAME STATE
doctor_says()
{
	plain "$tool" doctor --format json >"$scratch/doctor.json" 2>"$scratch/err"
	is "$1: doctor: its status, and of $3" "$2 $4" \
		"$? $(jq -r --arg name "$3" '.capabilities[] | select(.name == $name).state' "$scratch/doctor.json")" "$scratch/err"
}

# shellcheck disable=SC2086 # a list of words
capabilities $all
runs "all four"
attaches "all four" known
is "all four: nothing is said to be missing" 0 "$(grep -c missing "$scratch/err")" "$scratch/err"
observed zombies -p "$parent"
is "all four: zombies by the kernel's word" "0 0 zombie.unreaped" \
	"$status $(wc -l <"$scratch/err") $(jq -r '.findings[0].code' "$report")" "$scratch/err"
observed locks "$of_root" --fail-on deadlock
is "all four: locks of another user's" "99 deadlock.cycle" "$status $(jq -r '.findings[0].code' "$report")" "$scratch/err"
doctor_says "all four" 0 CAP_BPF works

capabilities cap_perfmon cap_sys_ptrace cap_dac_read_search
refuses "without CAP_BPF" "CAP_BPF is missing"
doctor_says "without CAP_BPF" 125 CAP_BPF impossible
holds "without CAP_BPF: doctor: every program is lost, by name" "$scratch/doctor.json" '
	[.capabilities[] | select((.how // "") | startswith("ll_"))] | length >= 18 and all(.state != "works" and
	(.why | contains("CAP_BPF is missing")))'

capabilities cap_bpf cap_sys_ptrace cap_dac_read_search
refuses "without CAP_PERFMON" "CAP_PERFMON is missing"
doctor_says "without CAP_PERFMON" 125 CAP_PERFMON impossible

capabilities cap_bpf cap_perfmon cap_dac_read_search
runs "without CAP_SYS_PTRACE"
attaches "without CAP_SYS_PTRACE" unknown
is "without CAP_SYS_PTRACE: attach says what it costs" 1 "$(grep -c 'CAP_SYS_PTRACE is missing: paths, memory' "$scratch/err")" \
	"$scratch/err"
denied "without CAP_SYS_PTRACE: locks of another user's are refused" CAP_SYS_PTRACE locks "$of_root"
observed locks "$own" --fail-on deadlock
is "without CAP_SYS_PTRACE: locks of an own process" "99 deadlock.cycle" \
	"$status $(jq -r '.findings[0].code' "$report")" "$scratch/err"
doctor_says "without CAP_SYS_PTRACE" 0 CAP_SYS_PTRACE degraded

capabilities cap_bpf cap_perfmon cap_sys_ptrace
runs "without CAP_DAC_READ_SEARCH"
attaches "without CAP_DAC_READ_SEARCH" known
is "without CAP_DAC_READ_SEARCH: attach says what it costs" 1 \
	"$(grep -c 'CAP_DAC_READ_SEARCH is missing: descriptors' "$scratch/err")" "$scratch/err"
observed locks "$of_root" --fail-on deadlock
is "without CAP_DAC_READ_SEARCH: locks of another user's" "99 deadlock.cycle" \
	"$status $(jq -r '.findings[0].code' "$report")" "$scratch/err"
denied "without CAP_DAC_READ_SEARCH: from /proc they are refused" CAP_DAC_READ_SEARCH locks "$of_root" --proc
doctor_says "without CAP_DAC_READ_SEARCH" 0 CAP_DAC_READ_SEARCH degraded

capabilities
refuses "without any" "CAP_BPF and CAP_PERFMON are missing"
denied "without any: locks of another user's are refused" "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are missing" locks "$of_root"
doctor_says "without any" 125 births impossible

# Root, and what run -u takes.
for name in setuid setgid; do
	setpriv --bounding-set -$name --inh-caps -$name "$LIFELINE" run -u nobody -- true >"$scratch/out" 2>"$scratch/err"
	is "root without cap_$name: run -u is refused" "125 1 1" "$? $(wc -l <"$scratch/err") $(grep -ci "cap_$name" "$scratch/err")" \
		"$scratch/err"
done
setpriv --bounding-set -kill --inh-caps -kill "$LIFELINE" run -u nobody --for 200ms -- sleep 1 >"$scratch/out" 2>"$scratch/err"
is "root without cap_kill: run -u --for cannot end CMD, which is said" "0 1" "$? $(grep -c 'CAP_KILL is missing' "$scratch/err")" \
	"$scratch/err"
"$LIFELINE" doctor --format json >"$scratch/doctor.json" 2>"$scratch/err"
is "root: doctor: all is well" "0 true" "$? $(jq .well "$scratch/doctor.json")" "$scratch/err"
others='^ll_fx_' # and what is for kernels that preempt programs at tracepoints
[ "$(uname -r | cut -d. -f1)" -ge 7 ] || others+='|_perf$'
holds "root: doctor: each program is tried" "$scratch/doctor.json" '
	([.capabilities[].how // "" | select(startswith("ll_")) | split(" ")[0]] | sort) == $programs' --argjson programs "$(
	bpftool -j gen skeleton "$BUILD/bpf/lifeline.bpf.o" 2>/dev/null | grep -oE 'struct bpf_program \*ll_[a-z0-9_]+' |
		grep -oE 'll_[a-z0-9_]+' | grep -vE "$others" | sort -u | jq -Rcs 'split("\n") | map(select(. != ""))')"

# bpf(2) refused although all capabilities are there, as in a container.
"$programs/refuse" $bpf_call "$LIFELINE" run -- true >"$scratch/out" 2>"$scratch/err"
is "bpf() refused: run says so" "125 1 1" "$? $(wc -l <"$scratch/err") $(grep -c seccomp "$scratch/err")" "$scratch/err"
"$programs/refuse" $bpf_call "$LIFELINE" zombies --format json -p "$parent" >"$report" 2>"$scratch/err"
is "bpf() refused: zombies from /proc" "0 1 $zombie" "$? $(grep -c '/proc instead' "$scratch/err") $(jq '.findings[0].pid' "$report")" \
	"$scratch/err"
"$programs/refuse" $bpf_call "$LIFELINE" locks "$of_root" --fail-on deadlock >"$scratch/out" 2>"$scratch/err"
is "bpf() refused: locks from /proc" "99 1" "$? $(grep -c '/proc instead' "$scratch/err")" "$scratch/err"
"$programs/refuse" $bpf_call "$LIFELINE" doctor >"$scratch/out" 2>"$scratch/err"
is "bpf() refused: doctor" "125 1" "$? $(grep -c 'impossible  ring buffer' "$scratch/out")" "$scratch/out"
"$programs/refuse" 310 "$LIFELINE" doctor >"$scratch/out" 2>"$scratch/err"
is "process_vm_readv() refused: doctor" "0 1" "$? $(grep -c 'degraded    memory of processes' "$scratch/out")" "$scratch/out"

# A /proc that hides others' processes.
# shellcheck disable=SC2016 # for the inner shell
unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' - \
	"$tool" doctor --format json >"$scratch/doctor.json" 2>"$scratch/err"
holds "hidepid: doctor" "$scratch/doctor.json" '.capabilities[] | select(.name == "/proc") |
	.state == "degraded" and (.why | contains("hidepid hides"))'
[ "$failures" = 0 ]
