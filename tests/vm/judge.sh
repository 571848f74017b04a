#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/vm/judge.sh KERNEL LOG STATUS USED IDLE: what a virtual machine's console says, as lines of the tests' protocol, and
# whether the machine came to its end. STATUS is how the emulator ended, 124 or 137 if it was stopped after VM_TIMEOUT
# seconds by the clock; USED is what it had of a processor by then, IDLE for how long processors had nothing to do
# meanwhile, all together, in whole seconds.
#
# A machine that is busy with other things gives the emulator little, which says nothing about lifeline: what was not
# reached for that is skipped. That was so if it got less than VM_LEAST seconds and there was hardly more to be had; else
# what did not come to its end hangs. A test that failed has failed either way.
set -u
name=$1 log=$2 ended=$3 used=$4 idle=$5
limit=${VM_TIMEOUT:?} least=${VM_LEAST:?} failed=0
starved=
case $ended in
124 | 137)
	[ "$used" -ge "$least" ] || [ "$idle" -gt $((limit / 4)) ] || starved="in $limit s it got but $used s of a processor"
	;;
esac

sed -n -e "s/^ok - /ok - $name: /p" -e "s/^not ok - /not ok - $name: /p" -e '/^# /p' "$log"
! grep -q '^not ok' "$log" || failed=1
if grep -q '^VM complaint' "$log"; then
	echo "not ok - $name: the kernel complained"
	grep '^VM complaint' "$log" | sed 's/^/# /'
	failed=1
elif grep -q '^VM status' "$log"; then
	echo "ok - $name: booted $(sed -n 's/^VM kernel //p' "$log"), and nothing was complained about"
elif [ -n "$starved" ] && ! grep -q '^VM kernel' "$log"; then
	echo "ok - $name # SKIP it did not come to its first command: $starved"
elif [ -n "$starved" ]; then
	echo "ok - $name: the tests after these $(grep -cE '^(not )?ok' "$log") # SKIP not reached: $starved"
else
	echo "not ok - $name: did not come to its end (status $ended, after $used s of a processor)"
	tail -n 15 "$log" | LC_ALL=C cat -v | sed 's/^/# /'
	failed=1
fi
exit $failed
