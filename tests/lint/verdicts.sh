#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Each verdict of the analyzers is shown: by a demo (those that no small program can show safely, by a scenario), by a
# scenario at all, and each kind has a demo that must stay silent. Each code that anything expects exists.
set -u
shopt -s nullglob globstar
status=0

wrong()
{
	echo "$1"
	status=1
}

# Verdicts without a demo, and why.
no_demo()
{
	case $1 in
	exit.oom) ;;	      # a demo would have to bring the machine, or a memory cgroup, to its end
	trace.lost) ;;	      # needs a machine too busy for lifeline, or a buffer too small
	zombie.unreaped) ;;   # of a snapshot without history, not of a program observed from its start
	*) return 1 ;;
	esac
}

codes=$(cat user/analyze/*.c user/analyze/**/*.[ch] | tr -d "\n" |
	grep -oE '(\.code = |\{[[:space:]]*)"[a-z]+\.[a-z-]+", *[.a-z =[:space:]]*SEVERITY_' | grep -oE '[a-z]+\.[a-z-]+"' | tr -d '"' |
	sort -u)
if [ -z "$codes" ]; then
	echo "user/analyze: no verdict table found (.code = \"kind.what\")"
	exit 1
fi
shown=$(grep -hoE '^expect +[a-z]+\.[a-z-]+' demos/*/*.expect | awk '{ print $2 }' | sort -u)
scenarios=$(grep -hoE '^expect +[a-z]+\.[a-z-]+' tests/cases/**/*.ev /dev/null | awk '{ print $2 }' | sort -u)

for code in $codes; do
	grep -qxF "$code" <<<"$shown" || no_demo "$code" || wrong "demos: none expects $code"
	grep -qxF "$code" <<<"$scenarios" || wrong "tests/cases: none expects $code"
done
for code in $shown $scenarios; do
	grep -qxF "$code" <<<"$codes" || wrong "$code is expected, but no analyzer has such a verdict: $(grep -lE "^expect +$code" \
		demos/*/*.expect tests/cases/**/*.ev | head -n 1)"
done
for folder in demos/*/; do
	silent=0
	for expect in "$folder"*.expect; do
		grep -q '^none any' "$expect" && ! grep -q '^expect' "$expect" && silent=1
	done
	[ $silent = 1 ] || wrong "${folder%/}: no healthy twin (an .expect with 'none any' and no 'expect')"
done
exit $status
