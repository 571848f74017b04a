#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# run: exit statuses, the output streams, users, limits of time, --fail-on, recordings.
. tests/live/lib.bash
report=$scratch/report.json

run() { timeout 30 "$LIFELINE" run --format json -o "$report" "$@" >"$scratch/out" 2>"$scratch/err"; }

run -- sh -c 'exit 3'
is "run: CMD's exit status" "3 3" "$? $(jq .exit.code "$report")" "$scratch/err"
run -- sh -c 'kill -KILL $$'
is "run: CMD killed by a signal" "137 SIGKILL" "$? $(jq -r .exit.signal "$report")" "$scratch/err"
run -- "$scratch/nothing"
is "run: CMD not found" "127 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"
run -- /etc/passwd
is "run: CMD not executable" "126 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"

"$LIFELINE" run -- echo hello >"$scratch/out" 2>"$scratch/err"
is "run: CMD's output is all there is on stdout" hello "$(cat "$scratch/out")"
is "run: the report goes to stderr" true "$([ -s "$scratch/err" ] && echo true)"

run -u nobody -- sh -c 'id -u; id -g; grep -E "^(CapEff|CapPrm|CapAmb)" /proc/self/status | cut -f2 | sort -u'
is "run -u: user, group, and no capabilities" "65534 $(id -g nobody) 0000000000000000" "$(tr '\n' ' ' <"$scratch/out" | sed 's/ $//')"
holds "run -u: the report knows" "$report" '[.processes[].uid] | unique == [65534]'
run -u no-such-user-here -- true
is "run -u: an unknown user" "125 1" "$? $(wc -l <"$scratch/err")" "$scratch/err"

run --for 500ms -- sleep 20
is "run --for: CMD gets SIGTERM" "143 SIGTERM duration" "$? $(jq -r '"\(.exit.signal) \(.trace.ended_by)"' "$report")" "$scratch/err"
holds "run --for: in time" "$report" '.trace.duration_ns > 0.4e9 and .trace.duration_ns < 3e9'

run -- sh -c 'sleep 1.5 >/dev/null 2>&1 & exit 0'
is "run: ends with CMD, and lists survivors" "0 true command" \
	"$? $(jq -r '"\(any(.findings[]; .code == "orphan.survivor")) \(.trace.ended_by)"' "$report")" "$scratch/err"
run --linger forever -- sh -c 'sleep 1.5 >/dev/null 2>&1 & exit 0'
is "run --linger forever: until the last has ended" "0 0" \
	"$? $(jq -r '[.processes[] | select(.exited_ns == null)] | length' "$report")" "$scratch/err"
holds "run --linger forever: took as long as the last one" "$report" '.trace.duration_ns > 1.4e9'
holds "run --linger forever: the survivor's whole life" "$report" '.findings | map(select(.code == "orphan.survivor").pid) as $pids |
	($pids | length) == 1 and ($report.processes[] | select(.pid == $pids[0]) | .exit.code == 0)' --argjson report "$(cat "$report")"
run --linger 300ms -- sh -c 'sleep 5 >/dev/null 2>&1 & exit 0'
holds "run --linger 300ms: not longer" "$report" '.trace.duration_ns > 0.25e9 and .trace.duration_ns < 3e9'

run --fail-on zombie -- "$DEMOS/zombie/never-waits"
is "run --fail-on: a kind covers its codes" 99 $? "$scratch/err"
run --fail-on exit,orphan.survivor -- "$DEMOS/zombie/never-waits"
is "run --fail-on: other kinds do not match" 0 $? "$scratch/err"
run --fail-on any -- "$DEMOS/process/terminate-is-not-instant"
is "run --fail-on any: notes do not count" 0 $? "$scratch/err"
run --zombie-after 5s -- "$DEMOS/zombie/never-waits"
is "run --zombie-after: a higher limit" "[]" "$(jq -c '[.findings[].code]' "$report")"

run --record "$scratch/trace" -- "$DEMOS/zombie/leak"
"$LIFELINE" report --format json -o "$scratch/replayed.json" "$scratch/trace" 2>"$scratch/err"
is "report: reads the recording" 0 $? "$scratch/err"
is "report: the same findings" "$(jq -S .findings "$report")" "$(jq -S .findings "$scratch/replayed.json")"
is "report: the same processes" "$(jq -S .processes "$report" | md5sum)" "$(jq -S .processes "$scratch/replayed.json" | md5sum)"
is "run --record: for its owner's eyes" 600 "$(stat -c %a "$scratch/trace")"

# Where programs on single calls are refused, the other way is taken, and said; else this way.
LIFELINE_CALL_HOOK=fexit run -vv -- sh -c 'exit 3'
is "run by fexit: works" 3 $? "$scratch/err"
if "$LIFELINE" doctor | grep -q 'fexit on each of these calls'; then
	holds "run by fexit: what is not seen is told" "$report" '.trace.unseen == ["switch.busy-poll"]'
else
	is "run by fexit: refused here, and said" 1 "$(grep -c 'refuses programs on single calls (fexit)' "$scratch/err")" "$scratch/err"
	holds "run by fexit: refused here, so that all is seen" "$report" '.trace.unseen == []'
fi

# What kernels want that preempt programs at tracepoints; it does on all. tracefs need not be mounted.
facts='{codes: [.findings[].code] | sort, waits: [.processes[] | [.comm, .waits.calls, .waits.reaped, .exit, .reaped_by != null]] | sort, lost: .trace.lost.total, unseen: .trace.unseen}'
run -vv -- true
is "run: a perf event is used where tracepoints are preempted" "$(($(uname -r | cut -d. -f1) >= 7))" \
	"$(grep -c 'calls are seen by a perf event' "$scratch/err")" "$scratch/err"
LIFELINE_CALL_HOOK=tp_btf run -vv -- "$DEMOS/zombie/reaps-in-time"
is "run by tp_btf: no perf event" 0 "$(grep -c 'seen by a perf event' "$scratch/err")" "$scratch/err"
plain=$(jq -S "$facts" "$report")
holds "run by tp_btf: waits are known" "$report" '[.processes[].waits | .calls, .reaped] | add == 7'
export LIFELINE report DEMOS
for mounted in yes no; do
	if [ $mounted = yes ]; then
		prepare='mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing'
	else
		prepare='while umount -l /sys/kernel/tracing; do :; done 2>/dev/null; [ ! -e /sys/kernel/tracing/events ]'
	fi
	# shellcheck disable=SC2016 # for the inner shell
	LIFELINE_CALL_HOOK=perf timeout 30 unshare -m sh -c "($prepare) || exit 77"'
		exec "$LIFELINE" run -vv --format json -o "$report" -- "$DEMOS/zombie/reaps-in-time"' </dev/null >/dev/null 2>"$scratch/err"
	is "run by perf, tracefs mounted: $mounted: works" 0 $? "$scratch/err"
	is "run by perf, tracefs mounted: $mounted: perf events are used" 2 "$(grep -c 'seen by a perf event' "$scratch/err")" "$scratch/err"
	is "run by perf, tracefs mounted: $mounted: the same facts" "$plain" "$(jq -S "$facts" "$report")"
done
[ "$failures" = 0 ]
