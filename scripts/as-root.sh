#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/as-root.sh COMMAND [ARG…]: runs it as root; through sudo, if the caller is someone else.
if [ "$(id -u)" = 0 ]; then
	exec "$@"
elif command -v sudo >/dev/null; then
	exec sudo -- "$@"
fi
echo "cannot run '$*': it needs root, and there is no sudo here. Try again as root." >&2
exit 125
