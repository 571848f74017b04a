# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the live tests share. Sourced by each tests/live/*.sh, which tests/live/run starts at the repository's top, as root,
# with LIFELINE (the program), BUILD and DEMOS set. Each test tells its result with pass, fail or skip, mostly by way of
# `is` and `holds`.
set -u

programs=$BUILD/tests/live/programs
failures=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-test.XXXXXX")
started=() # processes to end, whatever happens

leave()
{
	local pid

	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$scratch"
}
trap leave EXIT

pass() { echo "ok - $1"; }
skip() { echo "ok - $1 # SKIP $2"; }

# fail NAME [FILE…]: the files' ends are shown as details
fail()
{
	local name=$1 file

	shift
	echo "not ok - $name"
	for file; do
		[ ! -s "$file" ] || tail -n "${DETAIL_LINES:-15}" "$file" | tr -d '\000' | LC_ALL=C cat -v | sed "s,^,# ,"
	done
	failures=$((failures + 1))
}

# is NAME EXPECTED ACTUAL [FILE…]
is()
{
	local name=$1 expected=$2 actual=$3

	shift 3
	[ "$actual" != "$expected" ] || { pass "$name"; return 0; }
	fail "$name" "$@"
	echo "# expected: $expected"
	echo "# actual:   $actual"
	return 1
}

# holds NAME JSON FILTER [jq options…]: the filter says true of the report
holds()
{
	local name=$1 report=$2 filter=$3

	shift 3
	if [ "$(jq "$@" "$filter" "$report" 2>"$scratch/jq.err")" = true ]; then
		pass "$name"
	else
		fail "$name" "$scratch/jq.err"
		echo "# not true: $filter $*"
		jq -c '.findings[] | [.code, .severity, .pid, .title]' "$report" 2>/dev/null | sed 's,^,# finding ,'
		jq -c "${explain:-empty}" "$report" 2>/dev/null | head -n 20 | sed 's,^,# ,'
	fi
}

# until SECONDS COMMAND…: tries until it works
until_true()
{
	local tries=$(($1 * 50))

	shift
	while ! "$@" >/dev/null 2>&1; do
		((tries-- > 0)) || return 1
		sleep 0.02
	done
}

# state PID: the letter that ps shows; - if gone
state()
{
	local text

	text=$(cat "/proc/$1/stat" 2>/dev/null) || { echo -; return; }
	text=${text##*) }
	echo "${text%% *}"
}

# The BPF programs that process $1 holds, by id.
programs_of()
{
	cat "/proc/$1/fdinfo"/* 2>/dev/null | awk '$1 == "prog_id:" { print $2 }' | sort -nu
}

# observing PID: has this lifeline attached its programs? (It snapshots right after; what happens in between is told too.)
observing()
{
	[ "$(cat "/proc/$1/fdinfo"/* 2>/dev/null | grep -c '^link_type:')" -gt 3 ]
}

# start_puppet: starts programs/puppet under the test's control. order LETTER: gives an order and reads the answer.
start_puppet()
{
	coproc PUPPET { exec "$programs/puppet"; }
	started+=("$PUPPET_PID")
	read -r _ puppet <&"${PUPPET[0]}"
}

order()
{
	printf %s "$1" >&"${PUPPET[1]}"
	read -r _ answer <&"${PUPPET[0]}"
}

end_puppet()
{
	printf q >&"${PUPPET[1]}"
	wait "$PUPPET_PID" 2>/dev/null
}
