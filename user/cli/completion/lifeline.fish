# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of lifeline for fish. What can stand where is known to lifeline alone, which is asked; here is only what fish
# needs.

function __lifeline_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in ($words[1] --complete $words[2..-1] "$word" 2>/dev/null)
        set -l about (string match -r '^:(\w+) (.*)$' -- $line)
        switch "$about[2]"
            case files
                set -l typed (string sub -s (math 1 + (string length -- "$about[3]")) -- "$word")
                string replace -r '^' -- (string escape --style=regex -- "$about[3]" | string replace -a '\\' '') (__fish_complete_path "$typed")
            case users
                string replace -r '^' -- "$about[3]" (__fish_complete_users)
            case command
                # Counted from 0, `lifeline` being word 0; fish counts from 1.
                set -l from (math 1 + $about[3])
                if test (count $words) -lt $from
                    __fish_complete_command
                else
                    complete -C (string join -- ' ' (string escape -- $words[$from..-1]) "$word")
                end
            case '*'
                echo $line
        end
    end
end

complete -c lifeline -e
complete -c lifeline -f -a '(__lifeline_complete)'
