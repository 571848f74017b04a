#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Are the demos' verdicts the same every time? Runs each TIMES times in each of three settings: on all processors, on one
# (taskset), and on all with a busy loop on each. Root; on demand, as it takes long. BUILD as for the other tests.
#
#   tests/repeat/run.sh TIMES [NAME|KIND…]
set -u
cd "$(dirname "$0")/../.." || exit 1

times=${1:?how many times}
shift
build=${BUILD:-build/$(uname -m)-release}
output=$(mktemp "${TMPDIR:-/tmp}/lifeline-repeat.XXXXXX")
busy=()
failed=0
runs=0

calm()
{
	[ ${#busy[@]} = 0 ] || kill "${busy[@]}"
	busy=()
}
trap 'calm; rm -f "$output"' EXIT

make_busy()
{
	local i

	for ((i = 0; i < $(nproc); i++)); do
		(while :; do :; done) &
		busy+=($!)
	done
}

# repeat SETTING NAME COMMAND…: stops at the third failure of a kind
repeat()
{
	local setting=$1 name=$2 i wrong=0 status

	shift 2
	for ((i = 0; i < times && wrong < 3; i++)); do
		runs=$((runs + 1))
		timeout 120 "$@" "$build/lifeline" demo "$name" >"$output" 2>&1
		status=$?
		if [ $status = 125 ] && grep -q skipped "$output"; then
			[ $i != 0 ] || echo "skip - $name, $setting: $(tail -n 1 "$output")"
			return
		fi
		[ $status = 0 ] && continue
		wrong=$((wrong + 1))
		echo "not ok - $name, $setting, run $((i + 1)): status $status"
		sed -n '/not as expected/,$p' "$output" | sed 's,^,# ,'
	done
	failed=$((failed + wrong))
}

names=()
for source in demos/*/*.c; do
	name=${source#demos/}
	name=${name%.c}
	[ $# = 0 ] || [[ " $* " = *" $name "* || " $* " = *" ${name%/*} "* ]] && names+=("$name")
done
for name in "${names[@]}"; do
	repeat "all processors" "$name" env
	repeat "one processor" "$name" taskset -c 0
done
make_busy
for name in "${names[@]}"; do
	repeat "busy machine" "$name" env
	repeat "busy machine, one processor" "$name" taskset -c 0
done
calm
echo "$runs runs of ${#names[@]} demos, $failed failed"
[ $failed = 0 ]
