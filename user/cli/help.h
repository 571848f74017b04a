/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Help, usage and man pages, all from the command tables.
 */
#ifndef LIFELINE_CLI_HELP_H
#define LIFELINE_CLI_HELP_H

#include "base/buffer.h"
#include "cli/command.h"

/* Help is as wide as the terminal at standard output, at most 100 columns. */
void help_general(struct buffer *out);
void help_command(struct buffer *out, const struct command *command);
/* roff, man(7) macros. command NULL: lifeline(1) itself. */
void help_man(struct buffer *out, const struct command *command);

extern const struct option help_options[]; /* those before a command: --help, --version, … */

const struct command *command_find(const char *name); /* NULL: there is none */

#endif
