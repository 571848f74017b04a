#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What observing costs on this machine: `make bench`, as root. Figures are paired in one run and told as medians; they are
# for reading, no test depends on them. ROUNDS=N (default 15) sets how many pairs.
set -eu

build=${BUILD:?}
lifeline=$build/lifeline
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM

if [ "$(id -u)" != 0 ]; then
	echo "make bench needs root: it observes the whole machine" >&2
	exit 1
fi
lifeline=$(cd "$(dirname "$lifeline")" && pwd)/lifeline
bench=$scratch/bench
here=$(dirname "$0")
bpftool=$(command -v bpftool || echo /usr/sbin/bpftool)
"${CLANG:-clang}" -g -O2 -target bpf -I"vmlinux/$(uname -m)" -c "$here/empty.bpf.c" -o "$scratch/empty.bpf.o"
"$bpftool" gen skeleton "$scratch/empty.bpf.o" name empty_bpf >"$scratch/empty.skel.h"
# shellcheck disable=SC2046 # the flags are words
${CC:-cc} -O2 -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -I"$scratch" -o "$bench" "$here/bench.c" -pthread $(pkg-config --cflags --libs libbpf)

echo "machine: $(uname -srm), $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
"$bench" "$lifeline" "${ROUNDS:-15}"

# shellcheck disable=SC2046
${CC:-cc} -O2 -g -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -Iuser -o "$scratch/symbol" "$here/symbol.c" "$build/libsymbol.a" \
	"$build/libbase.a" -liberty $(pkg-config --libs libdw libelf liblzma zlib)
echo
"$scratch/symbol" 100000

# Seconds that a command takes, by the clock.
seconds() {
	start=$(date +%s.%N)
	"$@"
	end=$(date +%s.%N)
	echo "$start $end" | awk '{printf "%.2f", $2 - $1}'
}

storm=${STORM:-100000}
echo
echo "a storm of $storm fork+exit within one run:"
"$lifeline" run --format json -o "$scratch/storm.json" --record "$scratch/storm.lifeline" -- "$bench" --loop fork "$storm" >"$scratch/plain"
awk -v want="$storm" '
	/^      "exited_ns": [0-9]/ { exits++ } # of a process; those of threads stand deeper
	/^      "reaped_ns": [0-9]/ { reaps++ }
	/"total": [0-9]/     { gsub(/[^0-9]/, ""); lost = $0 }
	/"events": [0-9]/    { gsub(/[^0-9]/, ""); events = $0 }
	END { printf "  exits %d, reaps %d of %d; %d events, %d lost\n", exits, reaps, want + 1, events, lost }
' "$scratch/storm.json"
size=$(wc -c <"$scratch/storm.lifeline")
taken=$(seconds "$lifeline" report -o /dev/null "$scratch/storm.lifeline")
echo "  its trace: $size bytes; report takes $taken s                      goal for 1,000,000 events: <= 2 s"

million=${MILLION:-1000000}
python3 "$here/lives.py" "$million" "$scratch/million"
echo
echo "exports of a trace of $million events of short lives, reading, model and analyzers included:"
for format in jsonl csv perfetto html; do
	taken=$(seconds "$lifeline" export "$format" "$scratch/million" -o "$scratch/out")
	echo "  $format: $taken s, $(wc -c <"$scratch/out") bytes                 goal for jsonl: <= 3 s"
done

python3 "$here/lives.py" 100000 "$scratch/lives"
python3 "$here/../export/switches.py" 100000 >"$scratch/switches.ev"
python3 "$here/page.py" "$lifeline" "$scratch" "$scratch/lives" "$scratch/switches.ev"
# ---- watching a busy machine for a while. SOAK=SECONDS (60), FORKS and SWITCHES a second.
soak=${SOAK:-60}
forks=${FORKS:-1000}
switches=${SWITCHES:-50000}
${CC:-cc} -O2 -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -o "$scratch/load" "$here/load.c" -pthread

# "NS KIB": processor time used so far, and memory
usage() {
	echo "$(cut -d' ' -f1 "/proc/$1/task/$1/schedstat") $(awk '/^VmRSS:/ { print $2 }' "/proc/$1/status")"
}

# watch OPTION…: what attach --all with these costs under that load
watch() {
	"$lifeline" attach --all --format json -o "$scratch/soak.json" "$@" 2>/dev/null &
	pid=$!
	sleep 2
	before=$(usage "$pid")
	"$scratch/load" "$forks" "$switches" "$(awk "BEGIN { print $soak / 4 }")" >"$scratch/load1"
	between=$(usage "$pid")
	"$scratch/load" "$forks" "$switches" "$(awk "BEGIN { print $soak * 3 / 4 }")" >"$scratch/load2"
	after=$(usage "$pid")
	kill -INT "$pid"
	wait "$pid" || true
	lost=$(awk '/"total": [0-9]/ { gsub(/[^0-9]/, ""); print; exit }' "$scratch/soak.json")
	cat "$scratch/load1" "$scratch/load2" | awk -v before="$before" -v between="$between" -v after="$after" \
		-v seconds="$soak" -v lost="$lost" -v options="$*" '
		{ made += $1; switched += $2 }
		END {
			split(before, b); split(between, m); split(after, a)
			printf "  attach --all %s\n    %d processes, %d switches in %d s: %.2f %% of one processor", options, made,
				switched, seconds, (a[1] - b[1]) / 1e7 / seconds
			printf "; memory %d KiB at first, %d after a quarter, %d at the end; %d lost\n", b[2], m[2], a[2], lost
		}'
}

echo
echo "watching $forks forks/s and $switches switches/s (goal: <= 1 % of one processor, no growth after the first quarter):"
watch --locks off
watch
watch --follow --interval 1s
