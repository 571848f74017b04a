#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Are the demos' verdicts the same every time? Runs each until it was as expected TIMES times in a row, in each setting: on
# all processors, on one (taskset), and the same with a busy loop on each processor. Root; on demand, as it takes long.
#
#   tests/repeat/run.sh TIMES [NAME|KIND…]
#
# Takes from the environment
#   BUILD     as for the other tests
#   SETTINGS  "all one busy busy-one": those to run
#   JOBS      1: demos side by side, since most sleep. Never one beside itself, nor those that measure rates and shares,
#             nor those that listen on one port, beside each other.
#   RESULTS   a file to which a line is added for each run: what it has from runs before counts, so that it can be stopped
#             and continued. To begin again with a demo, take its lines out.
#   KEEP      a folder for what failed runs printed, and their traces
set -u
cd "$(dirname "$0")/../.." || exit 1

times=${1:?how many times}
shift
build=${BUILD:-build/$(uname -m)-release}
settings=${SETTINGS:-all one busy busy-one}
jobs=${JOBS:-1}
work=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-repeat.XXXXXX")
results=${RESULTS:-$work/results}
keep=${KEEP:-}
gives_up=3 # failures of a demo in a setting
busy=()
ended=

calm()
{
	[ ${#busy[@]} = 0 ] || kill "${busy[@]}"
	busy=()
}
trap 'calm; wait; rm -rf "$work"' EXIT
trap 'ended=yes' INT TERM

make_busy()
{
	local i

	for ((i = 0; i < $(nproc); i++)); do
		(trap - INT TERM; while :; do :; done) &
		busy+=($!)
	done
}

# What must not run beside each other has the same word here.
alone()
{
	case $1 in
	cost/* | switch/* | coroutine/* | io/nonblocking | lock/gil) echo measures ;;
	net/task-*) echo port-5000 ;;
	*) echo "${1//\//-}" ;;
	esac
}

# run_once SETTING NAME: adds its line to the results: setting, name, ok, failed or skipped, load, time
run_once()
{
	local setting=$1 name=$2 place=() outcome=ok status output

	output=$work/${name//\//-}.$setting
	case $setting in *one) place=(taskset -c 0) ;; esac
	timeout 120 "${place[@]}" "$build/lifeline" demo --record "$output.trace" "$name" >"$output" 2>&1
	status=$?
	if [ $status = 125 ] && grep -q skipped "$output"; then
		outcome=skipped
		grep -qs "^$setting $name skipped " "$results" || echo "skip - $name, $setting: $(tail -n 1 "$output")"
	elif [ $status != 0 ]; then
		outcome=failed
		{ echo "not ok - $name, $setting: status $status"; sed -n '/not as expected/,$p' "$output" | sed 's,^,# ,'; } |
			cat # in one piece
		if [ -n "$keep" ]; then
			mkdir -p "$keep/$setting/${name//\//-}.$$.$BASHPID"
			mv "$output" "$output.trace" "$keep/$setting/${name//\//-}.$$.$BASHPID/"
		fi
	fi
	echo "$setting $name $outcome $(cut -d ' ' -f 1 /proc/loadavg) $(date -u +%Y-%m-%dT%H:%M:%SZ)" >>"$results"
}

# Those of SETTING that have not been as expected TIMES in a row, have not failed too often since the start, and are not skipped
still_to_run()
{
	awk -v setting="$1" -v times="$times" -v begin="$begin" -v gives_up=$gives_up '
		FILENAME == ARGV[1] { if ($1 != setting) next
			row[$2] = $3 == "ok" ? row[$2] + 1 : 0
			if ($3 == "failed" && FNR > begin) failed[$2]++
			if ($3 == "skipped") failed[$2] = gives_up
			next }
		row[$1] < times && failed[$1] < gives_up' "$results" "$work/names" | shuf
}

# Rounds of all that are left, each in another order, so that other neighbours meet.
run_setting()
{
	local setting=$1 name running

	while [ -z "$ended" ] && still_to_run "$setting" >"$work/round" && [ -s "$work/round" ]; do
		while [ -z "$ended" ] && read -r name <&3; do
			while running=$(jobs -rp | wc -l) && [ $((running - ${#busy[@]})) -ge "$jobs" ]; do
				wait -n
			done
			(
				exec 3<&- 9>"$work/$(alone "$name").lock"
				flock 9
				run_once "$setting" "$name" 9>&-
			) &
		done 3<"$work/round"
		while running=$(jobs -rp | wc -l) && [ "$running" -gt ${#busy[@]} ]; do
			wait -n
		done
	done
}

tell_results()
{
	awk -v times="$times" '
		NR == FNR { wanted[$1]; names++; next }
		!($2 in wanted) { next }
		{ runs[$1]++; key = $1 " " $2; seen[key]; load[$1] += $4; if ($4 > most[$1]) most[$1] = $4 }
		$3 == "ok" { row[key]++ }
		$3 == "failed" { row[key] = 0; failed[$1]++ }
		$3 == "skipped" { skipped[key] }
		END {
			for (key in seen) {
				split(key, part, " ")
				if (key in skipped) skips[part[1]]++
				else if (row[key] >= times) full[part[1]]++
			}
			for (setting in runs)
				printf "%s: %d runs of %d demos, %d failed; %d were as expected %d times in a row, %d skipped; load average %.1f, at most %.1f\n",
				       setting, runs[setting], names, failed[setting], full[setting], times, skips[setting],
				       load[setting] / runs[setting], most[setting]
		}' "$work/names" "$results" | sort
}

for source in demos/*/*.c; do
	name=${source#demos/}
	name=${name%.c}
	[ $# = 0 ] || [[ " $* " = *" $name "* || " $* " = *" ${name%/*} "* ]] && echo "$name"
done >"$work/names"
touch "$results" || exit 1
begin=$(wc -l <"$results")
for setting in $settings; do
	case $setting in busy*) [ ${#busy[@]} != 0 ] || make_busy ;; *) calm ;; esac
	run_setting "$setting"
done
calm
tell_results
[ -z "$ended" ] && ! tail -n +$((begin + 1)) "$results" | grep -q ' failed '
