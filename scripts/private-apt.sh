# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# To be sourced: apt with lists, cache and sources of its own, for packages of another suite or architecture. The machine's
# own apt is left as it is, but its servers are asked.

# The first server of this machine's sources for the archive ($1 = 0) or for security updates (1).
apt_server()
{
	local sources=/etc/apt/sources.list.d/debian.sources

	if [ -r "$sources" ]; then
		awk -v security="$1" '/^URIs:/ { uri = $2 } /^Suites:/ { if (($2 ~ /-security/) == security) { print uri; exit } }' "$sources"
	else
		awk -v security="$1" '$1 == "deb" { sub(/\[[^]]*\] */, ""); if (($3 ~ /-security/) == security) { print $2; exit } }' \
			/etc/apt/sources.list
	fi
}

# private_apt_begin STATE ARCH SUITE: what private_apt works with from here on; state is kept in the folder STATE.
private_apt_begin()
{
	private_state=$(realpath -m "$1") private_arch=$2 # apt takes relative paths from /etc/apt
	local suite=$3 uri

	case $suite in *-security) uri=$(apt_server 1) ;; *) uri=$(apt_server 0) ;; esac
	[ -n "$uri" ] || { echo "no Debian archive is set up here (looked in /etc/apt)" >&2; return 1; }
	mkdir -p "$private_state/lists/partial" "$private_state/archives/partial" "$private_state/sources"
	: >>"$private_state/status"
	printf '%s\n' "Types: deb" "URIs: $uri" "Suites: $suite" "Components: main" "Architectures: $private_arch" \
		"Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" >"$private_state/sources/private.sources"
}

private_apt() # apt-get|apt-cache ARGUMENTS…
{
	local tool=$1 state=$private_state

	shift
	"$tool" -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$state/sources" -o "Dir::State::lists=$state/lists" \
		-o "Dir::State::status=$state/status" -o "Dir::Cache::archives=$state/archives" -o Dir::Cache::pkgcache= \
		-o Dir::Cache::srcpkgcache= -o "APT::Architecture=$private_arch" -o "APT::Architectures::=$private_arch" \
		-o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}
