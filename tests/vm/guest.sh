# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# Runs inside the virtual machine, from /vm/guest.sh: every demo as `make check-live` does it, with each way of seeing system
# calls return, and a few commands. /vm/demos lists the demos. Prints the protocol of tests/run.sh.
lifeline=/vm/build/lifeline
failed=0
limit=600

# How long a test may take, by what the least of them took: a machine that does much else is slow for all of them.
set_limit() # UPTIME-BEFORE
{
	read -r now _ </proc/uptime
	limit=$((120 + 40 * (${now%.*} - ${1%.*})))
}

check() # NAME EXPECTED-STATUS COMMAND…
{
	name=$1 expected=$2
	shift 2
	timeout "$limit" "$@" >/tmp/out 2>&1
	status=$?
	if [ "$status" = 125 ] && grep -q '^demo .*: skipped: ' /tmp/out; then
		echo "ok - $name # SKIP $(sed -n 's/^demo .*: skipped: //p' /tmp/out | head -n 1)"
	elif [ "$status" = "$expected" ]; then
		echo "ok - $name"
	else
		failed=1
		echo "not ok - $name"
		echo "# status $status, expected $expected"
		tail -n 40 /tmp/out | sed 's/^/# /'
	fi
}

check "doctor" 0 $lifeline doctor
sed 's/^/# /' /tmp/out
read -r before _ </proc/uptime
check "run" 3 $lifeline run -- sh -c 'exit 3'
set_limit "$before"
check "attach --all" 0 $lifeline attach --all --for 1s
check "zombies" 0 $lifeline zombies
for way in $WAYS; do
	if [ "$way" = fexit ] && ! $lifeline doctor | grep -q 'fexit on each of these calls'; then
		echo "ok - by fexit # SKIP this kernel refuses programs on single calls"
		continue
	fi
	export LIFELINE_CALL_HOOK=$way
	{
		$lifeline run -vvv -- true
		$lifeline attach -vvv --all --switches all --for 100ms
	} 2>&1 | sed -n 's/^lifeline: verifier: \([a-z0-9_]*\): \([0-9]*\) instructions$/VM verified \1 \2/p'
	while read -r demo; do
		check "$demo by $way" 0 $lifeline demo --replay-check "$demo"
	done </vm/demos
done
exit $failed
