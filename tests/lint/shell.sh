#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# All scripts pass shellcheck, where it is installed.
set -u
. tests/lint/lib.bash

command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 77; }
repository_files | while read -r file; do
	! head -c 64 "$file" | head -n 1 | tr -d '\000' | grep -qE '^#!.*\b(ba|da)?sh\b' || echo "$file"
done | xargs -d '\n' shellcheck --severity=warning -x -P . --format=gcc
