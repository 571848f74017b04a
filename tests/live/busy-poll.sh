#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# switch.busy-poll on this kernel: each way of asking in vain is seen, with the call that it was, and loops that look like
# it but sleep, work or find something in between are not.
. tests/live/lib.bash

# look MODE: false if the machine was too busy for it
look()
{
	local status

	timeout 60 "$LIFELINE" run --format json -o "$scratch/$1.json" -- "$programs/polls" "$1"
	status=$?
	[ $status != 3 ] || { skip "$1" "the machine is too busy"; return 1; }
	is "$1: the program ends well" 0 $status
}

while read -r mode calls; do
	look "$mode" || continue
	holds "$mode in vain is seen" "$scratch/$mode.json" \
		'[.findings[] | select(.code == "switch.busy-poll") | .detail.call | test("^(\($calls))$")] == [true]' \
		--arg calls "$calls"
done <<'END'
read read
receive recvfrom
select select|pselect6
poll poll|ppoll
wait wait4
yield sched_yield
END
for mode in event-loop look-and-work short-sleeps every-other; do
	look "$mode" || continue
	holds "$mode is healthy" "$scratch/$mode.json" '[.findings[] | select(.code == "switch.busy-poll")] == []'
done

# Attached to in the middle.
"$programs/polls" read 1500 &
polls=$!
started+=("$polls")
timeout 60 "$LIFELINE" attach --format json -o "$scratch/attach.json" -p "$polls"
way=$("$LIFELINE" doctor | grep -c 'fexit on each of these calls: no cost')
if [ "$way" != 0 ]; then
	skip "attach sees it as well" "programs on single calls are in use, which do not see these calls"
elif [ "$(jq '[.processes[].cpu_ns // 0] | add > 150000000' "$scratch/attach.json")" != true ]; then
	skip "attach sees it as well" "attached too late to see 150 ms of it"
else
	holds "attach sees it as well" "$scratch/attach.json" '[.findings[].code] | index("switch.busy-poll") != null'
fi
[ "$failures" = 0 ]
