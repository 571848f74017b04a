#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What tests/vm/judge.sh makes of a virtual machine's console: a machine that got too little of a processor is skipped, with
# the reason; one that hangs, a kernel that complains, and a failed test are failures, also if all else was too slow.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export VM_TIMEOUT=300 VM_LEAST=150
status=0

# judged STATUS USED IDLE EXPECTED-STATUS PATTERN LINE…: of a console with these lines
judged()
{
	local ended=$1 used=$2 idle=$3 expected=$4 pattern=$5 said code

	shift 5
	printf '%s\n' "$@" >"$log"
	said=$(tests/vm/judge.sh k "$log" "$ended" "$used" "$idle")
	code=$?
	[ "$code" = "$expected" ] && grep -qE "$pattern" <<<"$said" && return
	echo "tests/vm/judge.sh:1: of ($*), ended with $ended, $used s used, $idle s idle: status $code, expected $expected, and no $pattern in: $said"
	status=1
}

booted='VM kernel 6.0'
judged 0 20 10 0 '^ok - k: booted 6\.0' "$booted" 'ok - one' 'VM status 0'
judged 0 20 10 1 '^not ok - k: one' "$booted" 'not ok - one' 'ok - two' 'VM status 1'
judged 0 20 10 1 '^not ok - k: the kernel complained' "$booted" 'ok - one' 'VM complaint BUG:' 'VM status 0'
judged 124 40 10 0 '^ok - k # SKIP it did not come to its first command: in 300 s it got but 40 s' 'Booting'
judged 137 40 10 0 '^ok - k # SKIP'
judged 124 290 10 1 '^not ok - k: did not come to its end' 'Booting'
judged 124 40 500 1 '^not ok - k: did not come to its end' 'Booting' # it waits for something
judged 124 40 10 0 '^ok - k: the tests after these 1 # SKIP' "$booted" 'ok - one'
judged 124 40 10 1 '^not ok - k: one' "$booted" 'not ok - one'
judged 124 40 10 1 '^not ok - k: the kernel complained' "$booted" 'ok - one' 'VM complaint BUG:'
judged 124 290 10 1 '^not ok - k: did not come to its end' "$booted" 'ok - one'
judged 1 3 10 1 '^not ok - k: did not come to its end' 'Kernel panic'
exit $status
