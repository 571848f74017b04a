# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What reports, help and explanations look like on terminals of 80, 100 and 200 columns, without one, and without UTF-8.

scenarios=(tests/install/names.ev tests/export/story.ev tests/export/switches.ev tests/cases/lock/hostile.ev
	tests/cases/daemon/hostile-names.ev tests/cases/zombie/leak.ev)

# The environment of a terminal, whatever the one of this test is.
plain()
{
	env -u NO_COLOR -u COLUMNS -u LC_CTYPE -u LANG TERM=xterm LC_ALL=C.UTF-8 "$@"
}

# $1: columns. The rest: arguments of lifeline. What is wider, or not fit for a terminal.
too_wide()
{
	local columns=$1 wrong

	shift
	plain python3 tests/install/terminal.py "$columns" "$lifeline" "$@" >"$work/screen"
	[ -s "$work/screen" ] || { echo "$*: nothing came"; return; }
	wrong=$(python3 tests/install/terminal.py --check "$columns" <"$work/screen") || echo "$*: $wrong"
}

if have python3; then
	for columns in 80 100 200; do
		same "terminal: nothing wider than $columns columns" "" "$(
			for scenario in "${scenarios[@]}"; do
				too_wide $columns report "$scenario"
			done
			too_wide $columns --help
			too_wide $columns run --help
			too_wide $columns explain
			too_wide $columns explain deadlock.total)"
	done
	# Else the test above would say nothing.
	same "terminal: a line of 81 columns is seen as too wide for 80" "1: 81 columns" \
		"$(printf '%079d日\n' 0 | python3 tests/install/terminal.py --check 80 | cut -d: -f1,2)"
	lines()
	{
		plain python3 tests/install/terminal.py "$1" "$lifeline" report tests/install/names.ev | wc -l
	}
	same "terminal: more width, fewer lines" yes "$([ "$(lines 200)" -lt "$(lines 80)" ] && echo yes)"
	same "terminal: an escaped byte is never cut in two" "" "$(
		for ((columns = 40; columns < 120; columns += 4)); do
			plain python3 tests/install/terminal.py $columns "$lifeline" report --color never tests/install/names.ev |
				grep -E '\\(x.?)?…'
		done)"
	same "terminal: colours there" 1 "$(
		plain python3 tests/install/terminal.py 80 "$lifeline" report tests/install/names.ev | grep -c -m 1 $'\x1b\\[')"
	same "terminal: none with NO_COLOR" 0 "$(
		plain env NO_COLOR=1 python3 tests/install/terminal.py 80 "$lifeline" report tests/install/names.ev | grep -c $'\x1b')"
	same "terminal: none if it is dumb" 0 "$(
		plain env TERM=dumb python3 tests/install/terminal.py 80 "$lifeline" report tests/install/names.ev | grep -c $'\x1b')"
else
	skip "terminal: widths" "python3 is not installed"
fi
same "pipe: no colours" 0 "$(plain "$lifeline" report tests/install/names.ev | grep -c $'\x1b')"
same "pipe: lines of drawing in UTF-8" 1 "$(plain "$lifeline" report tests/install/names.ev | grep -c -m 1 '━')"
# Names are what they are; what lifeline draws itself is ASCII then.
same "LC_ALL=C: nothing but ASCII" 0 "$(
	LC_ALL=C "$lifeline" report tests/export/story.ev | LC_ALL=C grep -c '[^ -~]')"
