#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The agent of demos/daemon by hand: its commands and their exit statuses, and what it answers to whom. lifeline has no
# part in this; under lifeline it runs as a demo.
. tests/live/lib.bash
agent=$DEMOS/daemon/agent
pidfile=$scratch/agent.pid
pictures=$scratch/pictures

do_agent() # COMMAND [options…]
{
	(cd "$scratch" && exec "$agent" "$1" --folder pictures --pidfile agent.pid --port 0 "${@:2}") >"$scratch/out" 2>&1
}

descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
has_descriptors() { [ "$(descriptors "$first")" = "$1" ]; }
port() { sed -n 2p "$pidfile"; }
pid() { sed -n 1p "$pidfile"; }

mkdir -p "$pictures/deep"
head -c 3000 /dev/urandom >"$pictures/a.png"
head -c 6000000 /dev/urandom >"$pictures/large.png"
echo '<svg/>' >"$pictures/b c.svg"
echo jpeg >"$pictures/deep/d.JPG"
echo text >"$pictures/notes"
: >"$pictures/empty.png"
echo SECRET | tee "$scratch/secret" "$pictures/.hidden" >"$pictures/deep/.hidden"
ln -s ../secret "$pictures/link"
ln -s .. "$pictures/linked"
mkfifo "$pictures/fifo"

do_agent status
is "agent: status when there is none" 3 $?
do_agent stop
is "agent: stop when there is none" 0 $? "$scratch/out"
do_agent start
is "agent: start" 0 $? "$scratch/out"
started+=("$(pid)")
do_agent status
is "agent: status when it runs" 0 $? "$scratch/out"
first=$(pid)
do_agent start
is "agent: start when it runs changes nothing" "0 $first" "$? $(pid)" "$scratch/out"
# 0, 1, 2, the folder, the listening socket, the pidfile, and one for signals
is "agent: only its own descriptors are open" 7 "$(descriptors "$first")"

if command -v python3 >/dev/null; then
	timeout 120 tests/live/agent.py "$(port)" "$pictures" >"$scratch/answers" 2>"$scratch/err"
	is "agent: all requests were tried" 0 $? "$scratch/err" "$scratch/answers"
	while read -r word name; do
		if [ "$word" = ok ]; then pass "agent: $name"; else fail "agent: $name"; fi
	done <"$scratch/answers"
else
	skip "agent: requests" "python3 is not installed"
fi
until_true 5 has_descriptors 7
is "agent: it has let go of all clients" 7 "$(descriptors "$first")"

do_agent restart
is "agent: restart" "0 new" "$? $([ "$(pid)" != "$first" ] && echo new)" "$scratch/out"
second=$(pid)
started+=("$second")
kill -KILL "$second"
until_true 5 test ! -e "/proc/$second" || fail "agent: was killed"
do_agent status
is "agent: status when it was killed" 1 $? "$scratch/out"
do_agent start --port "$(port)"
is "agent: start after that, on the same port" "0 new" "$? $([ "$(pid)" != "$second" ] && echo new)" "$scratch/out"
third=$(pid)
started+=("$third")
(cd "$scratch" && exec "$agent" start --folder pictures --pidfile other.pid --port "$(port)") >"$scratch/out" 2>&1
is "agent: start on a port that is taken" "1 none" "$? $([ -e "$scratch/other.pid" ] || echo none)"
is "agent: and says why" yes "$(grep -q 'Address already in use' "$scratch/out" && echo yes)" "$scratch/out"
(cd "$scratch" && exec "$agent" start --folder nowhere --pidfile other.pid --port 0) >"$scratch/out" 2>&1
is "agent: start without a folder" 1 $? "$scratch/out"
do_agent stop
is "agent: stop removes the pidfile" "0 none" "$? $([ -e "$pidfile" ] || echo none)" "$scratch/out"
until_true 5 test ! -e "/proc/$third" || fail "agent: has ended" # its adopter may take a moment to collect it
"$agent" start --port 99999 >"$scratch/out" 2>&1
is "agent: a port that is none" 2 $? "$scratch/out"
"$agent" dance >"$scratch/out" 2>&1
is "agent: a command that is none" 2 $? "$scratch/out"
[ "$failures" = 0 ]
