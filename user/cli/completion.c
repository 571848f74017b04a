/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The scripts are files of their own, so that shells and shellcheck can read them where they lie; the assembler copies
 * them in.
 */
#include "cli/completion.h"

#include <stddef.h>
#include <string.h>

#define INCLUDE_TEXT(symbol, path)                                                                                     \
	__asm__(".pushsection .rodata\n" #symbol ":\n"                                                                \
		".incbin \"" path "\"\n" \
		".byte 0\n" \
		".popsection\n"); \
	extern const char symbol[]

INCLUDE_TEXT(lifeline_completion_bash, "user/cli/completion/lifeline.bash");
INCLUDE_TEXT(lifeline_completion_zsh, "user/cli/completion/lifeline.zsh");
INCLUDE_TEXT(lifeline_completion_fish, "user/cli/completion/lifeline.fish");

const char *completion_script(const char *shell)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = {
	    {"bash", lifeline_completion_bash}, {"zsh", lifeline_completion_zsh}, {"fish", lifeline_completion_fish}};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (!strcmp(scripts[i].shell, shell))
			return scripts[i].script;
	return NULL;
}
