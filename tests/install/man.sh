# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The man pages, as `make install` puts them, and that each file it puts is taken away again.

dest=$work/dest
make -s B="$BUILD" install DESTDIR="$dest" >"$work/log" 2>&1 || cat "$work/log"
installed=$(find "$dest" -type f | sort)
pages=$(grep '/man/' <<<"$installed")

page_names()
{
	sed 's,.*/,,' <<<"$pages" | sort
}

same "man: a page for each command and format" "$(
	"$lifeline" --complete '' | cut -f1 | sed 's/.*/lifeline-&.1/' | cat - <(printf '%s\n' lifeline.1 lifeline-trace.5 lifeline-events.5) |
		sort)" "$(page_names)"
for page in $pages; do
	name=${page##*/}
	if have mandoc; then
		same "man: $name says nothing that mandoc minds" "" "$(mandoc -Tlint -W warning "$page")"
	else
		skip "man: $name says nothing that mandoc minds" "mandoc is not installed"
	fi
	if have groff; then
		same "man: $name says nothing that groff minds" "" \
			"$(groff -t -man -Tutf8 -ww -rcR=1 -rLL=100n "$page" 2>&1 >/dev/null)"
	else
		skip "man: $name says nothing that groff minds" "groff is not installed"
	fi
done

# In the words of the page itself, so that the converters are seen to have understood what they were given.
events_of_list()
{
	grep -oE 'EVENT\([0-9]+, [a-z_]+' bpf/abi/event.def | sed 's/.*, //' | sort
}

events_of_page()
{
	sed -n '/^\.SH EVENTS/,$s/^\\fB\([a-z_]*\)\\fR ([0-9]*, [a-z]*)$/\1/p' "$dest"/usr/local/share/man/man5/lifeline-trace.5 |
		sort
}

types_of_page()
{
	grep -A 1 '^\.TP' "$1" | grep '^\\fB' | sed -e 's/\\f[BR]/ /g' -e 's/[\\,]//g' | tr -s ' ' '\n' | sort -u
}

types_of_schema()
{
	"$lifeline" --json-schema events | python3 -c '
import json, sys
forms = json.load(sys.stdin)["$defs"].values()
for form in forms:
    kind = form.get("properties", {}).get("type", {})
    if isinstance(kind, dict) and "const" in kind and kind["const"] != "header":
        print(kind["const"])' | sort -u
}

same "man: lifeline-trace(5) has each event" "$(events_of_list)" "$(events_of_page)"
if have python3; then
	same "man: lifeline-events(5) has each type" "" "$(
		comm -23 <(types_of_schema) <(types_of_page "$dest/usr/local/share/man/man5/lifeline-events.5"))"
fi

same "make install: the program runs from there" "lifeline $(sed -n 's/^VERSION *:= *//p' Makefile)" \
	"$("$dest/usr/local/bin/lifeline" --version)"
same "make install: all demos" "$(cd demos && echo ./*/*.expect)" "$(cd "$dest/usr/local/libexec/lifeline/demos" && echo ./*/*.expect)"
"$dest/usr/local/libexec/lifeline/demos/exit/fails-with-status" >/dev/null 2>&1
same "make install: a demo runs from there" "$(sed -n 's/^exit //p' demos/exit/fails-with-status.expect)" $?
same "make install: nothing for others to write" "" "$(find "$dest" -type f -perm /022)"
same "make install: three shells complete" 3 \
	"$(grep -cE '/(bash-completion/completions/lifeline|site-functions/_lifeline|vendor_completions.d/lifeline.fish)$' <<<"$installed")"
make -s B="$BUILD" uninstall DESTDIR="$dest" >"$work/log" 2>&1 || cat "$work/log"
same "make uninstall leaves no file" "" "$(find "$dest" ! -type d)"
same "make uninstall leaves no folder of its own" "" "$(find "$dest" -type d -name 'lifeline*')"
