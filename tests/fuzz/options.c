/* SPDX-License-Identifier: BSD-2-Clause
 * The option parser, with the tables of the real commands: lines of the input are words, the first says which command.
 */
#include "fuzz.h"

#include "cli/options.h"

#define WORDS_MAX 64

static void fuzz_options(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest = text, *word, *words[WORDS_MAX + 1] = {NULL};
	const struct command *command;
	struct parsed parsed = {0};
	struct error error = {0};
	unsigned all = 0;
	int count = 0;

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	while (count < WORDS_MAX && (word = strsep(&rest, "\n")))
		words[count++] = word;
	while (commands[all])
		all++;
	/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there are commands */
	command = commands[(unsigned char)words[0][0] % all];
	if (options_parse(command, count, words, &parsed, &error) && !*error.text)
		abort();
	options_free(command, &parsed);
	free(text);
}

FUZZ_TARGET(options)
