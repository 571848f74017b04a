#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Bad input: whatever is wrong, there is one sentence on stderr that names it, the exit status is the documented one, what
# was to be run is not run, nothing is written over and nothing is left behind.
. tests/live/lib.bash

cp tests/live/lib.bash "$scratch/some.txt" # a file that is no trace
cd "$scratch" || exit 1
chmod 755 . # for the tests as another user

# says NAME STATUS PATTERN COMMAND…: the status, and one line on stderr that matches
says()
{
	local name=$1 expected=$2 pattern=$3 status lines

	shift 3
	timeout --kill-after=5 20 "$@" >out 2>err </dev/null
	status=$?
	lines=$(wc -l <err)
	if [ "$status" = "$expected" ] && [ "$lines" = 1 ] && grep -qE "^lifeline: .*$pattern" err; then
		pass "$name"
	else
		fail "$name" err
		echo "# status $status (wanted $expected), $lines lines on stderr (wanted 1), wanted: $pattern"
	fi
	rm -f out err
}

# As says, and nothing on stdout, CMD (which makes the file `ran`) not run, and the folder as before.
refuses()
{
	local name=$1 before after

	before=$(ls -lA --time-style=full-iso)
	says "$@"
	after=$(ls -lA --time-style=full-iso)
	is "$name: leaves nothing, changes nothing" "$before" "$after"
	rm -f ran
}

L=$LIFELINE
unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# ---- the command line
refuses "no command" 125 "no command was given" "$L"
refuses "unknown command" 125 "no command 'rnu'; did you mean .lifeline run" "$L" rnu
refuses "unknown general option" 125 "no option --frobnicate" "$L" --frobnicate
refuses "unknown option" 125 "no option --formt for run; did you mean --format" "$L" run --formt json -- touch ran
refuses "unknown letter" 125 "no option -x" "$L" run -x -- touch ran
refuses "lock functions of everybody" 125 "needs to be told whose" "$L" attach --all --locks all
refuses "command of a later version" 125 "not in this version" "$L" top
refuses "missing value" 125 "lacks its DURATION" "$L" run --for
refuses "bad duration" 125 "--for cannot be '5'.*500ms" "$L" run --for 5 -- touch ran
refuses "bad size" 125 "--buffer cannot be 'much'" "$L" run --buffer much -- touch ran
refuses "bad choice" 125 "--format cannot be 'xml'.*text.json" "$L" run --format xml -- touch ran
refuses "value for a flag" 125 "takes no value" "$L" run --quiet=yes -- touch ran
refuses "unknown verdict for --fail-on" 125 "no verdict 'zombie.never-waitd'.*zombie.never-waited" \
	"$L" run --fail-on zombie.never-waitd -- touch ran
refuses "control bytes in a name" 125 '\\x1b\[2J\\n' "$L" $'\e[2J\nx'
refuses "run without CMD" 125 "lacks the command" "$L" run --
refuses "attach to nothing" 125 "not told what to observe" "$L" attach
refuses "attach to a pid and to all" 125 "either --all or what to select" "$L" attach -p 1 --all
refuses "attach to no number" 125 "'init' is not the number" "$L" attach -p init
refuses "attach to pid 0" 125 "'0' is not the number" "$L" attach -p 0
refuses "report without a trace" 125 "lacks the name of a trace" "$L" report
refuses "report of two traces" 125 "one trace at a time" "$L" report a b
refuses "unknown demo" 125 "no demo 'zombie/never-wait'; did you mean zombie/never-waits" "$L" demo zombie/never-wait
refuses "unknown code to explain" 125 "no verdict 'zombie.never-waitd'" "$L" explain zombie.never-waitd

# ---- the command to run
refuses "CMD not found" 127 "no-such-command.*No such file" "$L" run -- no-such-command
refuses "CMD's path not found" 127 "/nowhere/cmd" "$L" run --record trace -o report -- /nowhere/cmd
refuses "CMD not executable" 126 "some.txt.*ermission denied" "$L" run --record trace -o report -- ./some.txt
refuses "CMD is a directory" 126 "ermission denied|directory" "$L" run -- /
"$L" run -q --record trace -- true 2>/dev/null
refuses "CMD not found, and an older trace" 127 "No such file" "$L" run --record trace -o trace -- no-such-command
refuses "unknown user" 125 "no-such-user" "$L" run -u no-such-user-here -- touch ran
sleep 0 &
wait $!
refuses "attach to a process that has ended" 125 "process $!" "$L" attach -p $! --record new

# ---- where reports and traces go
mkdir folder
ln -s trace link
for option in -o --record; do
	refuses "$option: into a folder that is not there" 125 "/nowhere/x.*No such file" "$L" run $option /nowhere/x -- touch ran
	refuses "$option: a directory" 125 "folder: it is a directory" "$L" run $option folder -- touch ran
	refuses "$option: a symbolic link" 125 "link: it is a symbolic link" "$L" run $option link -- touch ran
	refuses "$option: a file without a name" 125 "without a name|empty" "$L" run $option "" -- touch ran
done
refuses "--record: over a file that is no trace" 125 "some.txt.*not a trace" "$L" run --record some.txt -- touch ran
refuses "--record: standard output" 125 "standard output" "$L" run --record - -- touch ran
refuses "report -o: a symbolic link" 125 "link: it is a symbolic link" "$L" report trace -o link
says "-o: a full disk" 125 "No space left" "$L" run -o /dev/full -- true
says "--record: a full disk" 125 "/dev/full.*(No space left|not a regular file)" "$L" run -q --record /dev/full -- true
for command in "$L --help" "$L --json-schema" "$L explain" "$L demo" "$L doctor --format json" "$L run -o - -- true"; do
	for target in /dev/full pipe; do
		name="${command#"$L "} to a full disk"
		if [ $target = pipe ]; then
			name="${command#"$L "} to a pipe without a reader"
			mkfifo pipe
			true <pipe &
			exec 8>pipe
			wait $!
			$command >&8 2>err
			status=$?
			exec 8>&-
			rm pipe
		else
			$command >/dev/full 2>err
			status=$?
		fi
		is "$name" "125 1" "$status $(grep -c '^lifeline: .*\(No space left\|Broken pipe\)' err)" err
	done
done
rm -f err

# ---- privileges
cp "$LIFELINE" lifeline
chmod 755 lifeline
mkdir -m 777 free
cd free || exit 1
for command in "run" "run --record trace -o report" "run --format json"; do
	# shellcheck disable=SC2086
	refuses "$command: as an ordinary user" 125 "CAP_BPF and CAP_PERFMON are missing; .*sudo" \
		"${unprivileged[@]}" ../lifeline $command -- touch ran
done
refuses "attach: as an ordinary user" 125 "CAP_BPF and CAP_PERFMON are missing" "${unprivileged[@]}" ../lifeline attach --all
refuses "run: with CAP_BPF only" 125 "CAP_PERFMON is missing" setpriv --reuid=65534 --regid=65534 --clear-groups \
	--inh-caps=-all,+bpf --ambient-caps=-all,+bpf ../lifeline run -- touch ran
"${unprivileged[@]}" ../lifeline doctor --format json >doctor.json 2>err
is "doctor: as an ordinary user" "125 false" "$? $(jq .well doctor.json)" err
holds "doctor: names what is missing, and what to do" doctor.json \
	'.capabilities[] | select(.name == "privileges") | .state == "impossible" and (.why | contains("CAP_BPF")) and .fix != null'
rm -f doctor.json err
cd ..

# ---- kernels
if unshare -m mount -t tmpfs none /sys/kernel/btf 2>/dev/null; then
	without_btf=(unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh)
	refuses "run: a kernel without BTF" 125 "no type information.*CONFIG_DEBUG_INFO_BTF" "${without_btf[@]}" "$L" run -- touch ran
	refuses "attach: a kernel without BTF" 125 "no type information" "${without_btf[@]}" "$L" attach --all
	"${without_btf[@]}" "$L" doctor --format json >doctor.json 2>err
	is "doctor: a kernel without BTF" "125 1" "$? $(jq '[.capabilities[] | select(.name == "kernel type information" and .state == "impossible")] | length' doctor.json)" err
	rm -f doctor.json err
else
	skip "a kernel without BTF" "no private mounts here"
fi
echo 'none integrity [confidentiality]' >lockdown
if unshare -m mount --bind lockdown /sys/kernel/security/lockdown 2>/dev/null; then
	unshare -m sh -c 'mount --bind lockdown /sys/kernel/security/lockdown && exec "$@"' sh "$L" doctor --format json >doctor.json 2>err
	holds "doctor: a locked-down kernel" doctor.json '.capabilities[] | select(.name == "kernel lockdown") | .state != "works" and .fix != null'
	rm -f doctor.json err
else
	skip "a locked-down kernel" "this one knows no lockdown to pretend"
fi

# ---- traces
"$L" run -q --record good -- sh -c 'for i in 1 2 3 4 5; do (exit $i); done' 2>/dev/null
"$L" report --format json good >good.json
size=$(stat -c %s good)
: >empty
refuses "trace: empty" 125 "empty.*empty" "$L" report empty
refuses "trace: not one" 125 "some.txt.*byte 0" "$L" report some.txt
refuses "trace: not there" 125 "nothing.*No such file" "$L" report nothing
refuses "trace: a directory" 125 "folder.*directory" "$L" report folder
refuses "trace: a device" 125 "/dev/zero.*regular" "$L" report /dev/zero
{ head -c 12 good; printf '\002'; tail -c +14 good; } >other
refuses "trace: of another version" 125 "other.*version 2 \(byte 12\)" "$L" report other
for ((cut = 1; cut < size; cut += 1 + size / 24)); do
	head -c "$cut" good >short
	says "trace: cut off after $cut of $size bytes" 125 "short.* (byte|early|cut off)" "$L" report short
done

# One bit turned over: it is told, or (where nothing hangs on it) the report is as it was.
flipped=0 told=0
for ((at = 0; at < size; at += 1 + size / 160)); do
	byte=$(od -An -tu1 -j$at -N1 good)
	for bit in 1 128; do
		cp good flip
		printf '%b' "\\x$(printf %02x $((byte ^ bit)))" | dd of=flip bs=1 seek=$at conv=notrunc status=none
		timeout 10 "$L" report --format json flip >flip.json 2>err
		status=$?
		flipped=$((flipped + 1))
		if [ $status = 125 ] && [ "$(wc -l <err)" = 1 ]; then
			told=$((told + 1))
		elif [ $status != 0 ] || ! cmp -s good.json flip.json; then
			fail "trace: bit $bit of byte $at turned over (status $status)" err
		fi
	done
done
is "trace: turned bits are told ($told of $flipped)" true "$([ "$flipped" -gt 100 ] && [ $((told * 10)) -gt $((flipped * 9)) ] && echo true)"
[ "$failures" = 0 ]
