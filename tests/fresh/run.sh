#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/fresh/run.sh [DIR]: does what the README says as a new user would, in a bare Debian bookworm made with debootstrap:
# install git and make, clone, `make demo`, `make check`. Needs root, debootstrap, and a mirror, which is the one this
# machine's apt uses. The clone is of what is committed here. With DIR, the bare root is kept there and used again;
# the clone is made anew each time. What was printed is in DIR/log (or told at the end). LEVELS="lint unit": these levels
# in the place of `make check`.
#
# Prints the protocol of tests/run.sh, so `tests/run.sh fresh` works too (tests/fresh/run is this script).
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD

command -v git >/dev/null || { echo "ok - fresh root # SKIP git is not installed"; exit 0; }
# shellcheck disable=SC2034 # root.bash uses it
name='fresh root'
. tests/fresh/root.bash
git clone -q --no-local --bare "$top" "$fresh/srv/lifeline.git" || exit 1

as_user='apt-get install -y sudo && useradd -m someone && echo "someone ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/someone &&
	cp -r /root/lifeline /home/someone && chown -R someone: /home/someone && rm -rf /home/someone/lifeline/build &&
	su - someone -c "cd lifeline && make demo"'
check='make check'
if [ -n "${LEVELS:-}" ]; then
	check="scripts/install-deps.sh test && make -j2 all test-programs && tests/run.sh $LEVELS"
fi
status=0
step "git and make" 'apt-get update && apt-get install -y git make' '' &&
	step "clone" 'cd /root && git -c safe.directory="*" clone /srv/lifeline.git lifeline' '' &&
	step "make demo" 'cd /root/lifeline && make demo' 'zombie\.never-waited' &&
	step "make demo, by a user of sudo" "$as_user" 'zombie\.never-waited' &&
	step "$check" "cd /root/lifeline && $check" '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' || status=1
grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1 | sed 's/^/# inside: /'
exit $status
