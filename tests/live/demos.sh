#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Every demo: under lifeline it yields exactly what its .expect says, and a recording of it yields the same findings;
# alone it ends as its .expect says. Arguments choose demos by name.
. tests/live/lib.bash

# What the demo is expected to end with, as a shell sees it.
expected_status()
{
	local word

	word=$(sed -n 's/^exit //p' "$1")
	case $word in
	'') echo 0 ;;
	SIG*) echo $((128 + $(kill -l "${word#SIG}"))) ;;
	*) echo "$word" ;;
	esac
}

alone()
{
	local name=$1 output=$scratch/alone expected status

	expected=$(expected_status "demos/$name.expect")
	timeout 30 "$DEMOS/$name" >"$output" 2>&1
	status=$?
	if [ "$status" = 77 ]; then
		skip "$name alone" "$(tail -n 1 "$output")"
	else
		is "$name alone" "$expected" "$status" "$output"
	fi
}

observed()
{
	local name=$1 output=$scratch/observed status

	timeout 60 "$LIFELINE" demo --replay-check "$name" >"$output" 2>&1
	status=$?
	if [ "$status" = 0 ]; then
		pass "$name observed, and replayed"
	else
		DETAIL_LINES=60 fail "$name observed, and replayed" "$output"
		echo "# status: $status"
	fi
}

for source in demos/*/*.c; do
	name=${source#demos/}
	name=${name%.c}
	[ $# = 0 ] || [[ " $* " = *" $name "* ]] || continue
	if [ ! -e "demos/$name.expect" ]; then
		fail "$name has an .expect"
		continue
	fi
	alone "$name"
	observed "$name"
done
[ "$failures" = 0 ]
