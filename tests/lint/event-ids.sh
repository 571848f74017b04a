#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Event ids are append-only: trace files out there hold them. tests/lint/event-ids.txt keeps every id ever given away;
# one that is gone from event.def, or has another name, is an error, and a new one has to be written down there.
set -u
known=tests/lint/event-ids.txt
status=0

current=$(grep -oE '\bEVENT\([0-9]+, *[a-z_]+' bpf/abi/event.def | sed -E 's/EVENT\(([0-9]+), */\1 /')
if [ -z "$current" ]; then
	echo "bpf/abi/event.def: found no EVENT( in it; has its form changed?"
	exit 1
fi
while read -r id name; do
	[[ $id =~ ^[0-9]+$ ]] || continue
	grep -qx "$id $name" <<<"$current" || { echo "bpf/abi/event.def: event $id $name is gone or renamed"; status=1; }
done <"$known"
while read -r id name; do
	grep -qx "$id $name" "$known" || { echo "$known: new event: add the line '$id $name'"; status=1; }
done <<<"$current"
for twice in $(cut -d' ' -f1 <<<"$current" | sort | uniq -d) $(cut -d' ' -f2 <<<"$current" | sort | uniq -d); do
	echo "bpf/abi/event.def: $twice is used twice"
	status=1
done
exit $status
