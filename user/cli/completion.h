/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The scripts that make a shell ask `lifeline --complete` (complete.h). They know nothing of commands and options.
 */
#ifndef LIFELINE_CLI_COMPLETION_H
#define LIFELINE_CLI_COMPLETION_H

#define COMPLETION_SHELLS "bash|zsh|fish"

/* The whole script; NULL: there is none for that shell. */
const char *completion_script(const char *shell);

#endif
