/* SPDX-License-Identifier: BSD-2-Clause
 * Where the cursor is, by the rules of options.c; see complete.h. */
#include "cli/complete.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"

/* ---- offering ------------------------------------------------------------------------------------------------ */

static bool is_harmless(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-_.,:=/+@%", *text))
			return false;
	return true;
}

static void append_first_sentence(struct buffer *out, const char *help)
{
	const char *end = strstr(help, ". ");
	size_t length = end ? (size_t)(end - help) : strlen(help);

	if (length && help[length - 1] == '.')
		length--;
	for (size_t i = 0; i < length; i++)
		buffer_char(out, (char)((unsigned char)help[i] < ' ' ? ' ' : help[i]));
}

void offer(const struct offers *offers, const char *text, const char *suffix, const char *help)
{
	const char *typed = offers->word + offers->prefix;

	if (!*text || strncmp(text, typed, strlen(typed)) || !is_harmless(text))
		return;
	buffer_format(offers->out, "%.*s%s%s\t", (int)offers->prefix, offers->word, text, suffix ? suffix : "");
	append_first_sentence(offers->out, help ? help : "");
	buffer_char(offers->out, '\n');
}

void offer_action(const struct offers *offers, const char *action)
{
	buffer_format(offers->out, ":%s %.*s\n", action, (int)offers->prefix, offers->word);
}

/* ---- options ------------------------------------------------------------------------------------------------- */

static bool is_end(const struct option *option)
{
	return !option->name && !option->letter;
}

static bool takes_value(const struct option *option)
{
	return option->type != OPTION_FLAG && option->type != OPTION_COUNT;
}

static void offer_option_value(const struct offers *offers, const struct option *option)
{
	if (option->preset && !option->choices)
		offer(offers, option->preset, NULL, "the default");
	if (option->special)
		offer(offers, option->special, NULL, NULL);
	offer_values(offers, option->choices ? option->choices : option->value ? option->value : "");
}

static void offer_options(const struct offers *offers, const struct option *option)
{
	for (; !is_end(option); option++) {
		char name[64];

		if (!option->help)
			continue;
		if (option->name)
			snprintf(name, sizeof(name), "--%s", option->name);
		else
			snprintf(name, sizeof(name), "-%c", option->letter);
		offer(offers, name, NULL, option->help);
	}
}

static const struct option *find_long(const struct option *option, const char *name, size_t length)
{
	for (; !is_end(option); option++)
		if (option->name && strlen(option->name) == length && !strncmp(option->name, name, length))
			return option;
	return NULL;
}

static const struct option *find_letter(const struct option *option, char letter)
{
	for (; !is_end(option); option++)
		if (option->letter == letter)
			return option;
	return NULL;
}

/*
 * The option in `word` (which begins with a dash) that takes a value. *at: where in the word the value begins, or 0 if
 * it is the next word. NULL: there is none.
 */
static const struct option *option_with_value(const struct option *table, const char *word, size_t *at)
{
	const struct option *option;
	const char *equals = strchr(word, '=');

	*at = 0;
	if (word[1] == '-') {
		option = find_long(table, word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2));
		*at = equals ? (size_t)(equals - word) + 1 : 0;
		return option && takes_value(option) ? option : NULL;
	}
	for (size_t i = 1; word[i]; i++) {
		option = find_letter(table, word[i]);
		if (!option)
			return NULL;
		*at = word[i + 1] ? i + 1 : 0;
		if (takes_value(option))
			return option;
	}
	return NULL;
}

/* ---- arguments ----------------------------------------------------------------------------------------------- */

/* Word `index` of a list of placeholders; beyond its end, the last if that repeats ("PID…"). */
static bool find_placeholder(const char *list, unsigned index, char *space, size_t size)
{
	static const char ellipsis[] = "…";

	while (list && *list) {
		size_t length = strcspn(list, " ");
		bool repeats = length >= strlen(ellipsis) &&
			       !strncmp(list + length - strlen(ellipsis), ellipsis, strlen(ellipsis));

		if (!index || (repeats && !list[length])) {
			snprintf(space, size, "%.*s", (int)length, list);
			return true;
		}
		index--;
		list += length + strspn(list + length, " ");
	}
	return false;
}

struct cursor {
	const struct option *awaits; /* its value is the word being typed */
	bool ended;		     /* no more options */
	unsigned arguments;	     /* before it */
	int first_argument;	     /* index into words */
};

static void read_words(struct cursor *cursor, const struct command *command, int count, char **words)
{
	for (int i = 0; i < count; i++) {
		size_t at;

		if (cursor->awaits) {
			cursor->awaits = NULL;
		} else if (cursor->ended || words[i][0] != '-' || !words[i][1]) {
			if (!cursor->arguments++)
				cursor->first_argument = i;
			cursor->ended = cursor->ended || command->ends_at_argument;
		} else if (!strcmp(words[i], "--")) {
			cursor->ended = true;
		} else {
			cursor->awaits = option_with_value(command->options, words[i], &at);
			if (cursor->awaits && at)
				cursor->awaits = NULL;
		}
	}
}

static void offer_argument(struct offers *offers, const struct command *command, const struct cursor *cursor, int here)
{
	char placeholder[64];

	if (command->ends_at_argument) /* the shell counts from the word `lifeline` */
		buffer_format(offers->out, ":command %d\n",
			      2 + (cursor->arguments ? cursor->first_argument : here));
	else if (find_placeholder(command->takes, cursor->arguments, placeholder, sizeof(placeholder)))
		offer_values(offers, placeholder);
}

/* words: behind the command's name. */
static void complete_command(struct offers *offers, const struct command *command, int count, char **words)
{
	struct cursor cursor = {0};
	const struct option *option;

	read_words(&cursor, command, count - 1, words);
	if (cursor.awaits) {
		offer_option_value(offers, cursor.awaits);
		return;
	}
	if (cursor.ended || offers->word[0] != '-') {
		offer_argument(offers, command, &cursor, count - 1);
		return;
	}
	option = option_with_value(command->options, offers->word, &offers->prefix);
	if (option && offers->prefix) {
		offer_option_value(offers, option);
	} else {
		offers->prefix = 0;
		offer_options(offers, command->options);
		offer(offers, "--help", NULL, "Show what this takes.");
	}
}

/* ---- before the command -------------------------------------------------------------------------------------- */

static void complete_first(const struct offers *offers)
{
	if (offers->word[0] == '-')
		offer_options(offers, help_options);
	else
		offer_values(offers, "COMMAND");
}

static void complete_general(const struct offers *offers, const char *word)
{
	const struct option *option = !strncmp(word, "--", 2) ? find_long(help_options, word + 2, strlen(word + 2))
							      : find_long(help_options, word, strlen(word));

	if (option && (option->value || option->choices))
		offer_option_value(offers, option);
}

void complete_words(struct buffer *out, int count, char **words)
{
	struct offers offers = {.out = out, .word = count ? words[count - 1] : ""};
	const struct command *command = count > 1 ? command_find(words[0]) : NULL;

	if (count <= 1)
		complete_first(&offers);
	else if (command)
		complete_command(&offers, command, count - 1, words + 1);
	else if (count == 2)
		complete_general(&offers, words[0]);
}
