/* SPDX-License-Identifier: BSD-2-Clause
 * Help from the tables; see help.h. */
#include "cli/help.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/output.h"
#include "cli/wrap.h"
#include "sink/common/schema.h"

#define OPTION_COLUMN 30

static const char *const about =
    "lifeline shows what processes and threads really did, as the kernel saw it: who was born, who died, who reaped "
    "whom "
    "and how late, who adopted the orphans, and what every context switch was for. It prints verdicts with evidence.";

const struct option help_options[] = {
    {.name = "help",
     .letter = 'h',
     .value = "[COMMAND]",
     .help = "Show this, or with a COMMAND what it does and takes."},
    {.name = "version", .letter = 'V', .help = "Show the version."},
    {.name = "json-schema",
     .type = OPTION_CHOICE,
     .choices = SCHEMA_NAMES,
     .help = "Print the JSON Schema of the report that --format json writes, or of the lines that `export jsonl` "
	     "does."},
    {.name = "completion",
     .type = OPTION_CHOICE,
     .choices = COMPLETION_SHELLS,
     .help = "Print what makes that shell complete commands, options and their values; in bash: "
	     "eval \"$(lifeline --completion bash)\"."},
    {0},
};

static const struct {
	const char *status, *meaning;
} statuses[] = {
    {"0", "all well, or the status of CMD under run, 128+N if signal N killed it"},
    {"99", "--fail-on matched a finding"},
    {"125", "lifeline itself could not do it: one sentence on stderr says what, why, and what to try"},
    {"126, 127", "CMD cannot be executed; CMD was not found"},
};

const struct command *command_find(const char *name)
{
	for (unsigned i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* "-o, --output FILE"; `bold` and `plain` are put around names, `italic` before the placeholder. */
static void append_option(struct buffer *out, const struct option *option, const char *bold, const char *plain,
			  const char *italic)
{
	if (option->letter)
		buffer_format(out, "%s-%c%s%s", bold, option->letter, plain, option->name ? ", " : "");
	if (option->name)
		buffer_format(out, "%s--%s%s", bold, option->name, plain);
	if (option->type == OPTION_CHOICE)
		buffer_format(out, " %s%s%s", italic, option->choices, plain);
	else if (option->value)
		buffer_format(out, " %s%s%s", italic, option->value, plain);
}

static void append_option_help(struct buffer *out, const struct option *option)
{
	buffer_text_append(out, option->help);
	if (option->preset)
		buffer_format(out, " Default: %s.", option->preset);
}

static int help_columns(void)
{
	return output_prose_columns(STDOUT_FILENO);
}

static void append_entry(struct buffer *out, const char *left, const char *right, int column)
{
	int used = 2 + (int)text_columns(left, strlen(left));

	buffer_format(out, "  %s", left);
	if (used + 2 > column) {
		buffer_char(out, '\n');
		used = 0;
	}
	wrap_blanks(out, used ? column - used : 0);
	wrap_text(out, right, column, help_columns(), used ? column : 0);
}

static void append_options(struct buffer *out, const struct option *option)
{
	for (; option->name || option->letter; option++) {
		struct buffer left = {0}, right = {0};

		if (!option->help)
			continue;
		if (!option->letter)
			wrap_blanks(&left, 4);
		append_option(&left, option, "", "", "");
		append_option_help(&right, option);
		append_entry(out, buffer_text(&left), buffer_text(&right), OPTION_COLUMN);
		out->failed = out->failed || left.failed || right.failed;
		buffer_free(&left);
		buffer_free(&right);
	}
}

static void append_statuses(struct buffer *out)
{
	buffer_text_append(out, "\nExit status:\n");
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		append_entry(out, statuses[i].status, statuses[i].meaning, 14);
}

void help_general(struct buffer *out)
{
	buffer_text_append(out, "Usage: lifeline COMMAND [options] …\n\n");
	wrap_text(out, about, 0, help_columns(), 0);
	buffer_text_append(out, "\nCommands:\n");
	for (unsigned i = 0; commands[i]; i++)
		append_entry(out, commands[i]->name, commands[i]->summary, 14);
	buffer_text_append(out, "\nOptions:\n");
	append_options(out, help_options);
	append_statuses(out);
	buffer_char(out, '\n');
	wrap_text(out, "`lifeline COMMAND --help` tells more of a command, `lifeline explain CODE` of a verdict.", 0,
		  help_columns(), 0);
}

void help_command(struct buffer *out, const struct command *command)
{
	buffer_format(out, "Usage: lifeline %s %s\n\n", command->name, command->synopsis);
	wrap_text(out, command->description, 0, help_columns(), 0);
	buffer_text_append(out, "\nOptions:\n");
	append_options(out, command->options);
	append_options(out, (const struct option[]){{.name = "help", .letter = 'h', .help = "Show this."}, {0}});
	if (command->examples) {
		buffer_text_append(out, "\nExamples:\n");
		wrap_text(out, command->examples, 2, help_columns(), 0);
	}
	append_statuses(out);
}

/* ---- man pages ----------------------------------------------------------------------------------------------- */

#define ELLIPSIS "…"

/* One character of text; how many bytes of it were used. Beyond ASCII there is only the ellipsis in our texts. */
static size_t append_roff_character(struct buffer *out, const char *text)
{
	static const struct {
		char character;
		const char *name;
	} names[] = {{'\\', "\\e"}, {'-', "\\-"}, {'`', "\\(ga"}};

	if (!strncmp(text, ELLIPSIS, strlen(ELLIPSIS))) {
		buffer_text_append(out, "...");
		return strlen(ELLIPSIS);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (*text != names[i].character)
			continue;
		buffer_text_append(out, names[i].name);
		return 1;
	}
	buffer_char(out, *text);
	return 1;
}

/* Text in roff: a dot or quote at the start of a line is no request, an empty line starts a paragraph. */
static void append_roff(struct buffer *out, const char *text)
{
	bool line_start = true;

	while (*text) {
		if (line_start && (*text == '.' || *text == '\''))
			buffer_text_append(out, "\\&");
		if (line_start && *text == '\n')
			buffer_text_append(out, ".PP");
		line_start = *text == '\n';
		text += append_roff_character(out, text);
	}
}

static void append_section(struct buffer *out, const char *name, const char *text)
{
	buffer_format(out, ".SH %s\n", name);
	append_roff(out, text);
	buffer_char(out, '\n');
}

/* Option names with font changes in them, whose backslashes must stay. */
static void append_names(struct buffer *out, const char *text)
{
	while (*text) {
		bool font = *text == '\\';

		if (font)
			buffer_char(out, *text++);
		text += append_roff_character(out, text);
	}
}

static void man_options(struct buffer *out, const struct option *option)
{
	buffer_text_append(out, ".SH OPTIONS\n");
	for (; option->name || option->letter; option++) {
		struct buffer left = {0}, right = {0};

		if (!option->help)
			continue;
		append_option(&left, option, "\\fB", "\\fR", "\\fI");
		append_option_help(&right, option);
		buffer_text_append(out, ".TP\n");
		append_names(out, buffer_text(&left));
		buffer_char(out, '\n');
		append_roff(out, buffer_text(&right));
		buffer_char(out, '\n');
		out->failed = out->failed || left.failed || right.failed;
		buffer_free(&left);
		buffer_free(&right);
	}
}

static void man_statuses(struct buffer *out)
{
	buffer_text_append(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		buffer_format(out, ".TP\n\\fB%s\\fR\n", statuses[i].status);
		append_roff(out, statuses[i].meaning);
		buffer_char(out, '\n');
	}
}

static void man_related(struct buffer *out, const struct command *except)
{
	buffer_text_append(out, ".SH SEE ALSO\n");
	buffer_text_append(out, except ? "\\fBlifeline\\fR(1)" : "");
	for (unsigned i = 0, shown = except != NULL; commands[i]; i++)
		if (commands[i] != except)
			buffer_format(out, "%s\\fBlifeline\\-%s\\fR(1)", shown++ ? ",\n" : "", commands[i]->name);
	buffer_text_append(out, ",\n\\fBlifeline\\-trace\\fR(5),\n\\fBlifeline\\-events\\fR(5)\n");
}

static void man_command(struct buffer *out, const struct command *command)
{
	buffer_text_append(out, ".TH LIFELINE\\-");
	for (const char *at = command->name; *at; at++)
		buffer_char(out, (char)toupper((unsigned char)*at));
	buffer_format(out,
		      " 1 \"" LIFELINE_DATE "\" \"lifeline " LIFELINE_VERSION "\"\n.SH NAME\nlifeline\\-%s \\- ",
		      command->name);
	append_roff(out, command->summary);
	buffer_format(out, "\n.SH SYNOPSIS\n\\fBlifeline %s\\fR ", command->name);
	append_roff(out, command->synopsis);
	buffer_char(out, '\n');
	append_section(out, "DESCRIPTION", command->description);
	man_options(out, command->options);
	if (command->examples) {
		buffer_text_append(out, ".SH EXAMPLES\n.nf\n");
		append_roff(out, command->examples);
		buffer_text_append(out, "\n.fi\n");
	}
	man_statuses(out);
	man_related(out, command);
}

static void man_general(struct buffer *out)
{
	buffer_text_append(
	    out,
	    ".TH LIFELINE 1 \"" LIFELINE_DATE "\" \"lifeline " LIFELINE_VERSION "\"\n"
	    ".SH NAME\nlifeline \\- show what processes and threads really did\n"
	    ".SH SYNOPSIS\n\\fBlifeline\\fR COMMAND [options] ...\n");
	append_section(out, "DESCRIPTION", about);
	buffer_text_append(out, ".SH COMMANDS\n");
	for (unsigned i = 0; commands[i]; i++) {
		buffer_format(out, ".TP\n\\fB%s\\fR\n", commands[i]->name);
		append_roff(out, commands[i]->summary);
		buffer_char(out, '\n');
	}
	man_options(out, help_options);
	man_statuses(out);
	man_related(out, NULL);
}

void help_man(struct buffer *out, const struct command *command)
{
	if (command)
		man_command(out, command);
	else
		man_general(out);
}
