#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Processes that live on after the command that started them, and yet are no daemons with steps forgotten: nothing of them
# is reported as daemon.*. Jobs and nohup never meant to be daemons; setsid(1), terminal servers and container monitors
# keep on purpose what a daemon lets go of. What lives on is told, as what it is.
. tests/live/lib.bash
report=$scratch/report.json
explain='.findings[] | {code, pid, title, detail}'
export SCREENDIR=$scratch/screens TMUX_TMPDIR=$scratch
mkdir -m 700 "$SCREENDIR"

# NAME CODES CMD…: what is found, without repetition
check()
{
	local name="not-daemons: $1" codes=$2 status

	shift 2
	timeout 30 "$LIFELINE" run --linger forever --format json -o "$report" -- "$@" \
		>"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
	is "$name: ended well" 0 $status "$scratch/err" || return
	is "$name" "$codes" "$(jq -r '[.findings[].code] | unique | join(" ")' "$report")" "$scratch/out" ||
		jq -c "$explain" "$report" | sed 's,^,# ,'
}

has() # program
{
	command -v "$1" >/dev/null && return 0
	skip "not-daemons: $1" "it is not installed"
	return 1
}

survivor="orphan.survivor"
cd / || exit # so that this step at least looks as if it were taken
check "a shell's background job" "$survivor" bash -c 'sleep 1.5 & exit 0'
check "a job of an interactive shell" "$survivor" bash --norc -ic 'sleep 1.5 & disown; exit 0'
check "nohup" "$survivor" sh -c 'nohup sleep 1.5 </dev/null >/dev/null 2>&1 & exit 0'
check "a subshell that goes to / and chooses a mask" "$survivor" sh -c '(umask 0; sleep 1.5; true) </dev/null >/dev/null 2>&1 & exit 0'
check "setsid, in the background" "orphan.adopted" sh -c 'setsid sleep 1.5 </dev/null >/dev/null 2>&1 & exit 0'
check "setsid --fork" "orphan.adopted" setsid --fork sleep 1.5
check "Python's start_new_session" "orphan.adopted" python3 -c \
	'import subprocess; subprocess.Popen(["sleep", "1.5"], start_new_session=True)'
check "a container engine's shim and its container" "orphan.adopted" "$programs/shim"
has tmux && check "tmux" "orphan.adopted" tmux -L lifeline -f /dev/null new-session -d 'sleep 1.5'
has screen && check "screen" "orphan.adopted" screen -c /dev/null -dmS lifeline sleep 1.5
[ "$failures" = 0 ]
