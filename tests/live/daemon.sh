#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Daemons whose steps are known (programs/daemons.c), their healthy twin, and those that look like daemons and are none.
. tests/live/lib.bash
report=$scratch/report.json
daemons=$programs/daemons
pidfile=$scratch/agent.pid
explain='.processes[] | {pid, ppid, comm, sid, exited_ns}'

# What the last run left behind is no longer needed.
end_survivors()
{
	local pid

	for pid in $(jq -r '.processes[] | select(.exited_ns == null) | .pid' "$report" 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null
	done
}

# observe [options… --] WORD…: a run of programs/daemons
observe()
{
	local options=()

	while [ "${1:-}" != "" ] && [[ $1 = --* ]]; do
		options+=("$1" "$2")
		shift 2
	done
	rm -f "$report"
	"$LIFELINE" run "${options[@]}" --format json -o "$report" -- "$daemons" "$@" </dev/null >/dev/null 2>"$scratch/err"
	ended=$?
}

# judged NAME CODE MISSING: one finding of kind daemon, of that code, with these steps missing; no orphan
judged()
{
	is "$1" "$2 $3" "$(jq -r '[.findings[] | select(.code | test("^(daemon|orphan)[.]")) |
		"\(.code) \(.detail.missing | join(","))"] | join("; ")' "$report")" "$scratch/err"
	end_survivors
}

none()
{
	is "$1" "$2" "$(jq -r '[.findings[] | select(.code | test("^(daemon|orphan)[.]")) | .code] | unique | join("; ")' "$report")" \
		"$scratch/err"
	end_survivors
}

# ---- the steps ------------------------------------------------------------------------------------------

observe
is "textbook: the starter's status is passed on" 0 "$ended"
judged "textbook: complete" daemon.complete ""
holds "textbook: the order of the steps" "$report" '.findings[] | select(.code == "daemon.complete") |
	.severity == "note" and .certain and .detail.pidfile == null and
	.detail.order == ["fork", "setsid", "second_fork", "chdir_root", "umask", "stdin", "stdout", "stderr"]'
observe early
judged "another order: complete" daemon.complete ""
holds "another order: told as it was" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.order[0] == "chdir_root"'
observe raw
judged "fchdir, close_range, F_DUPFD: complete" daemon.complete ""
for step in setsid second_fork chdir umask; do
	key=${step/chdir/chdir_root}
	observe "no-${step/_/-}"
	judged "without $step" daemon.incomplete "$key"
done
observe libc
judged "daemon(3): what it does not do" daemon.incomplete second_fork,umask
observe close-stdout
judged "stdout closed is not redirected" daemon.incomplete stdout
observe no-setsid no-second-fork no-chdir
none "a fork that keeps session and directory is no daemon" orphan.survivor

"$LIFELINE" run --format json -o "$report" -- "$daemons" no-stdout </dev/null > >(cat >/dev/null) 2>"$scratch/err"
judged "stdout is the starter's pipe" daemon.incomplete stdout
if command -v script >/dev/null; then
	script -qec "'$LIFELINE' run --format json -o '$report' -- '$daemons' no-stdin no-stdout no-stderr" /dev/null </dev/null >/dev/null
	judged "0, 1 and 2 on a terminal" daemon.incomplete stdin,stdout,stderr
	script -qec "'$LIFELINE' run --format json -o '$report' -- '$daemons'" /dev/null </dev/null >/dev/null
	judged "started from a terminal, and let go of it" daemon.complete ""
	script -qec "'$LIFELINE' run --format json -o '$report' -- '$daemons' no-setsid" /dev/null </dev/null >/dev/null
	holds "no setsid on a terminal: dies with it" "$report" '.findings[] | select(.code == "daemon.incomplete") |
		[.evidence[].text] | any(contains("dies of SIGHUP"))'
	end_survivors
else
	skip "0, 1 and 2 on a terminal" "there is no script(1)"
fi

exec 7</etc/passwd
observe leak
exec 7<&-
holds "descriptors from before: counted, with examples" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.inherited_fds >= 3 and ([.evidence[].text] | any(contains("/etc/passwd") and contains("/etc/hosts")))'
end_survivors

# ---- short lives, many lives ------------------------------------------------------------------------------

observe --linger forever brief
judged "judged at its exit, if it was brief" daemon.complete ""
"$LIFELINE" run --format json -o "$report" -- bash -c 'for i in 1 2 3 4 5; do "$1"; "$1" no-umask; done' - "$daemons" </dev/null 2>"$scratch/err"
is "ten daemons of one command" "5 daemon.complete, 5 daemon.incomplete" "$(jq -r '[.findings[].code] | group_by(.) |
	map("\(length) \(.[0])") | join(", ")' "$report")"
end_survivors

# ---- attach: by state alone ---------------------------------------------------------------------------------

# start WORD…: a daemon that nobody observes; its pid in $daemon
start()
{
	rm -f "$pidfile"
	"$daemons" pidfile="$pidfile" in-time "$@" </dev/null >/dev/null 2>&1
	daemon=$(<"$pidfile")
	started+=("$daemon")
}

start
"$LIFELINE" attach -p "$daemon" --for 300ms --format json -o "$report" 2>"$scratch/err"
judged "attach: complete" daemon.complete ""
start no-second-fork no-chdir
"$LIFELINE" attach -p "$daemon" --for 300ms --format json -o "$report" 2>"$scratch/err"
judged "attach: incomplete" daemon.incomplete second_fork,chdir_root
start no-umask
"$LIFELINE" attach -p "$daemon" --for 300ms --format json -o "$report" 2>"$scratch/err"
holds "attach: an inherited mask cannot be told from a chosen one" "$report" '.findings[] | select(.code == "daemon.complete") |
	.certain == false and .detail.steps.umask == null'
end_survivors
mkdir -p /run/lifeline-test
start
echo "$daemon" >/run/lifeline-test/agent.pid
"$LIFELINE" attach -p "$daemon" --for 300ms --format json -o "$report" 2>"$scratch/err"
holds "attach: its pidfile is found" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.pidfile == "/run/lifeline-test/agent.pid"'
rm -r /run/lifeline-test
end_survivors
setsid sleep 20 &
sleeper=$!
disown # the shell shall not tell of its end
started+=("$sleeper")
until_true 5 grep -q sleep "/proc/$sleeper/comm"
"$LIFELINE" attach -p "$sleeper" --for 300ms --format json -o "$report" 2>"$scratch/err"
none "attach: a command in a session of its own is no daemon" ""

# ---- pidfiles, readiness, the end -----------------------------------------------------------------------------

observe pidfile="$pidfile"
holds "pidfile: written after the starter had ended" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.pidfile == $p and .detail.pidfile_troubles == ["written-late"] and (.help | contains("PIDFile=\($p)"))' --arg p "$pidfile"
end_survivors
rm -f "$pidfile"
for way in "" rename lock; do
	rm -f "$pidfile"
	observe pidfile="$pidfile" in-time $way
	holds "pidfile: in time ${way:+($way)}" "$report" '.findings[] | select(.code == "daemon.complete") |
		.detail.pidfile == $p and .detail.pidfile_troubles == []' --arg p "$pidfile"
	end_survivors
done
echo 1 >"$pidfile"
sleep 0 &
wait $!
echo $! >"$pidfile" # of nobody
observe pidfile="$pidfile" in-time stale
holds "pidfile: one was there, of nobody" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.pidfile_troubles == ["stale-at-start"]'
end_survivors
: >"$pidfile"
observe pidfile="$pidfile" in-time stale
holds "pidfile: one that was empty is not stale" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.pidfile_troubles == []'
end_survivors

# stop [WORD]: a daemon is observed until this script has stopped it
observe_until_stopped()
{
	rm -f "$pidfile" "$report"
	"$LIFELINE" run --linger forever --format json -o "$report" -- "$daemons" pidfile="$pidfile" in-time "$@" </dev/null >/dev/null 2>"$scratch/err" &
	observer=$!
	started+=("$observer")
	until_true 10 test -s "$pidfile"
	daemon=$(<"$pidfile")
}

observe_until_stopped
kill -TERM "$daemon"
wait "$observer"
holds "stopped in order: the whole end in one line" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.pidfile_troubles == [] and ([.evidence[].text] | any(test("^it ended: exit code 0, [0-9.]+ [mun]?s after SIGTERM, sent by daemon.sh \\([0-9]+\\) with kill"))
	and any(. == "it removed the pidfile"))'
observe_until_stopped keep-pidfile
kill -TERM "$daemon"
wait "$observer"
holds "stopped: its pidfile is left behind" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.pidfile_troubles == ["not-removed"]'
observe_until_stopped
kill -KILL "$daemon"
rm "$pidfile"
wait "$observer"
holds "killed, and the stop script removed its pidfile" "$report" '.findings[] | select(.code == "daemon.complete") |
	.detail.pidfile_troubles == [] and ([.evidence[].text] | any(test("^it ended: SIGKILL, sent by daemon.sh")))'

observe port=39085
holds "listens after its starter had ended" "$report" '.findings[] | select(.code == "daemon.complete") |
	[.evidence[].text] | any(test("^listens on port 39085, .* after its starter had ended: who connects at once is refused$"))'
end_survivors
observe port=39085 early-port
holds "listens before it forks" "$report" '.findings[] | select(.code == "daemon.complete") |
	[.evidence[].text] | any(. == "listens on port 39085")'
end_survivors

# ---- none of these is a daemon -----------------------------------------------------------------------------------

not_a_daemon() # NAME CODES COMMAND…
{
	local name=$1 codes=$2

	shift 2
	"$LIFELINE" run --format json -o "$report" -- "$@" </dev/null >/dev/null 2>"$scratch/err"
	none "$name" "$codes"
}

not_a_daemon "a job of a shell" orphan.survivor sh -c 'sleep 20 & exit 0'
not_a_daemon "nohup" orphan.survivor sh -c 'nohup sleep 20 & exit 0'
not_a_daemon "a subshell with its output sent away" orphan.survivor bash -c '(while :; do sleep 5; done) >/dev/null 2>&1 & exit 0'
# the shell stays until it is done, however busy the machine
settled='until grep -q sleep /proc/$!/comm; do sleep 0.02; done'
not_a_daemon "setsid(1)" orphan.adopted sh -c "setsid sleep 20 & $settled"
not_a_daemon "setsid(1) in /, sent away" orphan.adopted sh -c "cd /; setsid sleep 20 >/dev/null 2>&1 & $settled"
not_a_daemon "a service in the foreground" "" sh -c 'setsid -w sleep 0.3'
if command -v tmux >/dev/null; then
	not_a_daemon "tmux" orphan.adopted tmux -L lifeline-test new-session -d 'sleep 20'
else
	skip "tmux" "it is not installed"
fi
if command -v screen >/dev/null; then
	not_a_daemon "screen" orphan.adopted screen -dmS lifeline-test sleep 20
else
	skip "screen" "it is not installed"
fi
if command -v start-stop-daemon >/dev/null; then
	"$LIFELINE" run --format json -o "$report" -- start-stop-daemon --start --background --exec /bin/sleep -- 20 </dev/null >/dev/null 2>"$scratch/err"
	is "start-stop-daemon --background: no step is blamed on what it starts" "" \
		"$(jq -r '.findings[] | select(.code == "daemon.incomplete") | .title' "$report")"
	end_survivors
fi

# ---- containers ------------------------------------------------------------------------------------------------------

if unshare -pf --mount-proc true 2>/dev/null; then
	"$LIFELINE" run --format json -o "$report" -- unshare -pf --mount-proc sh -c '"$1" pidfile="$2" in-time; sleep 0.5' - "$daemons" "$pidfile" \
		</dev/null >/dev/null 2>"$scratch/err"
	holds "in a pid namespace: the pidfile holds the pid of that" "$report" '.findings[] | select(.code == "daemon.complete") |
		.detail.pidfile == $p and .detail.missing == []' --arg p "$pidfile"
	end_survivors
else
	skip "in a pid namespace" "no namespace can be made here"
fi

# ---- both hooks, replay, silence ---------------------------------------------------------------------------------------

for hook in sys_exit fexit; do
	LIFELINE_CALL_HOOK=$hook "$LIFELINE" run --format json -o "$report" -- "$daemons" pidfile="$pidfile" </dev/null >/dev/null 2>"$scratch/err"
	if [ $? = 125 ] && [ $hook = fexit ]; then
		skip "hook $hook" "this kernel allows no program on a single call"
		continue
	fi
	holds "hook $hook: each step is seen" "$report" '.findings[] | select(.code == "daemon.complete") |
		(.detail.order | length) == 8 and .detail.pidfile != null'
	end_survivors
done
"$LIFELINE" run --record "$scratch/trace" --format json -o "$report" -- "$daemons" no-umask pidfile="$pidfile" </dev/null >/dev/null 2>"$scratch/err"
"$LIFELINE" report --format json -o "$scratch/again.json" "$scratch/trace"
is "report on the trace: the same findings" "$(jq -c .findings "$report")" "$(jq -c .findings "$scratch/again.json")"
end_survivors
"$LIFELINE" run --format json -o "$report" -- sh -c 'cd /; umask 022; exec 3</dev/null; for i in 1 2 3; do (exit 0) & done; wait' </dev/null 2>"$scratch/err"
is "a shell that does such things by the way: no finding" "[]" "$(jq -c '[.findings[].code]' "$report")"
[ "$failures" = 0 ]
