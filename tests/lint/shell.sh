#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# All scripts pass shellcheck, where it is installed. It takes seconds, so scripts that passed are not asked again before one
# of them, or shellcheck itself, has changed: what passed is noted in the build's folder.
set -u
. tests/lint/lib.bash

command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 77; }
mapfile -t scripts < <(repository_files | xargs -d '\n' awk 'FNR == 1 && /^#!.*(^|[^a-z])(ba|da)?sh([^a-z]|$)/ { print FILENAME } { nextfile }')
[ "${#scripts[@]}" -gt 0 ] || { echo "no script was found"; exit 1; }
passed=${BUILD:-build/$(uname -m)-release}/lint-shell.passed
state=$({ shellcheck --version; sha256sum tests/lint/shell.sh tests/*/lib.bash "${scripts[@]}"; } | sha256sum)
[ "$state" != "$(cat "$passed" 2>/dev/null)" ] || exit 0
shellcheck --severity=warning -x -P . --format=gcc "${scripts[@]}" || exit 1
mkdir -p "$(dirname "$passed")"
echo "$state" >"$passed"
