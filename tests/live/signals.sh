#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Ctrl-C once and twice, SIGTERM, and SIGKILL to lifeline itself.
. tests/live/lib.bash
report=$scratch/report.json
set -m # each lifeline below is a process group of its own, as at a terminal

start() # CMD…
{
	"$LIFELINE" run --format json -o "$report" -- "$@" >"$scratch/out" 2>"$scratch/err" &
	lifeline=$!
	started+=("$lifeline")
	until_true 60 observing "$lifeline" || fail "signals: $1 is observed" "$scratch/err"
	until_true 10 runs_as "$1" || fail "signals: $1 runs" "$scratch/err"
	command=$(pgrep -P "$lifeline")
	started+=("$command")
}

runs_as() { [ "$(cat "/proc/$(pgrep -P "$lifeline")/comm")" = "$1" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }

start sleep 30
kill -INT -- "-$lifeline"
wait "$lifeline"
is "signals: Ctrl-C ends CMD, and the report comes" "130 SIGINT" "$? $(jq -r .exit.signal "$report")" "$scratch/err"

cat >"$scratch/stubborn" <<'END'
#!/bin/bash
trap '' INT
exec sleep 30
END
chmod +x "$scratch/stubborn"
"$LIFELINE" run --format json -o "$report" -- "$scratch/stubborn" >"$scratch/out" 2>"$scratch/err" &
lifeline=$!
started+=("$lifeline")
until_true 10 runs_as sleep || fail "signals: the stubborn command runs"
command=$(pgrep -P "$lifeline")
started+=("$command")
kill -INT -- "-$lifeline"
sleep 0.5 # time for it to do the wrong thing
is "signals: the first Ctrl-C is CMD's affair" yes "$(ended "$lifeline" || echo yes)"
kill -INT -- "-$lifeline"
until_true 5 ended "$lifeline" || fail "signals: the second Ctrl-C ends lifeline"
wait "$lifeline"
is "signals: the second Ctrl-C yields the report" interrupt "$(jq -r .trace.ended_by "$report")" "$scratch/err"
is "signals: CMD lives on after it" S "$(state "$command")"
holds "signals: and is in the report, alive" "$report" '.processes[] | select(.pid == $pid) | .exited_ns == null' \
	--argjson pid "$command"
kill -KILL "$command"

start sleep 30
kill -TERM "$lifeline"
wait "$lifeline"
is "signals: SIGTERM is passed on to CMD" "143 SIGTERM" "$? $(jq -r .exit.signal "$report")" "$scratch/err"

start sleep 30
mapfile -t loaded < <(programs_of "$lifeline")
is "signals: lifeline's programs are in the kernel" true "$([ "${#loaded[@]}" -gt 3 ] && echo true)"
kill -KILL "$lifeline"
wait "$lifeline" 2>/dev/null
none_left() # the kernel frees them a little after the process is gone
{
	local id

	for id in "${loaded[@]}"; do
		! bpftool prog show id "$id" >/dev/null 2>&1 || return 1
	done
}
is "signals: lifeline killed outright leaves no program in the kernel" yes "$(until_true 5 none_left && echo yes)"
is "signals: and CMD goes on" S "$(state "$command")"
kill -KILL "$command"
[ "$failures" = 0 ]
