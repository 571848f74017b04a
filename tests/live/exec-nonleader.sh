#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exec by a thread that is not the leader: one process before and after, with what was counted before.
. tests/live/lib.bash
report=$scratch/report.json

"$LIFELINE" run --format json -o "$report" -- "$programs/exec-nonleader" >"$scratch/truth" 2>"$scratch/err"
is "exec-nonleader: the exit status is passed on" 7 $? "$scratch/err"
read -r pid <"$scratch/truth"
explain='.processes[] | {pid, comm, argv, switches, exit, threads: [.threads[] | [.tid, .comm, .switches]]}'
is "exec-nonleader: one process" "$pid" "$(jq -r '[.processes[].pid | tostring] | join(" ")' "$report")"
holds "exec-nonleader: the arguments are those of the second life" "$report" '.processes[0].argv == ["second-life", "again"]'
holds "exec-nonleader: it ended with 7" "$report" '.processes[0].exit == {code: 7} or .processes[0].exit.code == 7'
holds "exec-nonleader: sleeps of both threads before the exec are counted" "$report" \
	'.processes[0] | .switches.voluntary >= 40 and .blocked_ns.sleep >= 180e6'
is "exec-nonleader: no finding" "[]" "$(jq -c '[.findings[].code]' "$report")"
[ "$failures" = 0 ]
