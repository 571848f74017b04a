#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/gallery.md says what the demos say: each demo of its kinds stands there, with the words of today and an output.
set -u

scripts/gallery.sh check || exit 1
awk '/^sudo lifeline demo /{ name = $4; getline; if ($0 == "```") { print FILENAME ":" FNR ": " name " has no output: run scripts/gallery.sh"; bad = 1 } }
	END { exit bad }' docs/gallery.md
