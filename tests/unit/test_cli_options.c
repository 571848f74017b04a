/* SPDX-License-Identifier: BSD-2-Clause
 * The option parser: every type, every way to write an option, and what it says of each kind of mistake. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/closest.h"
#include "cli/help.h"
#include "cli/options.h"

struct sample {
	bool quiet;
	int verbose, format;
	const char *output;
	uint64_t after_ns, linger_ns, buffer;
	int64_t count;
	struct option_list pids;
};

static const struct option options[] = {
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .offset = offsetof(struct sample, quiet), .help = "."},
    {.letter = 'v', .type = OPTION_COUNT, .offset = offsetof(struct sample, verbose), .help = "."},
    {.name = "output",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = offsetof(struct sample, output),
     .value = "FILE",
     .help = "."},
    {.name = "format",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct sample, format),
     .choices = "text|json",
     .preset = "json",
     .help = "."},
    {.name = "after",
     .type = OPTION_DURATION,
     .offset = offsetof(struct sample, after_ns),
     .value = "DURATION",
     .low = 1000000,
     .high = 60000000000,
     .preset = "1s",
     .help = "."},
    {.name = "linger",
     .type = OPTION_DURATION,
     .offset = offsetof(struct sample, linger_ns),
     .special = "forever",
     .help = "."},
    {.name = "buffer",
     .type = OPTION_SIZE,
     .offset = offsetof(struct sample, buffer),
     .low = 65536,
     .high = 1 << 30,
     .help = "."},
    {.name = "count",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct sample, count),
     .low = -5,
     .high = 5,
     .help = "."},
    {.letter = 'p', .type = OPTION_LIST, .offset = offsetof(struct sample, pids), .value = "PID", .help = "."},
    {0},
};

static struct command command = {.name = "sample", .options = options, .options_size = sizeof(struct sample)};
static struct parsed parsed;
static struct error error;

#define PARSE(...) parse((char *[]){(char[]){"sample"}, ##__VA_ARGS__, NULL})
#define W(text) ((char[]){text})

static int parse(char **words)
{
	int count = 0;

	while (words[count])
		count++;
	options_free(&command, &parsed);
	error = (struct error){0};
	return options_parse(&command, count, words, &parsed, &error);
}

static const struct sample *sample(void)
{
	return parsed.options;
}

static int tear_down(void **state)
{
	(void)state;
	options_free(&command, &parsed);
	command.ends_at_argument = false;
	return 0;
}

static void test_presets_apply(void **state)
{
	(void)state;
	assert_int_equal(PARSE(), 0);
	assert_int_equal(sample()->format, 1);
	assert_int_equal(sample()->after_ns, 1000000000);
	assert_null(sample()->output);
	assert_int_equal(parsed.argument_count, 0);
	assert_null(parsed.arguments[0]);
}

static void test_all_spellings(void **state)
{
	(void)state;
	assert_int_equal(PARSE(W("--output"), W("a"), W("--after=20ms"), W("-qvv"), W("--format"), W("text")), 0);
	assert_string_equal(sample()->output, "a");
	assert_int_equal(sample()->after_ns, 20000000);
	assert_true(sample()->quiet);
	assert_int_equal(sample()->verbose, 2);
	assert_int_equal(sample()->format, 0);
	assert_int_equal(PARSE(W("-ofile"), W("-qo"), W("last")), 0);
	assert_string_equal(sample()->output, "last");
	assert_int_equal(PARSE(W("-o"), W("-")), 0);
	assert_string_equal(sample()->output, "-");
}

static void test_numbers_sizes_lists(void **state)
{
	(void)state;
	assert_int_equal(
	    PARSE(W("--count=-5"), W("--buffer"), W("64K"), W("-p1"), W("-p"), W("2,3"), W("--linger=forever")), 0);
	assert_int_equal(sample()->count, -5);
	assert_int_equal(sample()->buffer, 65536);
	assert_int_equal(sample()->pids.count, 2);
	assert_string_equal(sample()->pids.items[1], "2,3");
	assert_true(sample()->linger_ns == UINT64_MAX);
}

static void test_arguments_and_dashes(void **state)
{
	(void)state;
	assert_int_equal(PARSE(W("a"), W("-q"), W("-"), W("--"), W("-v"), W("--")), 0);
	assert_true(sample()->quiet);
	assert_int_equal(sample()->verbose, 0);
	assert_int_equal(parsed.argument_count, 4);
	assert_string_equal(parsed.arguments[1], "-");
	assert_string_equal(parsed.arguments[2], "-v");
	assert_string_equal(parsed.arguments[3], "--");
}

static void test_command_ends_options(void **state)
{
	(void)state;
	command.ends_at_argument = true;
	assert_int_equal(PARSE(W("-q"), W("ls"), W("-v"), W("--nonsense"), W("--help")), 0);
	assert_true(sample()->quiet);
	assert_false(parsed.help);
	assert_int_equal(parsed.argument_count, 4);
	assert_int_equal(sample()->verbose, 0);
}

static void test_help_wins(void **state)
{
	(void)state;
	assert_int_equal(PARSE(W("--help"), W("--nonsense")), 0);
	assert_true(parsed.help);
	assert_int_equal(PARSE(W("-qh")), 0);
	assert_true(parsed.help);
}

static void test_mistakes_are_told(void **state)
{
	static const struct {
		char word[24], value[24];
		const char *says, *hints;
	} mistakes[] = {
	    {"--formt", "json", "no option --formt", "--format"},
	    {"--nonsense", "x", "no option --nonsense", "--help"},
	    {"-x", "1", "no option -x", "--help"},
	    {"--format", "xml", "--format cannot be 'xml'", "text|json"},
	    {"--after", "5", "--after cannot be '5'", "500ms"},
	    {"--after", "1ns", "out of range", "not less than"},
	    {"--after", "2m", "out of range", "not more than"},
	    {"--after", "", "empty", "500ms"},
	    {"--linger", "never", "not understood", "forever"},
	    {"--count", "6", "out of range", "-5 to 5"},
	    {"--count", "1x", "not understood", "-5 to 5"},
	    {"--buffer", "1K", "out of range", "64K to 1024M"},
	    {"--buffer", "lots", "not understood", "64K"},
	    {"--quiet=yes", "x", "--quiet takes no value", ""},
	    {"-o", "", "-output cannot be ''", "FILE"},
	    {"--debug", "all", "--debug is not in this version", "--help"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		char word[24], value[24];

		memcpy(word, mistakes[i].word, sizeof(word));
		memcpy(value, mistakes[i].value, sizeof(value));
		assert_int_equal(PARSE(word, value), -EINVAL);
		if (!strstr(error.text, mistakes[i].says) || !strstr(error.hint, mistakes[i].hints))
			fail_msg("'%s %s' says: %s; %s", word, value, error.text, error.hint);
	}
}

static void test_missing_value(void **state)
{
	(void)state;
	assert_int_equal(PARSE(W("-q"), W("--output")), -EINVAL);
	assert_non_null(strstr(error.text, "--output lacks its FILE"));
	assert_int_equal(PARSE(W("-p")), -EINVAL);
	assert_non_null(strstr(error.text, "-p lacks its PID"));
}

static void test_endless_name_is_cut(void **state)
{
	static char word[9000] = "--";

	(void)state;
	memset(word + 2, 'a', sizeof(word) - 3);
	assert_int_equal(PARSE(word), -EINVAL);
	assert_true(strlen(error.text) < 200);
}

static void test_fill_leaves_what_was_asked(void **state)
{
	struct sample extra = {.quiet = true, .format = 0, .after_ns = 7, .output = "extra"};

	(void)state;
	assert_int_equal(PARSE(W("--after=2s")), 0);
	options_fill(&command, parsed.options, &extra);
	assert_true(sample()->quiet);
	assert_int_equal(sample()->format, 0);
	assert_int_equal(sample()->after_ns, 2000000000);
	assert_string_equal(sample()->output, "extra");
}

/* Tables are data: one wrong row would only show when somebody asks for that help. */
static void test_every_command_table(void **state)
{
	(void)state;
	assert_non_null(commands[0]);
	for (unsigned i = 0; commands[i]; i++) {
		char *words[] = {W("x"), NULL};
		struct parsed own;
		struct buffer help = {0};

		assert_int_equal(options_parse(commands[i], 1, words, &own, &error), 0);
		options_free(commands[i], &own);
		help_command(&help, commands[i]);
		help_man(&help, commands[i]);
		assert_false(help.failed);
		for (const char *line = buffer_text(&help); *line && strncmp(line, ".TH", 3);
		     line += strcspn(line, "\n") + 1)
			if (strcspn(line, "\n") > 100 + 8) /* bytes; … and — take three */
				fail_msg("%s: wide line: %.*s", commands[i]->name, (int)strcspn(line, "\n"), line);
		for (const struct option *option = commands[i]->options; option->name || option->letter; option++)
			for (const struct option *other = option + 1; other->name || other->letter; other++) {
				assert_false(option->letter && option->letter == other->letter);
				assert_false(option->name && other->name && !strcmp(option->name, other->name));
			}
		buffer_free(&help);
	}
}

static const char *closest_of(const char *word, const char *const *candidates)
{
	static struct closest closest;

	closest_begin(&closest, word);
	for (; *candidates; candidates++)
		closest_offer(&closest, *candidates, strlen(*candidates));
	return closest_found(&closest);
}

static void test_closest_word(void **state)
{
	static const char *const words[] = {"run", "report", "attach", "explain", "demo", NULL};
	static char endless[5000];

	(void)state;
	memset(endless, 'r', sizeof(endless) - 1);
	assert_string_equal(closest_of("reprot", words), "report");
	assert_string_equal(closest_of("rnu", words), "run");
	assert_string_equal(closest_of("atach", words), "attach");
	assert_null(closest_of("xyzzy", words));
	assert_null(closest_of("", words));
	assert_null(closest_of(endless, words));
	assert_null(command_find("rep"));
	assert_non_null(command_find("report"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_presets_apply, tear_down),
	    cmocka_unit_test_teardown(test_all_spellings, tear_down),
	    cmocka_unit_test_teardown(test_numbers_sizes_lists, tear_down),
	    cmocka_unit_test_teardown(test_arguments_and_dashes, tear_down),
	    cmocka_unit_test_teardown(test_command_ends_options, tear_down),
	    cmocka_unit_test_teardown(test_help_wins, tear_down),
	    cmocka_unit_test_teardown(test_mistakes_are_told, tear_down),
	    cmocka_unit_test_teardown(test_missing_value, tear_down),
	    cmocka_unit_test_teardown(test_endless_name_is_cut, tear_down),
	    cmocka_unit_test_teardown(test_fill_leaves_what_was_asked, tear_down),
	    cmocka_unit_test_teardown(test_every_command_table, tear_down),
	    cmocka_unit_test_teardown(test_closest_word, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
