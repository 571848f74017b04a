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
	elif [ "$status" = 125 ] && grep -q "^demo $name: skipped: " "$output"; then
		skip "$name observed" "$(sed -n "s,^demo $name: skipped: ,,p" "$output")"
	else
		DETAIL_LINES=60 fail "$name observed, and replayed" "$output"
		echo "# status: $status"
	fi
}

# One kind after the other, so that demos which use the same port or file never meet.
test_kind()
{
	local source name

	for source in demos/"$1"/*.c; do
		name=${source#demos/}
		name=${name%.c}
		[ "$chosen" = "  " ] || [[ $chosen = *" $name "* ]] || continue
		if [ ! -e "demos/$name.expect" ]; then
			fail "$name has an .expect"
			continue
		fi
		alone "$name"
		observed "$name"
	done
}

# Two lanes at a time, as most demos mostly wait: verdicts must not depend on what else runs. Those that compare what
# processors did want them for themselves.
chosen=" $* "
lane()
{
	local kind

	scratch=$scratch/$1
	mkdir "$scratch"
	for kind in "${@:2}"; do
		test_kind "$kind"
	done
	[ "$failures" = 0 ]
}

first=() second=() alone_kinds=()
for folder in demos/*/; do
	kind=$(basename "$folder")
	case $kind in
	cost | switch) alone_kinds+=("$kind") ;;
	*) if [ "${#first[@]}" -le "${#second[@]}" ]; then first+=("$kind"); else second+=("$kind"); fi ;;
	esac
done
# What the second lane says is kept until the first is done: details of a failure must not be mixed with other lines.
(trap - EXIT; lane second "${second[@]}" >"$scratch/second.log" 2>&1) & two=$!
(trap - EXIT; lane first "${first[@]}") || failures=1
wait "$two" || failures=1
cat "$scratch/second.log"
(trap - EXIT; lane alone "${alone_kinds[@]}") || failures=1
[ "$failures" = 0 ]
