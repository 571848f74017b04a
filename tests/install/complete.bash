#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/install/complete.bash PROGRAM LINE: prints what bash would offer at the end of LINE, which begins with `lifeline`, a
# candidate a line, in order; `nospace` as the first line if bash is told to put no blank behind it. The script's function
# is called as bash calls it; PROGRAM answers in the place of `lifeline`.
set -u
program=$1 line=$2

# As readline does it: at blanks, and at the characters of COMP_WORDBREAKS, runs of which are words of their own.
split()
{
	local rest=$1 part

	COMP_WORDS=()
	while [[ $rest =~ ^[[:space:]]*([^[:space:]:=]+|[:=]+)(.*)$ ]]; do
		part=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
		COMP_WORDS+=("$part")
	done
	[[ $1 != *[[:space:]] ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
}

compopt()
{
	[[ "$*" != *nospace* ]] || echo nospace
}

eval "$("$program" --completion bash)"
function lifeline { "$program" "$@"; }
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
COMP_LINE=$line COMP_POINT=${#line}
split "$line"
COMPREPLY=()
_lifeline
printf '%s\n' "${COMPREPLY[@]}"
