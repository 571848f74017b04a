/* SPDX-License-Identifier: BSD-2-Clause
 * The option parser; see options.h. */
#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/closest.h"

/* ---- values -------------------------------------------------------------------------------------------------- */

static const char *option_title(const struct option *option, char *space, size_t size)
{
	size_t length = option->name ? strlen(option->name) : 0;

	if (length + 3 > size || !length) {
		space[0] = '-';
		space[1] = option->letter;
		space[2] = '\0';
		return space;
	}
	memcpy(space, "--", 2);
	memcpy(space + 2, option->name, length + 1);
	return space;
}

static bool out_of_range(const struct option *option, uint64_t value)
{
	return option->high && (value < (uint64_t)option->low || value > (uint64_t)option->high);
}

static int set_choice(const struct option *option, int *field, const char *text)
{
	const char *at = option->choices;

	for (int index = 0; at; index++) {
		const char *end = strchr(at, '|');
		size_t length = end ? (size_t)(end - at) : strlen(at);

		if (strlen(text) == length && !strncmp(text, at, length)) {
			*field = index;
			return 0;
		}
		at = end ? end + 1 : NULL;
	}
	return -EINVAL;
}

static int set_duration(const struct option *option, uint64_t *field, const char *text)
{
	int err;

	if (option->special && !strcmp(text, option->special)) {
		*field = UINT64_MAX;
		return 0;
	}
	err = text_parse_duration(text, field);
	return !err && out_of_range(option, *field) ? -ERANGE : err;
}

static int set_size(const struct option *option, uint64_t *field, const char *text)
{
	int err = text_parse_size(text, field);

	return !err && out_of_range(option, *field) ? -ERANGE : err;
}

static int add_item(struct option_list *list, const char *text)
{
	const char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	items[list->count++] = text;
	list->items = items;
	return 0;
}

static int set_field(const struct option *option, void *field, const char *text)
{
	switch (option->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_COUNT:
		++*(int *)field;
		return 0;
	case OPTION_TEXT:
		*(const char **)field = text;
		return *text ? 0 : -EINVAL;
	case OPTION_CHOICE:
		return set_choice(option, field, text);
	case OPTION_DURATION:
		return set_duration(option, field, text);
	case OPTION_SIZE:
		return set_size(option, field, text);
	case OPTION_NUMBER:
		return text_parse_number(text, option->low, option->high, field);
	case OPTION_LIST:
		return *text ? add_item(field, text) : -EINVAL;
	}
	return -EINVAL;
}

/* What a value of this option has to look like, for the end of a sentence. */
static void describe_value(const struct option *option, bool with_range, struct buffer *out)
{
	switch (option->type) {
	case OPTION_DURATION:
		buffer_text_append(out, "give a duration such as 500ms, 2s or 1m");
		if (option->special)
			buffer_format(out, ", or %s", option->special);
		break;
	case OPTION_SIZE:
		buffer_text_append(out, "give a size such as 64K or 16M");
		break;
	case OPTION_CHOICE:
		buffer_text_append(out, "give one of ");
		buffer_text_append(out, option->choices);
		break;
	case OPTION_NUMBER:
		buffer_text_append(out, "give a whole number");
		break;
	default:
		buffer_format(out, "give a %s", option->value ? option->value : "value");
	}
	if (!option->high || !with_range)
		return;
	if (option->type == OPTION_NUMBER) {
		buffer_format(out, " from %lld to %lld", (long long)option->low, (long long)option->high);
	} else if (option->type == OPTION_DURATION) {
		buffer_text_append(out, ", not less than ");
		text_duration(out, (uint64_t)option->low);
		buffer_text_append(out, " and not more than ");
		text_duration(out, (uint64_t)option->high);
	} else {
		buffer_format(out, ", from %lldK to %lldM", (long long)option->low >> 10,
			      (long long)option->high >> 20);
	}
}

static int refuse_value(const struct option *option, const char *text, int code, struct error *error)
{
	struct buffer hint = {0};
	char space[64];

	if (code == -ENOMEM)
		return error_errno(error, code, "cannot keep the options");
	describe_value(option, code == -ERANGE || option->type == OPTION_NUMBER, &hint);
	error_set(error, -EINVAL, "option %s cannot be '%s', which is %s", option_title(option, space, sizeof(space)),
		  text,
		  code == -ERANGE ? "out of range"
		  : *text         ? "not understood"
				  : "empty");
	error_hint(error, "%s", buffer_text(&hint));
	buffer_free(&hint);
	return -EINVAL;
}

static int set_option(const struct option *option, void *options, const char *text, struct error *error)
{
	int err = set_field(option, (char *)options + option->offset, text);

	return err < 0 ? refuse_value(option, text, err, error) : 0;
}

static int apply_presets(const struct option *table, void *options, struct error *error)
{
	for (; table->name || table->letter; table++) {
		int err = table->preset ? set_option(table, options, table->preset, error) : 0;

		if (err < 0)
			return err;
	}
	return 0;
}

/* ---- the command line ---------------------------------------------------------------------------------------- */

struct parser {
	const struct command *command;
	struct parsed *parsed;
	struct error *error;
	int argc, next; /* the next word to read */
	char **argv;
};

static bool takes_value(const struct option *option)
{
	return option->type != OPTION_FLAG && option->type != OPTION_COUNT;
}

static void offer_names(const struct option *option, struct closest *closest)
{
	for (; option->name || option->letter; option++)
		if (option->name && option->help)
			closest_offer(closest, option->name, strlen(option->name));
}

/* Names of the contract that a later version brings: told apart from slips of the pen. */
static bool is_planned(const char *name)
{
	static const char *const planned[] = {"debug"};

	for (size_t i = 0; i < sizeof(planned) / sizeof(planned[0]); i++)
		if (!strcmp(name, planned[i]))
			return true;
	return false;
}

static int refuse_option(struct parser *parser, const char *dashes, const char *name)
{
	const struct command *command = parser->command;
	struct closest closest;

	if (is_planned(name)) {
		error_set(parser->error, -EINVAL, "option %s%s is not in this version of lifeline", dashes, name);
		error_hint(parser->error, "`lifeline %s --help` lists what is", command->name);
		return -EINVAL;
	}
	error_set(parser->error, -EINVAL, "there is no option %s%s for %s", dashes, name, command->name);
	closest_begin(&closest, name);
	if (dashes[1])
		offer_names(command->options, &closest);
	if (closest_found(&closest))
		error_hint(parser->error, "did you mean --%s?", closest_found(&closest));
	else
		error_hint(parser->error, "`lifeline %s --help` lists all", command->name);
	return -EINVAL;
}

static const struct option *find_long(const struct option *table, const char *name, size_t length)
{
	for (; table->name || table->letter; table++)
		if (table->name && strlen(table->name) == length && !strncmp(table->name, name, length))
			return table;
	return NULL;
}

static const struct option *find_letter(const struct option *table, char letter)
{
	for (; table->name || table->letter; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

/* Takes the value from `attached` if there is one, else the next word. */
static int read_value(struct parser *parser, const struct option *option, const char *attached)
{
	char space[64];

	if (!attached && parser->next < parser->argc)
		attached = parser->argv[parser->next++];
	if (attached)
		return set_option(option, parser->parsed->options, attached, parser->error);
	error_set(parser->error, -EINVAL, "option %s lacks its %s", option_title(option, space, sizeof(space)),
		  option->value ? option->value : "value");
	error_hint(parser->error, "`lifeline %s --help` shows what it takes", parser->command->name);
	return -EINVAL;
}

static int read_long(struct parser *parser, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	const struct option *option = find_long(parser->command->options, word, length);

	if (!equals && !strcmp(word, "help")) {
		parser->parsed->help = true;
		return 0;
	}
	if (!option) {
		char name[64];

		if (length >= sizeof(name))
			length = sizeof(name) - 1;
		memcpy(name, word, length);
		name[length] = '\0';
		return refuse_option(parser, "--", name);
	}
	if (takes_value(option))
		return read_value(parser, option, equals ? equals + 1 : NULL);
	if (equals)
		return error_set(parser->error, -EINVAL, "option --%s takes no value, but was given '%s'", option->name,
				 equals + 1);
	return set_option(option, parser->parsed->options, "", parser->error);
}

static int read_letters(struct parser *parser, const char *letters)
{
	for (; *letters; letters++) {
		const struct option *option = find_letter(parser->command->options, *letters);
		char name[2] = {*letters, '\0'};
		int err;

		if (!option && *letters == 'h') {
			parser->parsed->help = true;
			continue;
		}
		if (!option)
			return refuse_option(parser, "-", name);
		if (takes_value(option))
			return read_value(parser, option, letters[1] ? letters + 1 : NULL);
		err = set_option(option, parser->parsed->options, "", parser->error);
		if (err < 0)
			return err;
	}
	return 0;
}

static void add_argument(struct parsed *parsed, char *word)
{
	parsed->arguments[parsed->argument_count++] = word;
}

static int read_words(struct parser *parser)
{
	struct parsed *parsed = parser->parsed;
	bool ended = false;

	while (parser->next < parser->argc && !parsed->help) {
		char *word = parser->argv[parser->next++];
		int err = 0;

		if (ended || word[0] != '-' || !word[1]) {
			add_argument(parsed, word);
			ended = ended || parser->command->ends_at_argument;
		} else if (word[1] != '-') {
			err = read_letters(parser, word + 1);
		} else if (word[2]) {
			err = read_long(parser, word + 2);
		} else {
			ended = true;
		}
		if (err < 0)
			return err;
	}
	return 0;
}

int options_parse(const struct command *command, int argc, char **argv, struct parsed *parsed, struct error *error)
{
	struct parser parser = {
	    .command = command, .parsed = parsed, .error = error, .argc = argc, .argv = argv, .next = 1};
	int err;

	*parsed = (struct parsed){.options = calloc(1, command->options_size ? command->options_size : 1),
				  .arguments = calloc((size_t)argc + 1, sizeof(*argv))};
	if (!parsed->options || !parsed->arguments)
		return error_errno(error, -ENOMEM, "cannot keep the options");
	err = apply_presets(command->options, parsed->options, error);
	return err < 0 ? err : read_words(&parser);
}

void options_free(const struct command *command, struct parsed *parsed)
{
	const struct option *option = command->options;

	for (; parsed->options && (option->name || option->letter); option++)
		if (option->type == OPTION_LIST)
			free(((struct option_list *)((char *)parsed->options + option->offset))->items);
	free(parsed->options);
	free(parsed->arguments);
	*parsed = (struct parsed){0};
}

static size_t field_size(enum option_type type)
{
	static const size_t sizes[] = {
	    [OPTION_FLAG] = sizeof(bool),         [OPTION_COUNT] = sizeof(int),
	    [OPTION_TEXT] = sizeof(const char *), [OPTION_CHOICE] = sizeof(int),
	    [OPTION_DURATION] = sizeof(uint64_t), [OPTION_SIZE] = sizeof(uint64_t),
	    [OPTION_NUMBER] = sizeof(int64_t),    [OPTION_LIST] = 0,
	};

	return sizes[type];
}

/* With no words there is nothing that could fail but memory, which leaves the user's own options as they are. */
void options_fill(const struct command *command, void *options, const void *extra)
{
	const struct option *option = command->options;
	char *presets = calloc(1, command->options_size);

	if (presets && apply_presets(option, presets, NULL) == 0) {
		for (; option->name || option->letter; option++) {
			char *field = (char *)options + option->offset;

			if (!memcmp(field, presets + option->offset, field_size(option->type)))
				memcpy(field, (const char *)extra + option->offset, field_size(option->type));
		}
	}
	free(presets);
}
