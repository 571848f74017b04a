#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/run.sh LEVEL…: runs tests/LEVEL/run for each level and sums up. BUILD names the build's folder.
#
# A level prints, for each test, one of
#     ok - NAME
#     ok - NAME # SKIP why
#     not ok - NAME          with lines "# …" behind it that tell what was expected and what came
# Failures and skips are shown here (V=1: everything); all output is kept in $BUILD/test-LEVEL.log. The last line is
# exactly "N passed, N failed, N skipped"; the status is 1 if anything failed. A level that ends badly, prints no test at
# all, or does not end in time is a failure too: silence never passes.
#
# Live tests need root: for another user that level is run through sudo, if sudo can be asked (at a terminal) or needs no
# password. Otherwise it is left to say itself what it skips.
set -u
cd "$(dirname "$0")/.." || exit 1

export BUILD=${BUILD:-build/$(uname -m)-release}
limit=${LEVEL_TIMEOUT:-3000}
passed=0 failed=0 skipped=0

# Shows what deserves it and counts; the counts come back through the file $counts, the pipe's end being a subshell.
digest()
{
	awk -v all="${V:-}" -v counts="$1" '
		/^not ok( |$)/ { failed++; detail = 1; print; fflush(); next }
		/^ok .*# [Ss][Kk][Ii][Pp]/ { skipped++; detail = all; print; fflush(); next }
		/^ok( |$)/ { passed++; detail = all; if (all) print; fflush(); next }
		detail || all { print; fflush() }
		END { print passed + 0, failed + 0, skipped + 0 > counts }'
}

may_use_sudo()
{
	[ "$(id -u)" != 0 ] && command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }
}

run_level()
{
	local level=$1 log=$BUILD/test-$1.log prefix=() counts status p=0 f=0 s=0

	if [ ! -x "tests/$level/run" ]; then
		echo "not ok - $level"
		echo "# there is no tests/$level/run to execute"
		failed=$((failed + 1))
		return
	fi
	echo "== $level"
	if [ "$level" = live ] && may_use_sudo && sudo true; then
		prefix=(sudo -n env "PATH=$PATH" "BUILD=$BUILD")
	fi
	counts=$(mktemp)
	timeout --kill-after=10 "$limit" "${prefix[@]}" "tests/$level/run" 2>&1 </dev/null | tee "$log" | digest "$counts"
	status=${PIPESTATUS[0]}
	read -r p f s <"$counts"
	rm -f "$counts"
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		echo "not ok - $level: not finished after $limit s"
		f=$((f + 1))
	elif [ "$status" != 0 ] && [ "$f" = 0 ]; then
		echo "not ok - $level: ended with status $status although no test failed; its last lines:"
		tail -n 5 "$log" | sed 's/^/# /'
		f=$((f + 1))
	elif [ $((p + f + s)) = 0 ]; then
		echo "not ok - $level: ran no test"
		f=$((f + 1))
	fi
	echo "   $level: $p passed, $f failed, $s skipped"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

[ $# -gt 0 ] || { echo "usage: tests/run.sh LEVEL…   (lint unit cases live)" >&2; exit 1; }
mkdir -p "$BUILD"
for level; do
	run_level "$level"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
