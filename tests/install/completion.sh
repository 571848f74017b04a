# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Completion, in bash, zsh and fish. What must be offered is asked of lifeline's other outputs, or is what was typed.

bash_offers()
{
	tests/install/complete.bash "$lifeline" "$1" | sort
}

zsh_makes()
{
	timeout 120 python3 tests/install/complete_zsh.py "$lifeline" "$1"
}

fish_offers()
{
	HOME=$work PATH=$work/path:$PATH fish --no-config -c 'lifeline --completion fish | source; complete -C $argv[1]' -- "$1" |
		cut -f1 | sort
}

# Every word that offers have in common with what help says.
commands_of_help()
{
	"$lifeline" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\)  .*/\1/p' | sort
}

options_of_help()
{
	"$lifeline" "$1" --help | sed -n '/^Options:/,/^$/s/^ \{2,6\}\(-[a-zA-Z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' | sort
}

demos_of_folder()
{
	(cd "$BUILD/demos" && echo "$1"/*.expect | tr ' ' '\n' | sed 's/\.expect$//' | sort)
}

codes_of_explain()
{
	"$lifeline" explain --color never | grep -oE '\b'"$1"'\.[a-z-]+' | sort -u
}

check_offers() # $1: bash or fish; $2: function
{
	local words

	mkdir -p "$work/files"
	: >"$work/files/seen.trace"
	: >"$work/files/with blank"
	same "$1: commands" "$(commands_of_help)" "$($2 'lifeline ')"
	for words in run attach report zombies demo locks export; do
		same "$1: options of $words" "$(options_of_help $words)" "$($2 "lifeline $words --")"
	done
	same "$1: demos of a kind" "$(demos_of_folder zombie)" "$($2 'lifeline demo zombie/')"
	same "$1: codes of a kind, behind a comma" "$(codes_of_explain deadlock | sed 's/^/zombie,/')" \
		"$($2 'lifeline run --fail-on zombie,deadlock.')"
	same "$1: a file" "$work/files/seen.trace" "$($2 "lifeline report $work/files/se")"
	same "$1: the command that is run" /bin/sh "$($2 'lifeline run -q --format json -- /bin/sh' | grep -x /bin/sh)"
	same "$1: nothing else behind it" "$work/files/seen.trace" "$($2 "lifeline run -- ls $work/files/se")"
}

check_offers bash bash_offers
same "bash: choices behind =" "$(printf 'json\ntext')" "$(bash_offers 'lifeline run --format=')"
same "bash: formats want more" "$(printf 'csv:\nhtml:\njsonl:\nnospace\nperfetto:' | grep -Fx "$(
	"$lifeline" --complete export '' | cut -f1 | sed 's/$/:/'; echo nospace)")" "$(bash_offers 'lifeline run --export ')"
same "bash: a file behind a format" "$work/files/seen.trace" "$(bash_offers "lifeline run --export jsonl:$work/files/se")"
same "bash: a file behind --export=FORMAT:" "$work/files/seen.trace" \
	"$(bash_offers "lifeline run --export=jsonl:$work/files/se")"
same "bash: a file behind -o" "-o$work/files/seen.trace" "$(bash_offers "lifeline run -o$work/files/se")"
same "bash: a name with a blank is one" "$work/files/with blank" "$(bash_offers "lifeline report $work/files/wi")"
same "bash: a pid" $$ "$(bash_offers "lifeline locks $$" | grep -x $$)"
same "bash: a pid in a list" "1,$$" "$(bash_offers "lifeline attach -p 1,$$" | grep -x "1,$$")"
same "bash: users" root "$(bash_offers 'lifeline run -u roo')"
same "bash: the limit of --linger" forever "$(bash_offers 'lifeline run --linger f')"

# A process whose name a shell would execute.
cp "$(command -v sleep)" "$work/\$(x)"
"$work/\$(x)" 60 &
hostile=$!
for ((i = 0; i < 500; i++)); do
	! grep -qF '(x)' "/proc/$hostile/comm" 2>/dev/null || break
	sleep 0.02
done
same "bash: a process has such a name" "\$(x)" "$(cat "/proc/$hostile/comm")"
same "bash: no word that does something" 0 "$(bash_offers 'lifeline attach --comm ' | grep -cF '(x)')"
kill "$hostile"

if have zsh && have python3; then
	same "zsh: a command" '[lifeline doctor ]' "$(zsh_makes 'lifeline doc')"
	same "zsh: a choice behind =" '[lifeline run --format=json ]' "$(zsh_makes 'lifeline run --format=j')"
	same "zsh: a format, which wants more" '[lifeline run --export jsonl:]' "$(zsh_makes 'lifeline run --export js')"
	same "zsh: a file behind a format" "[lifeline run --export jsonl:$work/files/seen.trace]" \
		"$(zsh_makes "lifeline run --export jsonl:$work/files/se" | sed 's/ ]$/]/')"
	same "zsh: a demo" '[lifeline demo zombie/never-waits ]' "$(zsh_makes 'lifeline demo zombie/never-wa')"
	same "zsh: a code behind a comma" '[lifeline run --fail-on zombie,deadlock.cycle ]' \
		"$(zsh_makes 'lifeline run --fail-on zombie,deadlock.cy')"
	same "zsh: behind the command that is run" "[lifeline run -q ls $work/files/seen.trace ]" \
		"$(zsh_makes "lifeline run -q ls $work/files/se")"
else
	skip "zsh: completion" "zsh or python3 is not installed"
fi
if have fish; then
	mkdir -p "$work/path" && ln -sf "$lifeline" "$work/path/lifeline"
	check_offers fish fish_offers
	same "fish: a file behind a format" "jsonl:$work/files/seen.trace" "$(fish_offers "lifeline run --export jsonl:$work/files/se")"
else
	skip "fish: completion" "fish is not installed"
fi
