# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Completion of lifeline for bash. What can stand where is known to lifeline alone, which is asked; here is only what bash
# needs. Works without the package bash-completion, and with its `sudo lifeline …`.

# Bash takes words apart at : and =, lifeline does not. Puts what stands together in the line up to the cursor together
# again, into the array `words`; `starts` has the index in COMP_WORDS at which each begins.
__lifeline_words()
{
	local rest=${COMP_LINE:0:COMP_POINT} piece blanks i

	words=() starts=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blanks=${rest%%[![:space:]]*}
		rest=${rest#"$blanks"}
		piece=${COMP_WORDS[i]}
		[[ $rest = "$piece"* ]] || piece=$rest # the cursor is within it
		rest=${rest:${#piece}}
		if ((i == 0)) || [[ -n $blanks ]]; then
			words+=("$piece")
			starts+=("$i")
		else
			words[-1]+=$piece
		fi
	done
}

# File names ($1: -f) or users (-u) behind the prefix $2 of the word $3.
__lifeline_generate()
{
	local name typed=${3:${#2}}

	[[ $1 != -f ]] || compopt -o filenames 2>/dev/null
	typed=${typed/#"~/"/"$HOME/"}
	while IFS= read -r name; do
		COMPREPLY+=("$2$name")
	done < <(compgen "$1" -- "$typed")
}

# $1: the index in COMP_WORDS from which on another command stands.
__lifeline_delegate()
{
	local from=$1

	if ((COMP_CWORD <= from)); then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -c -A file -- "${COMP_WORDS[from]-}" | sort -u)
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$from"
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	fi
}

_lifeline()
{
	local words=() starts=() answer line word before kept more=y

	COMPREPLY=()
	__lifeline_words
	word=${words[-1]}
	mapfile -t answer < <("${words[0]/#"~/"/"$HOME/"}" --complete "${words[@]:1}" 2>/dev/null)
	for line in "${answer[@]}"; do
		before=${line#* }
		case $line in
		:files\ *) __lifeline_generate -f "$before" "$word" ;;
		:users\ *) __lifeline_generate -u "$before" "$word" ;;
		:command\ *) __lifeline_delegate "${starts[before]}"; return ;;
		*)
			line=${line%%$'\t'*}
			COMPREPLY+=("$line")
			[[ $line = *[:=,] ]] || more=
			;;
		esac
	done
	# What bash has taken off the word already must not come again.
	kept=${word%"${word##*[:=]}"}
	[[ $COMP_WORDBREAKS = *:* ]] || kept=${word%"${word##*=}"}
	[[ -z $kept ]] || COMPREPLY=("${COMPREPLY[@]#"$kept"}")
	[[ -n $more ]] && ((${#COMPREPLY[@]})) && [[ ${answer[0]} != :* ]] && compopt -o nospace 2>/dev/null
	return 0
}

complete -F _lifeline lifeline
