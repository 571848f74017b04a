#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Names and arguments with control bytes, invalid UTF-8, and 4 KiB of length: nothing of that reaches a terminal, and the
# JSON is JSON.
. tests/live/lib.bash
report=$scratch/report.json

"$LIFELINE" run --record "$scratch/trace" --format json -o "$report" -- "$programs/hostile" 2>"$scratch/err"
is "hostile: CMD's status comes through" 5 $? "$scratch/err"
is "hostile: valid UTF-8" yes "$(iconv -f UTF-8 -t UTF-8 "$report" >/dev/null 2>&1 && echo yes)"
is "hostile: no control byte in the JSON" 0 "$(LC_ALL=C tr -d '\n' <"$report" | LC_ALL=C grep -c '[[:cntrl:]]')"
holds "hostile: the JSON parses, and the name is in it" "$report" 'any(.processes[]; .comm | startswith("\u001b]0;x"))'
holds "hostile: all children told" "$report" '[.processes[].exit | .signal // .code] | sort_by(tostring) == [5, "SIGABRT", "SIGKILL"]'
"$LIFELINE" report --color never "$scratch/trace" >"$scratch/text" 2>"$scratch/err"
is "hostile: the text report is written" 0 $? "$scratch/err"
is "hostile: valid UTF-8 in text" yes "$(iconv -f UTF-8 -t UTF-8 "$scratch/text" >/dev/null 2>&1 && echo yes)"
is "hostile: no control byte but newlines in text" 0 \
	"$(LC_ALL=C tr -d '\n' <"$scratch/text" | LC_ALL=C grep -c '[[:cntrl:]]')" "$scratch/text"
# the eight-bit controls, U+0080 to U+009F, are C2 80 to C2 9F
is "hostile: no eight-bit control in text" 0 "$(LC_ALL=C grep -c $'\xc2[\x80-\x9f]' "$scratch/text")" "$scratch/text"
[ "$failures" = 0 ]
