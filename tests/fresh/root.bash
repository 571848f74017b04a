# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# A bare Debian bookworm to try things in as a new user would: sourced, with $name (of the tests' lines) set, and the folder to
# keep it in, or nothing, as $1. Sets $fresh (the root), $root, $log; `step` does something in it. Skips where that cannot be
# had: it needs root, debootstrap, and a mirror, which is the one this machine's apt uses.

skip()
{
	echo "ok - $name # SKIP $1"
	exit 0
}

[ "$(id -u)" = 0 ] || skip "not root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"

keep=${1:-}
root=${keep:-$(mktemp -d)}
base=$root/base fresh=$root/fresh log=$root/log
mounted=()

clean_up()
{
	local i

	for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do
		umount -l "${mounted[i]}"
	done
	mounted=()
	# Never remove through a mount that did not go away.
	if ! grep -q " ${fresh}[ /]" /proc/mounts; then
		rm -rf --one-file-system "$fresh"
		[ -n "$keep" ] || rm -rf --one-file-system "$root"
	fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The sources of bookworm that this machine's apt knows, as lines of sources.list.
sources()
{
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
		sort -u | awk '$4 == "Debian" && $2 ~ /^bookworm/ { print "deb", $1, $2, $3 }'
}

attach()
{
	mkdir -p "$fresh/$1" && mount --rbind "/$1" "$fresh/$1" && mount --make-rslave "$fresh/$1" && mounted+=("$fresh/$1")
}

# As a machine or a container has it, the root of its mount namespace: not by chroot, where lifeline tells the paths of
# files as they are outside.
# shellcheck disable=SC2016 # expanded inside
enter='cd "$0" && mkdir -p .old && pivot_root . .old && umount -l .old && exec /bin/sh -c "$1"'

inside()
{
	env -i HOME=/root TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		${http_proxy:+http_proxy="$http_proxy"} unshare --mount --propagation private \
		/bin/sh -c "$enter" "$fresh" "$1" </dev/null
}

# $1: name. $2: what a user types. $3: what the output must show, an extended regular expression.
step()
{
	local output=$root/step start=$SECONDS

	{ echo; echo "\$ $2"; } >>"$log"
	if inside "$2" >"$output" 2>&1 && { [ -z "$3" ] || grep -qE "$3" "$output"; }; then
		cat "$output" >>"$log"
		echo "ok - $name: $1 ($((SECONDS - start)) s)"
		return 0
	fi
	cat "$output" >>"$log"
	echo "not ok - $name: $1"
	echo "# wanted ${3:-success}; the end of what came:"
	tail -n 30 "$output" | sed 's/^/# /'
	return 1
}

mkdir -p "$root"
: >"$log"
mirror=$(sources | awk '$3 == "bookworm" { print $2; exit }')
[ -n "$mirror" ] || skip "this machine's apt knows no bookworm"
if [ ! -e "$base.done" ]; then
	rm -rf --one-file-system "$base"
	debootstrap --variant=minbase bookworm "$base" "$mirror" >"$log" 2>&1 ||
		{ echo "not ok - $name: debootstrap"; tail -n 10 "$log" | sed 's/^/# /'; exit 1; }
	touch "$base.done"
fi
rm -rf --one-file-system "$fresh"
cp -a --reflink=auto "$base" "$fresh"
sources >"$fresh/etc/apt/sources.list"
# A mirror frozen in the past is refused otherwise; this belongs to this machine's mirror, not to what is tested.
apt-config dump | grep '^Acquire::Check' >"$fresh/etc/apt/apt.conf.d/90mirror"
cp /etc/resolv.conf /etc/hosts "$fresh/etc/" 2>/dev/null
# A root that is a mount of its own: private mounts inside need that.
mount --bind "$fresh" "$fresh" && mounted+=("$fresh")
if ! { attach proc && attach sys && attach dev; }; then
	echo "not ok - $name: cannot bind /proc, /sys, /dev"
	exit 1
fi
