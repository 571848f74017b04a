/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Finds the command, reads its options, runs it. The exit status is the command's; 125 if lifeline itself could not do
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "cli/closest.h"
#include "cli/command.h"
#include "cli/complete.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/output.h"
#include "sink/common/schema.h"

/* A file opened later must not become the standard error of CMD just because that was closed. */
static void occupy_standard_streams(void)
{
	int descriptor;

	do
		descriptor = open("/dev/null", O_RDWR);
	while (descriptor >= 0 && descriptor <= 2);
	if (descriptor > 2)
		close(descriptor);
}

static int print_general_help(const char *argument)
{
	struct buffer text = {0};

	(void)argument;
	help_general(&text);
	return output_print(&text);
}

static int print_version(const char *argument)
{
	struct buffer text = {0};

	(void)argument;
	buffer_text_append(&text, "lifeline " LIFELINE_VERSION "\n");
	return output_print(&text);
}

static int print_schema(const char *argument)
{
	const char *schema = schema_text(argument);
	struct buffer text = {0};
	struct error error;

	if (!schema) {
		error_set(&error, -EINVAL, "there is no schema '%s'", argument);
		error_hint(&error, "there is one for each of " SCHEMA_NAMES "; without a name, the first");
		return complain(&error);
	}
	buffer_text_append(&text, schema);
	return output_print(&text);
}

static int refuse_command(const char *name)
{
	static const char *const planned[] = {"top", NULL};
	struct closest closest;
	struct error error = {0};

	error_set(&error, -EINVAL, "there is no command '%s'", name);
	error_hint(&error, "`lifeline --help` lists all");
	closest_begin(&closest, name);
	for (unsigned i = 0; commands[i]; i++)
		closest_offer(&closest, commands[i]->name, strlen(commands[i]->name));
	if (closest_found(&closest))
		error_hint(&error, "did you mean `lifeline %s`?", closest_found(&closest));
	for (unsigned i = 0; planned[i]; i++) {
		if (strcmp(planned[i], name))
			continue;
		error_set(&error, -EINVAL, "the command '%s' is not in this version of lifeline", name);
		error_hint(&error, "`lifeline --help` lists what is");
	}
	return complain(&error);
}

static int print_man(const char *name)
{
	const struct command *command = name ? command_find(name) : NULL;
	struct buffer text = {0};

	if (name && !command)
		return refuse_command(name);
	help_man(&text, command);
	return output_print(&text);
}

static int print_help(const char *name)
{
	const struct command *command = name ? command_find(name) : NULL;
	struct buffer text = {0};

	if (!name)
		return print_general_help(NULL);
	if (!command)
		return refuse_command(name);
	help_command(&text, command);
	return output_print(&text);
}

static int print_completion(const char *shell)
{
	const char *script = shell ? completion_script(shell) : NULL;
	struct buffer text = {0};
	struct error error;

	if (!script) {
		error_set(&error, -EINVAL, "there is no completion for '%s'", shell ? shell : "");
		error_hint(&error, "there is one for each of " COMPLETION_SHELLS);
		return complain(&error);
	}
	buffer_text_append(&text, script);
	return output_print(&text);
}

/* Asked by those scripts; words: what stands behind `lifeline --complete`. */
static int print_candidates(int count, char **words)
{
	struct buffer text = {0};

	complete_words(&text, count, words);
	return output_print(&text);
}

static const struct {
	const char *word;
	int (*print)(const char *argument); /* the next word, or NULL */
} general[] = {
    {"--help", print_general_help}, {"-h", print_general_help},      {"help", print_help}, {"--version", print_version},
    {"-V", print_version},          {"--json-schema", print_schema}, {"--man", print_man},
    {"--completion", print_completion},
};

static int refuse_general_option(const char *word)
{
	struct error error;

	error_set(&error, -EINVAL, "there is no option %s before the command", word);
	error_hint(&error, "write `lifeline COMMAND %s`, or see `lifeline --help`", word);
	return complain(&error);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct parsed parsed;
	struct error error = {0};
	int status;

	if (options_parse(command, argc, argv, &parsed, &error) < 0)
		status = complain(&error);
	else if (parsed.help)
		status = print_help(command->name);
	else
		status = command->run(parsed.options, parsed.argument_count, parsed.arguments);
	options_free(command, &parsed);
	return status;
}

static int print_usage(void)
{
	struct error error;

	error_set(&error, -EINVAL, "no command was given");
	error_hint(&error, "write `lifeline run -- CMD`, or see `lifeline --help`");
	return complain(&error);
}

int main(int argc, char **argv)
{
	const struct command *command;

	occupy_standard_streams();
	setlocale(LC_CTYPE, "");
	if (argc < 2)
		return print_usage();
	if (!strcmp(argv[1], "--complete"))
		return print_candidates(argc - 2, argv + 2);
	for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++)
		if (!strcmp(argv[1], general[i].word))
			return general[i].print(argv[2]);
	command = command_find(argv[1]);
	if (command)
		return run_command(command, argc - 1, argv + 1);
	return argv[1][0] == '-' ? refuse_general_option(argv[1]) : refuse_command(argv[1]);
}
