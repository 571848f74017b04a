#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Each source file names its licence in its first lines; what the kernel loads, the one the kernel accepts.
set -u
. tests/lint/lib.bash
status=0

while read -r file; do
	case $file in
	bpf/*) licence='(GPL-2.0-only OR BSD-2-Clause)' ;;
	*) licence='BSD-2-Clause' ;;
	esac
	if ! head -n 3 "$file" | grep -qF "SPDX-License-Identifier: $licence"; then
		echo "$file:1: no line 'SPDX-License-Identifier: $licence' among the first three"
		status=1
	fi
done < <(repository_files '*.c' '*.h' '*.def' '*.sh' '*.py' '*.bash' Makefile '*/run' | grep -v '^vmlinux/.*\.h$')
exit $status
