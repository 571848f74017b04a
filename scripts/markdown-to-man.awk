# SPDX-License-Identifier: BSD-2-Clause
#
# awk -v name=lifeline-trace -v about='…' -v version=0.1.0 -v date=2026-01-31 [-v sections='A|B'] -f scripts/markdown-to-man.awk docs/FILE.md
#
# Makes a man page of section 5 (man(7) macros) of a page of docs/, so that each thing is told in one place. Understands what
# those pages use: headings, paragraphs, lists, fenced code, tables, and within lines code, bold and links. `sections`:
# only what stands under these headings of second level, of which a colon and what follows it is left out. A table of up to three columns becomes a list of terms, a wider
# one a table. Works on bytes, so that any awk does.

function roff(text)
{
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/…/, "...", text)
	gsub(/→/, "\\(->", text)
	gsub(/−/, "\\-", text)
	gsub(/×/, "\\(mu", text)
	gsub(/µ/, "\\(mc", text)
	gsub(/┌|┐|└|┘|│|─|├|┤|▼|►/, " ", text)
	gsub(/~/, "\\(ti", text)
	gsub(/\^/, "\\(ha", text)
	gsub(/`/, "\\(ga", text)
	return text
}

# What stands between pairs of `mark` in bold, the rest through roff().
function inline(text,    parts, count, i, result, link, target)
{
	gsub(/<code>&#124;<\/code>/, "`|`", text)
	gsub(/\\\|/, "|", text)
	while (match(text, /\[[^]]*\]\([^)]*\)/)) {
		link = substr(text, RSTART, RLENGTH)
		target = link
		sub(/^\[[^]]*\]\(/, "", target)
		sub(/\)$/, "", target)
		sub(/^\[/, "", link)
		sub(/\]\(.*$/, "", link)
		text = substr(text, 1, RSTART - 1) link (target ~ /^http/ ? " (" target ")" : "") substr(text, RSTART + RLENGTH)
	}
	gsub(/<http/, "http", text)
	gsub(/>[,.]? *$/, "", text)
	gsub(/>\)/, ")", text)
	gsub(/> \(/, " (", text)
	count = split(text, parts, "`")
	for (i = 1; i <= count; i++)
		result = result (i % 2 ? bold(parts[i]) : "\\fB" roff(parts[i]) "\\fR")
	return result
}

function bold(text,    parts, count, i, result)
{
	count = split(text, parts, /\*\*/)
	for (i = 1; i <= count; i++)
		result = result (i % 2 ? roff(parts[i]) : "\\fB" roff(parts[i]) "\\fR")
	return result
}

# A line of text must not begin as a request does.
function put(text)
{
	if (text ~ /^[.']/)
		text = "\\&" text
	print text
}

function paragraph_start()
{
	if (!fresh)
		print ".PP"
	fresh = 0
}

function flush_text()
{
	if (text == "")
		return
	if (item != "") {
		print ".IP " item " 3"
		fresh = 0
	} else {
		paragraph_start()
	}
	put(inline(text))
	text = item = ""
}

function cells(line, row,    count)
{
	sub(/^\| */, "", line)
	sub(/ *\|$/, "", line)
	count = split(line, row, / *\| */)
	return count
}

function flush_table(    i, j, columns, row, title, format)
{
	if (!rows)
		return
	columns = cells(table[1], title)
	if (columns > 3) {
		paragraph_start()
		print ".TS"
		for (i = 1; i < columns; i++)
			format = format "l "
		print format "lx."
	}
	for (i = columns > 3 ? 1 : 3; i <= rows; i++) {
		if (i == 2)
			continue
		cells(table[i], row)
		if (columns > 3) {
			for (j = 1; j < columns; j++)
				printf "%s\t", i == 1 ? "\\fI" inline(row[j]) "\\fR" : inline(row[j])
			printf "T{\n%s\nT}\n", i == 1 ? "\\fI" inline(row[columns]) "\\fR" : inline(row[columns])
			continue
		}
		print ".TP"
		put(inline(row[1]))
		if (row[2] != "")
			put(inline(row[2] (columns == 2 || row[3] == "" ? "" : ".")))
		if (columns == 3 && row[3] != "")
			put(inline(upper_first(title[3]) ": " row[3] "."))
	}
	if (columns > 3)
		print ".TE"
	rows = fresh = 0
}

function upper_first(text)
{
	return toupper(substr(text, 1, 1)) substr(text, 2)
}

function flush()
{
	flush_text()
	flush_table()
}

function heading(macro, title)
{
	gsub(/`/, "", title)
	print macro " " (macro == ".SH" ? toupper(roff(title)) : roff(title))
	fresh = 1
}

BEGIN {
	print "'\\\" t"
	printf ".TH %s 5 \"%s\" \"lifeline %s\"\n.SH NAME\n%s \\- %s\n", toupper(roff(name)), date, version, roff(name), roff(about)
	wanted = sections == ""
}

/^```/ {
	flush()
	if (wanted && !code) {
		paragraph_start()
		print ".RS 2\n.nf"
	} else if (wanted) {
		print ".fi\n.RE"
	}
	code = !code
	next
}
code { if (wanted) put(roff($0)); next }

/^# / { if (wanted) heading(".SH", "Description"); next }
/^## / {
	flush()
	title = substr($0, 4)
	short = title
	sub(/:.*/, "", short)
	wanted = sections == "" || index("|" sections "|", "|" short "|")
	if (wanted)
		heading(".SH", title)
	next
}
!wanted { next }
/^### / { flush(); heading(".SS", substr($0, 5)); next }
/^\|/ { flush_text(); table[++rows] = $0; next }
/^ *$/ { flush(); next }
/^(\*|-|[0-9]+\.) / {
	flush()
	item = $1 ~ /^[0-9]/ ? $1 : "\\(bu"
	sub(/^[^ ]+ +/, "")
	text = $0
	next
}
{
	flush_table()
	sub(/^ +/, "")
	text = text == "" ? $0 : text " " $0
}
END { flush() }
