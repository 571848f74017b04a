#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/install-deps.sh [--optional] build|test|extra|browser|package|daemons|containers|fuzz|analyze|cross|vm
#
# Sees to it that what building (or testing) needs is there. What is there is asked of the tools themselves, so a machine
# that has everything is left alone whatever its packager. Missing things are installed with apt-get, as root or through
# sudo; on other systems their names are told. Status 1 if something is still missing; with --optional, only a remark.
set -u

# One need a line: how it is checked (`library` asks pkg-config), and its package in Debian, Fedora, Arch.
build_needs='
command:cc                gcc              gcc                   gcc
header:stdio.h            libc6-dev        glibc-devel           glibc
command:clang             clang            clang                 clang
command:bpftool           bpftool          bpftool               bpf
command:pkg-config        pkg-config       pkgconf-pkg-config    pkgconf
library:libbpf            libbpf-dev       libbpf-devel          libbpf
library:libdw             libdw-dev        elfutils-devel        elfutils
library:libelf            libelf-dev       elfutils-libelf-devel libelf
library:liblzma           liblzma-dev      xz-devel              xz
library:zlib              zlib1g-dev       zlib-devel            zlib
library:libprotobuf-c     libprotobuf-c-dev protobuf-c-devel     protobuf-c
command:protoc-c          protobuf-c-compiler protobuf-c-compiler protobuf-c
header:libiberty/demangle.h libiberty-dev  binutils-devel        binutils
'
test_needs='
library:cmocka            libcmocka-dev      libcmocka-devel     cmocka
command:c++               g++                gcc-c++             gcc
command:objcopy           binutils           binutils            binutils
command:jq                jq                 jq                  jq
command:python3           python3            python3             python
python:jsonschema         python3-jsonschema python3-jsonschema  python-jsonschema
command:ps                procps             procps-ng           procps-ng
command:unshare           util-linux         util-linux          util-linux
command:git               git                git                 git
command:shellcheck        shellcheck         ShellCheck          shellcheck
command:sqlite3           sqlite3            sqlite              sqlite
command:protoc            protobuf-compiler  protobuf-compiler   protobuf
command:man               man-db             man-db              man-db
command:mandoc            mandoc             mandoc              mandoc
command:zsh               zsh                zsh                 zsh
command:fish              fish               fish                fish
command:tmux              tmux               tmux                tmux
'
# What some systems do not have, and few tests need: apart, so that its absence costs nothing else.
extra_needs='
command:clickhouse-server clickhouse-server  clickhouse-server   clickhouse
command:clickhouse-client clickhouse-client  clickhouse-client   clickhouse
'
# The page of the html export is tried in it. It is large: apart as well.
browser_needs='
command:chromium          chromium           chromium            chromium
'
# With what tests/live/containers.sh makes containers; without them by unshare alone. No goal of the Makefile asks for it.
container_needs='
command:runc              runc             runc                  runc
command:podman            podman           podman                podman
command:tini              tini             tini                  tini
'
# `make deb`; Debian and its relatives alone.
package_needs='
command:dpkg-buildpackage dpkg-dev           dpkg-dev            dpkg
command:dh                debhelper          debhelper           debhelper
'
# What tests/live/real-daemons.sh and not-daemons.sh observe, each only if it is there. Services: where installing a package
# starts it, it would be started, so this is for machines that are there for testing. No goal of the Makefile asks for it.
daemon_needs='
command:redis-server      redis-server       redis               redis
command:nginx             nginx-light        nginx               nginx
command:memcached         memcached          memcached           memcached
command:cron              cron               cronie              cronie
command:atd               at                 at                  at
command:tmux              tmux               tmux                tmux
command:screen            screen             screen              screen
'

# make fuzz: what clang links a fuzzing program with.
fuzz_needs='
fuzzer:clang              libclang-rt-dev   compiler-rt           compiler-rt
'
# make analyze
analyze_needs='
command:clang-tidy        clang-tidy         clang-tools-extra     clang
command:cppcheck          cppcheck           cppcheck              cppcheck
'
# Building for arm64 (its libraries: scripts/sysroot.sh) and booting that, and booting other kernels (make check-vm).
cross_needs='
command:aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
command:qemu-system-aarch64   qemu-system-arm       qemu-system-aarch64-core qemu-system-aarch64
'
vm_needs='
command:qemu-system-x86_64  qemu-system-x86    qemu-system-x86-core     qemu-system-x86
command:cpio                cpio               cpio                     cpio
command:python3             python3            python3                  python
command:busybox             busybox-static     busybox                  busybox
command:zstd                zstd               zstd                     zstd
command:lz4                 lz4                lz4                      lz4
'

PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin

have()
{
	kind=${1%%:*} name=${1#*:}
	case $kind in
	command) command -v "$name" >/dev/null ;;
	header) echo "#include <$name>" | cc -E - >/dev/null 2>&1 ;;
	library) pkg-config --exists "$name" 2>/dev/null ;;
	fuzzer) echo 'int LLVMFuzzerTestOneInput(const char *d, long s) { return d && s < 0; }' | "$name" -fsanitize=fuzzer -x c - -o /dev/null >/dev/null 2>&1 ;;
	python) python3 -c "import $name" >/dev/null 2>&1 || /usr/bin/python3 -c "import $name" >/dev/null 2>&1 ;;
	esac
}

# Prints column $1 (2 Debian, 3 Fedora, 4 Arch) of what is missing, in one line.
missing()
{
	echo "$needs" | while read -r check debian fedora arch; do
		if [ -z "$check" ] || have "$check"; then
			continue
		fi
		case $1 in 2) printf '%s ' "$debian" ;; 3) printf '%s ' "$fedora" ;; 4) printf '%s ' "$arch" ;; esac
	done
}

as_root()
{
	"$(dirname "$0")/as-root.sh" "$@"
}

# A fresh machine's package lists are empty or old: they are fetched when installing with what is there fails.
# Another apt-get (a new machine's unattended upgrade) is waited for.
apt_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -q \
		--no-install-recommends "$@" >>"$log" 2>&1
}

install_debian()
{
	echo "installing: $*"
	apt_install "$@" && return 0
	as_root apt-get update -q >>"$log" 2>&1
	apt_install "$@" && return 0
	echo "apt-get could not install them; the end of what it said:" >&2
	tail -n 15 "$log" >&2
	return 1
}

tell()
{
	echo "To $what lifeline, these are missing and have to be installed first:" >&2
	echo "  Debian, Ubuntu:  apt-get install $(missing 2)" >&2
	echo "  Fedora:          dnf install $(missing 3)" >&2
	echo "  Arch:            pacman -S $(missing 4)" >&2
}

optional=
if [ "${1:-}" = --optional ]; then
	optional=y
	shift
fi
what=${1:-}
case $what in
build) needs=$build_needs ;;
test) needs=$test_needs ;;
extra) needs=$extra_needs what="test all of" ;;
browser) needs=$browser_needs what="test the html export of" ;;
containers) needs=$container_needs what="test lifeline with all engines of containers on" ;;
package) needs=$package_needs what=package ;;
daemons) needs=$daemon_needs what="test other people's daemons with" ;;
fuzz) needs=$fuzz_needs what="fuzz" ;;
analyze) needs=$analyze_needs what="analyze the sources of" ;;
cross) needs=$cross_needs what="build for arm64" ;;
vm) needs=$vm_needs what="test on other kernels" ;;
*)
	echo "usage: scripts/install-deps.sh [--optional] build|test|extra|browser|package|daemons|containers|fuzz|analyze|cross|vm" >&2
	exit 1
	;;
esac

packages=$(missing 2)
[ -n "$packages" ] || exit 0
if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }; then
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	# shellcheck disable=SC2086 # a list of words
	install_debian $packages && [ -z "$(missing 2)" ] && exit 0
fi
tell
[ -n "$optional" ] || exit 1
echo "Going on without them: tests that need them are skipped." >&2
