/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The contract of a command: one file user/cli/cmd_NAME.c that ends in `const struct command command_NAME`. Help, usage
 * errors, the man page's synopsis and completion are printed from these tables.
 */
#ifndef LIFELINE_CLI_COMMAND_H
#define LIFELINE_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_FLAG,     /* bool: set to true */
	OPTION_COUNT,    /* int: one more each time */
	OPTION_TEXT,     /* const char * */
	OPTION_CHOICE,   /* int: index into choices ("text|json") */
	OPTION_DURATION, /* uint64_t ns; `forever` allowed if special says so */
	OPTION_SIZE,     /* uint64_t bytes */
	OPTION_NUMBER,   /* int64_t within [low, high] */
	OPTION_LIST,     /* struct option_list: repeatable, and comma-free: each use adds one text */
};

struct option_list {
	const char **items; /* owned */
	unsigned count;
};

struct option {
	const char *name; /* long name without dashes, or NULL */
	char letter;      /* or 0 */
	enum option_type type;
	size_t offset;       /* into the command's options struct */
	const char *value;   /* placeholder in help: "FILE" */
	const char *help;    /* one sentence, without the default; NULL: not shown, for tests */
	const char *preset;  /* default as text, parsed at start and shown in help; NULL: zero, none shown */
	const char *choices; /* OPTION_CHOICE: "text|json" */
	const char *special; /* OPTION_DURATION: a word that means UINT64_MAX ("forever"), or NULL */
	int64_t low, high;   /* OPTION_NUMBER; also ns and bytes of a duration and a size, if high is not 0 */
};

struct command {
	const char *name;
	const char *summary;          /* one line for `lifeline --help` */
	const char *synopsis;         /* "[options] -- CMD [ARG…]" */
	const char *description;      /* paragraphs for --help and the man page */
	const char *takes; /* its arguments, for completion: "FORMAT TRACE"; the last may repeat ("PID…"); NULL: none */
	const struct option *options; /* ends with name NULL and letter 0 */
	bool ends_at_argument; /* the first word that is no option ends the options: what follows belongs to CMD */
	size_t options_size;   /* of the options struct: allocated zeroed, presets applied */
	const char *examples;  /* lines */
	/* options: parsed; arguments: what was left, NULL-terminated. Returns the exit status. */
	int (*run)(void *options, int argument_count, char **arguments);
};

extern const struct command *const commands[]; /* generated; NULL at the end */

#endif
