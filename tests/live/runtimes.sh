#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Programs of other C libraries and other languages, whose locks have other forms: nothing is found that is not there, no
# holder is guessed, and what can be proven all the same is.
. tests/live/lib.bash
report=$scratch/report.json

# compiled NAME COMPILER ARGUMENT…: builds $scratch/NAME, if there is such a compiler
compiled()
{
	local name=$1 compiler=$2

	shift 2
	[ "$compiler" != rustc ] || compiler=$(command -v rustc || command -v "$HOME/.cargo/bin/rustc")
	if command -v "$compiler" >/dev/null && "$compiler" "$@" -o "$scratch/$name" 2>"$scratch/compiler"; then
		return 0
	fi
	skip "runtimes: $name" "no ${compiler:-rustc} that can build it"
	return 1
}

# observe NAME WAY OPTIONS…
observe()
{
	local name=$1 way=$2

	shift 2
	[[ " $* " = *" --for "* ]] || set -- "$@" --for 20s
	# shellcheck disable=SC2086 # no way is no argument
	"$LIFELINE" run "$@" -q --format json -o "$report" -- "$scratch/$name" $way >"$scratch/said" 2>&1
}

# silent NAME WAY: runs, and there is nothing to find, but that processors were few.
silent()
{
	observe "$1" "$2"
	explain='.locks[] | select(.waits > 0) | [.kind, .name, .waits, .wait_ns]' \
		holds "$1 ${2:-healthy}: runs, and there is nothing to find" "$report" \
		'.exit.code == 0 and all(.findings[]; .code == "switch.oversubscribed")'
}

# contended NAME WAY LOCK FILTER: contention for this lock alone, and its holders pass the filter
contended()
{
	observe "$1" "$2"
	explain='.locks[] | select(.waits > 0) | [.kind, .name, .waits, .holders]' \
		holds "$1 $2: contention, and nothing else" "$report" '.exit.code == 0 and
		([.findings[] | select(.code != "switch.oversubscribed") | .code] == ["lock.contended"]) and
		([.locks[] | select(.name // "" | test($lock))] | length == 1) and
		(.locks[] | select(.name // "" | test($lock)) | [.holders[] | select(.blocked_others_ns > 0)] | '"$4"')' --arg lock "$3"
}

# hangs NAME WAY CODE: hangs, and that is proven
hangs()
{
	observe "$1" "$2" --for 2s
	explain='.locks[] | [.kind, .name, .waits, .holders]' \
		holds "$1 $2: $3" "$report" '([.findings[].code] - ["exit.killed"]) == [$code] and all(.findings[]; .certain)' --arg code "$3"
}

musl()
{
	silent "$1" barrier
	silent "$1" idle
	contended "$1" mutex '^hot' '. == []'
	observe "$1" rwlock
	holds "$1 rwlock: is not taken for something of glibc's" "$report" '
		.locks[] | select(.name == "shelf") | .kind == "futex" and .waits > 10 and all(.holders[]; .tid == null)'
	hangs "$1" abba deadlock.total
}

glibc()
{
	silent "$1" barrier
	silent "$1" idle
	contended "$1" mutex "$2" 'length >= 2 and all(.tid != null)'
	hangs "$1" abba deadlock.cycle
}

source=tests/live/programs/crowd
if compiled musl musl-gcc -O2 -g $source.c; then musl musl; fi
if compiled musl-static musl-gcc -O2 -g -static $source.c; then musl musl-static; fi
if compiled glibc-static "${CC:-cc}" -O2 -g -static $source.c -pthread; then glibc glibc-static '^hot'; fi
if compiled glibc-stripped "${CC:-cc}" -O2 -s -static $source.c -pthread; then glibc glibc-stripped glibc-stripped; fi

if compiled cpp g++ -std=c++20 -O2 -g $source.cc -pthread; then
	silent cpp barrier
	silent cpp turns
	contended cpp timed '^patient' 'length >= 2 and all(.tid != null)'
	hangs cpp shared-abba deadlock.cycle
	observe cpp scoped --contended-after 100s
	holds "cpp scoped: both at once, in either order, is no deadlock" "$report" '.exit.code == 0 and .findings == []'
	observe cpp scoped --locks all --contended-after 100s
	holds "cpp scoped: nor an order, with --locks all" "$report" '.exit.code == 0 and .findings == []'
fi

for name in rust rust-stripped; do
	way="-C strip=symbols"
	[ $name = rust-stripped ] || way=-g
	# shellcheck disable=SC2086 # options
	compiled $name rustc -O $way $source.rs || continue
	for healthy in barrier idle channel once; do
		silent "$name" $healthy
	done
	contended "$name" mutex . '. == []'
	for _ in 1 2 3; do
		observe "$name" rwlock
		holds "$name rwlock: its marks are not those of a robust mutex" "$report" '
			all(.findings[]; .code == "lock.contended" or .code == "switch.oversubscribed")'
	done
	[ "$way" != -g ] || holds "$name rwlock: is one lock" "$report" '
		[.locks[] | select(.name // "" | test("SHELF"))] | length == 1 and .[0].kind == "rwlock"'
done

if command -v go >/dev/null; then
	# with cgo the runtime does not look for deadlocks
	export GOCACHE=$scratch/go-cache GO111MODULE=off CGO_ENABLED=0
	go build -o "$scratch/go" $source.go 2>"$scratch/compiler" || fail "go: builds" "$scratch/compiler"
	silent go ""
	observe go all-stuck
	holds "go all-stuck: the runtime ends it, and no lock is blamed" "$report" '.exit.code == 2 and .findings == []'
	observe go stuck --for 2s
	holds "go stuck: what cannot be read is not claimed" "$report" '[.findings[].code] - ["exit.killed"] == []'
else
	skip "runtimes: go" "no go"
fi
exit $((failures > 0))
