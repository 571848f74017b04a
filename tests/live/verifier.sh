#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What this kernel's verifier has to go through, against tests/vm/verifier.txt: it is most of the time that loading takes.
. tests/live/lib.bash
name=$(uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')-$(uname -r | grep -oE '^[0-9]+\.[0-9]+')
{
	"$LIFELINE" run -vvv -- true
	"$LIFELINE" attach -vvv --all --switches all --for 100ms
} 2>&1 >/dev/null | sed -n 's/^lifeline: verifier: \([a-z0-9_]*\): \([0-9]*\) instructions$/\1 \2/p' | tests/vm/verifier.sh "$name"
