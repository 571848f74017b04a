#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes docs/gallery.md: the concurrency gallery as a course. The words are those of the demos themselves (the comment at
# the top of the program, the explanation in its expectation), the outputs are those of real runs.
#
#   scripts/gallery.sh          runs every demo of the page (root) and writes it anew; LIFELINE=… names the program
#   scripts/gallery.sh words    renews the words and keeps the outputs that are there; needs no root
#   scripts/gallery.sh check    is the page what the sources say, outputs aside? Needs no root
set -u
cd "$(dirname "$0")/.." || exit 1

lifeline=${LIFELINE:-build/lifeline}
page=docs/gallery.md
mode=${1:-run}
new=$(mktemp "${TMPDIR:-/tmp}/lifeline-gallery.XXXXXX")
trap 'rm -f "$new"' EXIT

# The kinds in the order of the course, and what to know before.
kinds='process thread sync queue ipc pool cost switch coroutine io net'
introduce()
{
	case $1 in
	process) echo "Everything starts with fork: a process makes another one like itself, and owes it a wait." ;;
	thread) echo "A thread is a second course of events in the same memory. It is cheap, and shares everything." ;;
	sync) echo "Whoever shares must wait for one another: for a place, for an event, for all the others." ;;
	queue) echo "The safest thing that threads can share is a queue. What differs is who comes next." ;;
	ipc) echo "Processes share nothing by themselves. What they exchange goes through the kernel, or through memory that they map together." ;;
	pool) echo "Many tasks need no more than a few workers, made once." ;;
	cost) echo "Now that both are known: what do threads and processes cost, and when does either bring anything? The kernel measures." ;;
	switch) echo "Whenever a processor goes from one thread to another, the kernel counts a switch, and whether the thread wanted it." ;;
	coroutine) echo "One can also switch without the kernel." ;;
	io) echo "Most programs wait for input most of the time. There are five ways, and they differ in who waits where." ;;
	net) echo "All of it together: servers, and those who work for them." ;;
	esac
}

# The comment at the top of the program, a paragraph a line.
paragraphs()
{
	awk '/^ \*\//{ exit } /^ \*( |$)/{ sub(/^ \* ?/, ""); if ($0 == "") { if (text != "") print text; text = "" }
		else text = text == "" ? $0 : text " " $0 } END { if (text != "") print text }' "demos/$1.c"
}

fill() { fold -s -w 128 | sed 's/ *$//'; }
idea() { paragraphs "$1" | grep -v '^Look at: ' | sed 'a\\' | sed '$d' | fill; }
look() { paragraphs "$1" | sed -n 's/^Look at: /**Look at:** /p' | fill; }
directive() { sed -n "s/^$2 //p" "demos/$1.expect"; }

explanation()
{
	directive "$1" explain | awk '/^ /{ printf "%s\n    %s\n\n", (NR > 1 ? "\n" : ""), substr($0, 2); next }
		{ printf "%s%s", (open ? " " : ""), $0; open = 1 } END { print "" }' | fill
}

# What a run prints, without what this page says itself, and without where it was built.
run()
{
	local output

	output=$("$lifeline" demo "$1" 2>&1) || {
		printf 'scripts/gallery.sh: %s is not as expected\n%s\n' "$1" "$output" >&2
		exit 1
	}
	sed -E -e '/^What to see here:/,/^$/d' -e '/^demo .*: as expected$/d' \
		-e 's,/[^ ]*/demos/([a-z]+/[a-z-]+),…/demos/\1,g' -e "s,/[^ ]*/build/[^ ]*…,…/demos/$1," <<<"$output" |
		sed -e '$!b' -e '/^$/d'
}

# The output of a demo as the page has it.
kept()
{
	awk -v command="sudo lifeline demo $1" '$0 == command { found = 1; next } found && $0 == "```" { exit } found' "$page"
}

demo()
{
	printf '### %s\n\n%s\n\n```\nsudo lifeline demo %s\n' "$1" "$(idea "$1")" "$1"
	if [ "$mode" = run ]; then run "$1" || exit 1; else kept "$1"; fi
	printf '```\n\n%s\n\n%s\n\n' "$(look "$1")" "$(explanation "$1")"
}

# The default of a kind first, then by name.
demos_of()
{
	grep -l '^default$' "demos/$1"/*.expect
	grep -L '^default$' "demos/$1"/*.expect
}

{
	cat <<'END'
# The concurrency gallery

A course in some fifty small programs: each brings about one situation, says what it does, and is observed by lifeline while it
runs. The numbers under "As the kernel counted" are facts of that very run, taken in the kernel. Read the program beside it
(`demos/KIND/NAME.c`, rarely more than a page), run it, change it, run it again.

`lifeline demo` lists all, `sudo lifeline demo --all` runs all. This page is made by `scripts/gallery.sh` from the programs and from
real runs on a machine with two processors; times differ from machine to machine, and from run to run. The kinds zombie, orphan,
daemon and exit (how lives end) and lock and deadlock (who holds what) are chapters of their own: `lifeline demo zombie/` lists one.

END
	for kind in $kinds; do
		printf '## %s\n\n%s\n\n' "$(sed -n "s/^kind /$kind: /p" "demos/$kind"/*.expect)" "$(introduce "$kind")"
		for expect in $(demos_of "$kind"); do
			name=${expect#demos/}
			demo "${name%.expect}" || exit 1
		done
	done
} >"$new" || exit 1
sed -i '$d' "$new" # the empty line behind the last section

if [ "$mode" = check ]; then
	cmp -s "$new" "$page" && exit 0
	echo "$page:1: is not what the demos say: run scripts/gallery.sh"
	diff "$page" "$new" | head -n 10
	exit 1
fi
cp "$new" "$page"
