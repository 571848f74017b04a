#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/sysroot.sh [ARCH [SUITE]]: puts the libraries and headers that building for another architecture needs (Debian's
# word for it; arm64 without one), and a static busybox for tests/vm, below build/sysroot/, unpacked from SUITE's packages
# (bookworm). Nothing is installed, and no architecture is added to this system. The compiler is a package of this system:
# scripts/install-deps.sh cross.
set -eu
cd "$(dirname "$0")/.."
arch=${1:-arm64} suite=${2:-bookworm}
case $arch in
arm64) machine=aarch64 ;;
amd64) machine=x86_64 ;;
*) machine=$arch ;;
esac
root=build/sysroot/$machine
packages="libc6-dev libbpf-dev libelf-dev libdw-dev liblzma-dev libzstd-dev zlib1g-dev libprotobuf-c-dev libiberty-dev busybox-static"
[ ! -e "$root/.whole" ] || exit 0

# shellcheck source=scripts/private-apt.sh
. scripts/private-apt.sh
private_apt_begin "build/sysroot/.apt-$suite-$arch" "$arch" "$suite"
private_apt apt-get update >/dev/null
# shellcheck disable=SC2086 # a list of words
private_apt apt-get install -y --download-only --no-install-recommends $packages >/dev/null
mkdir -p "$root"
for package in "$private_state"/archives/*.deb; do
	dpkg-deb -x "$package" "$root"
done
# links to absolute names lead out of the folder
find "$root" -type l -lname '/*' | while read -r link; do
	ln -sfr "$root$(readlink "$link")" "$link"
done
rm -f "$private_state"/archives/*.deb
touch "$root/.whole"
echo "$root"
