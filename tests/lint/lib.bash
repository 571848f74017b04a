# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the lints share. Sourced, with the repository's top as working directory.

# The files of the repository, one a line: what git knows and what it would add; without git, all but build/ and .git/.
# Arguments are patterns as `git ls-files` takes them.
repository_files()
{
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
			[ ! -f "$file" ] || echo "$file"
		done
	else
		local pattern
		find . \( -path ./build -o -path ./.git \) -prune -o -type f -print | sed 's,^\./,,' | sort |
			while read -r file; do
				[ $# -gt 0 ] || { echo "$file"; continue; }
				for pattern; do
					# shellcheck disable=SC2254 # patterns are meant as such
					case $file in $pattern) echo "$file"; break ;; esac
				done
			done
	fi
}
