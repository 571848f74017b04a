#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/make-deb.sh: builds the Debian package in build/deb/ from a copy of the sources, so that nothing of it lies between
# them, and says where it is. Needs no network; what building needs has to be there (scripts/install-deps.sh build package).
set -eu
cd "$(dirname "$0")/.."

for tool in dpkg-buildpackage dh; do
	command -v $tool >/dev/null || { echo "To build the package, $tool is missing: scripts/install-deps.sh package installs it" >&2; exit 1; }
done
version=$(sed -n 's/^VERSION *:= *//p' Makefile)
packaged=$(dpkg-parsechangelog -S Version)
[ "$version" = "$packaged" ] || { echo "VERSION is $version in the Makefile and $packaged in debian/changelog" >&2; exit 1; }

tree=build/deb/lifeline-$version
rm -rf build/deb
mkdir -p "$tree"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -c -T - | tar -x -C "$tree"
else
	tar -c --exclude=./build --exclude=./.git . | tar -x -C "$tree"
fi
# What this make was told is not what the package's make is to hear.
unset MAKEFLAGS MAKELEVEL MFLAGS CFLAGS LDFLAGS CC PREFIX DESTDIR
log=build/deb/log
if ! (cd "$tree" && DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -b -us -uc) >$log 2>&1; then
	tail -n 30 $log >&2
	exit 1
fi
rm -rf "$tree"
ls build/deb/*.deb
