#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/vm/fetch.sh ARCH SUITE PACKAGE FOLDER: fetches the kernel that the metapackage PACKAGE stands for and leaves
# FOLDER/vmlinuz and FOLDER/version. Nothing is installed, and the machine's own apt is left as it is: lists, cache and
# sources are private, below FOLDER/../apt. What was fetched is kept, since old versions vanish from the archive.
set -eu
arch=$1 suite=$2 package=$3 folder=$(realpath -m "$4") # apt takes relative paths from /etc/apt
[ ! -s "$folder/vmlinuz" ] || exit 0
# shellcheck source=scripts/private-apt.sh
. "$(dirname "$0")/../../scripts/private-apt.sh"
mkdir -p "$folder"
private_apt_begin "$(dirname "$folder")/apt/$suite-$arch" "$arch" "$suite"

# Names of the packages that $1 depends on.
needs()
{
	private_apt apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | tr ',|' '\n\n' | sed 's/(.*//; s/ //g'
}

private_apt apt-get update >/dev/null
image=$(needs "$package" | grep -m 1 '^linux-image-') || { echo "$suite has no $package" >&2; exit 1; }
# from 6.17 on the image package is empty, and what it boots lies in linux-binary-*
binary=$(needs "$image" | grep -m 1 '^linux-binary-' || true)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && private_apt apt-get download "${binary:-$image}" >/dev/null)
dpkg-deb --fsys-tarfile "$work"/*.deb |
	tar -x -C "$work" --wildcards './boot/vmlinu*' './usr/lib/modules/*/vmlinu*' 2>/dev/null || true
found=$(find "$work" -type f -name 'vmlinu*' | head -n 1)
[ -n "$found" ] || { echo "no kernel in ${binary:-$image}" >&2; exit 1; }
mv "$found" "$folder/vmlinuz"
private_apt apt-cache show --no-all-versions "${binary:-$image}" | sed -n 's/^Version: //p' | head -n 1 >"$folder/version"
