#compdef lifeline
# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of lifeline for zsh. What can stand where is known to lifeline alone, which is asked; here is only what zsh needs.

_lifeline()
{
	local -a answer whole shown partial partial_shown
	local line text help prefix found=1

	answer=("${(@f)$("${words[1]/#\~\//$HOME/}" --complete "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
	for line in $answer; do
		case $line in
		:files\ * | :users\ *)
			prefix=${line#* }
			PREFIX=${PREFIX#"$prefix"}
			IPREFIX=$IPREFIX$prefix
			if [[ $line = :files* ]]; then _files && found=0; else _users && found=0; fi
			;;
		:command\ *)
			# Words are counted from 0, `lifeline` being word 0; what is left begins with the command.
			shift ${line#* } words
			((CURRENT -= ${line#* }))
			_normal && found=0
			return found
			;;
		?*)
			text=${line%%$'\t'*} help=${line#*$'\t'}
			if [[ $text = *[:=,] ]]; then
				partial+=("$text")
				partial_shown+=("$text${help:+  -- $help}")
			else
				whole+=("$text")
				shown+=("$text${help:+  -- $help}")
			fi
			;;
		esac
	done
	((${#whole})) && compadd -l -d shown -a whole && found=0
	((${#partial})) && compadd -S '' -l -d partial_shown -a partial && found=0
	return found
}

# Loaded by hand (source, eval), or as a function by compinit.
if [[ $funcstack[1] = _lifeline ]]; then
	_lifeline "$@"
else
	compdef _lifeline lifeline
fi
