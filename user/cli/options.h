/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads a command line by a command's option table (command.h). Knows all types and ranges; prints nothing and never
 * exits: what is wrong is put into words for whoever prints.
 */
#ifndef LIFELINE_CLI_OPTIONS_H
#define LIFELINE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/command.h"

struct parsed {
	void *options;    /* the command's options struct; owned */
	char **arguments; /* what was left, NULL-terminated; the array is owned, the texts are argv's */
	int argument_count;
	bool help; /* --help or -h was among the options: nothing else counts then */
};

/*
 * argv[0] is the command's name. Takes --name VALUE, --name=VALUE, -o VALUE, -oVALUE, joined flags (-qv), and -- as the
 * end of options. Options may stand behind arguments unless the command's first argument ends them
 * (`ends_at_argument`). 0, -EINVAL with the error in words, or -ENOMEM. options_free releases in any case.
 */
int options_parse(const struct command *command, int argc, char **argv, struct parsed *parsed, struct error *error);
void options_free(const struct command *command, struct parsed *parsed);

/*
 * Gives `options` the value that `extra` has, for each option that stands at its default: what the user asked for wins.
 * Lists are not touched.
 */
void options_fill(const struct command *command, void *options, const void *extra);

#endif
