# SPDX-License-Identifier: BSD-2-Clause
#
# awk -f scripts/events-to-man.awk bpf/abi/event.def: the events of a trace as a section of a man page (man(7) macros), from
# the list that all of lifeline is made from: of each event its name, number and group, what the comment above it says,
# and its fields.

function roff(text)
{
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/~/, "\\(ti", text)
	gsub(/\^/, "\\(ha", text)
	gsub(/`/, "\\(ga", text)
	return text
}

function squeeze(text)
{
	gsub(/[ \t\n]+/, " ", text)
	sub(/^ /, "", text)
	sub(/ $/, "", text)
	return text
}

# "U64(a) STR(b, 16) PAD" as "a (u64), b (str, 16)".
function fields_of(body,    list, field, type, inside)
{
	while (match(body, /[A-Z][A-Z0-9]+\([a-z0-9_]+(, *[0-9]+)?\)|COUNTER_FIELDS/)) {
		field = substr(body, RSTART, RLENGTH)
		body = substr(body, RSTART + RLENGTH)
		if (field == "COUNTER_FIELDS") {
			list = list (list == "" ? "" : ", ") "\\fIcounters\\fR"
			continue
		}
		type = tolower(substr(field, 1, index(field, "(") - 1))
		inside = substr(field, index(field, "(") + 1)
		sub(/\)$/, "", inside)
		split(inside, part, /, */)
		list = list (list == "" ? "" : ", ") "\\fB" part[1] "\\fR (" type (part[2] == "" ? "" : ", " part[2]) ")"
	}
	return list
}

function put(text)
{
	if (text ~ /^[.']/)
		text = "\\&" text
	print text
}

function flush_event(    head)
{
	if (event == "")
		return
	match(event, /EVENT\([0-9]+, [a-z0-9_]+, [A-Z]+/)
	split(substr(event, RSTART + 6, RLENGTH - 6), head, /, /)
	printf ".TP\n\\fB%s\\fR (%s, %s)\n", head[2], head[1], tolower(head[3])
	if (remark != "")
		put(roff(remark) (remark ~ /[.:]$/ ? "" : "."))
	put("Fields: " fields_of(substr(event, RSTART + RLENGTH)) ".")
	event = remark = ""
}

BEGIN {
	print ".SH EVENTS"
	print "What is told of every event stands in its record's head: the actor (\\fBpid\\fR, \\fBtid\\fR, \\fBstart_ns\\fR,"
	print "\\fBcomm\\fR) and the time. Behind the name: its number, and its group, by which losses are counted."
}

{ sub(/[ \t]*\\$/, "") }
/^#define COUNTER_FIELDS/ { in_counters = 1; next }
in_counters && /^$/ { in_counters = 0 }
in_counters { counters = counters " " $0; next }
/^#define EVENTS/ {
	print ".PP"
	put("Those of an event with \\fIcounters\\fR: " fields_of(counters) ".")
	in_events = 1
	next
}
!in_events { next }

/\/\*/ { flush_event(); comment = ""; in_comment = 1 }
in_comment {
	line = $0
	ends = line ~ /\*\//
	sub(/.*\/\*/, "", line)
	sub(/\*\/.*/, "", line)
	sub(/^[ \t]*\*/, "", line)
	comment = comment " " line
	if (ends) {
		in_comment = 0
		gsub(/----*/, "", comment)
		remark = squeeze(comment)
	}
	next
}
/EVENT\(/ { flush_event() }
/^$/ { flush_event(); in_events = 0; next }
{ event = event " " $0 }
END { flush_event() }
