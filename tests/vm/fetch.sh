#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/vm/fetch.sh ARCH SUITE PACKAGE FOLDER: fetches the kernel that the metapackage PACKAGE stands for and leaves
# FOLDER/vmlinuz and FOLDER/version. Nothing is installed, and the machine's own apt is left as it is: lists, cache and
# sources are private, below FOLDER/../apt. What was fetched is kept, since old versions vanish from the archive.
set -eu
arch=$1 suite=$2 package=$3 folder=$(realpath -m "$4") # apt takes relative paths from /etc/apt
[ ! -s "$folder/vmlinuz" ] || exit 0
state=$(dirname "$folder")/apt/$suite-$arch
sources=/etc/apt/sources.list.d/debian.sources
mkdir -p "$folder" "$state/lists/partial" "$state/archives/partial" "$state/sources"
: >>"$state/status"

# The servers are those that this machine uses: the first for the archive, the one whose suite says so for security.
server()
{
	if [ -r "$sources" ]; then
		awk -v security="$1" '/^URIs:/ { uri = $2 } /^Suites:/ { if (($2 ~ /-security/) == security) { print uri; exit } }' "$sources"
	else
		awk -v security="$1" '$1 == "deb" { sub(/\[[^]]*\] */, ""); if (($3 ~ /-security/) == security) { print $2; exit } }' \
			/etc/apt/sources.list
	fi
}

case $suite in *-security) uri=$(server 1) ;; *) uri=$(server 0) ;; esac
[ -n "$uri" ] || { echo "no Debian archive is set up here (looked in $sources)" >&2; exit 1; }
cat >"$state/sources/kernel.sources" <<END
Types: deb
URIs: $uri
Suites: $suite
Components: main
Architectures: $arch
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END

private() # apt-get|apt-cache ARGUMENTS…
{
	local tool=$1

	shift
	"$tool" -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$state/sources" -o "Dir::State::lists=$state/lists" \
		-o "Dir::State::status=$state/status" -o "Dir::Cache::archives=$state/archives" -o Dir::Cache::pkgcache= \
		-o Dir::Cache::srcpkgcache= -o "APT::Architecture=$arch" -o "APT::Architectures::=$arch" -o Acquire::Languages=none \
		-o APT::Sandbox::User=root "$@"
}

# Names of the packages that $1 depends on.
needs()
{
	private apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | tr ',|' '\n\n' | sed 's/(.*//; s/ //g'
}

private apt-get update >/dev/null
image=$(needs "$package" | grep -m 1 '^linux-image-') || { echo "$suite has no $package" >&2; exit 1; }
# from 6.17 on the image package is empty, and what it boots lies in linux-binary-*
binary=$(needs "$image" | grep -m 1 '^linux-binary-' || true)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && private apt-get download "${binary:-$image}" >/dev/null)
dpkg-deb --fsys-tarfile "$work"/*.deb |
	tar -x -C "$work" --wildcards './boot/vmlinu*' './usr/lib/modules/*/vmlinu*' 2>/dev/null || true
found=$(find "$work" -type f -name 'vmlinu*' | head -n 1)
[ -n "$found" ] || { echo "no kernel in ${binary:-$image}" >&2; exit 1; }
mv "$found" "$folder/vmlinuz"
private apt-cache show --no-all-versions "${binary:-$image}" | sed -n 's/^Version: //p' | head -n 1 >"$folder/version"
