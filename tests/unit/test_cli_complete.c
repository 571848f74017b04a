/* SPDX-License-Identifier: BSD-2-Clause
 * Completion: where the cursor is, that each option's placeholder is known, and that nothing is offered that a shell
 * would act on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "sink/common/schema.h"

static char answer[1 << 16];

#define COMPLETE(...) complete((char *[]){__VA_ARGS__, NULL})
#define W(text) ((char[]){text})

/* The candidates without their remarks, joined by blanks. */
static const char *complete(char **words)
{
	struct buffer text = {0};
	size_t used = 0;
	int count = 0;

	while (words[count])
		count++;
	complete_words(&text, count, words);
	assert_false(text.failed);
	for (const char *line = buffer_text(&text); *line; line += strcspn(line, "\n") + 1)
		used += (size_t)snprintf(answer + used, sizeof(answer) - used, "%s%.*s", used ? " " : "",
					 (int)strcspn(line, *line == ':' ? "\n" : "\t"), line);
	answer[used] = '\0';
	buffer_free(&text);
	return answer;
}

static void knows_each_placeholder(void **state)
{
	struct buffer text = {0};
	struct offers offers = {.out = &text, .word = "no such thing"};

	(void)state;
	for (unsigned i = 0; commands[i]; i++) {
		char takes[256];

		for (const struct option *option = commands[i]->options; option->name || option->letter; option++)
			if (option->help && (option->choices || option->value) &&
			    !offer_values(&offers, option->choices ? option->choices : option->value))
				fail_msg("%s: nobody can complete %s", commands[i]->name, option->value);
		snprintf(takes, sizeof(takes), "%s", commands[i]->takes ? commands[i]->takes : "");
		for (char *word = strtok(takes, " "); word; word = strtok(NULL, " "))
			if (!offer_values(&offers, word))
				fail_msg("%s: nobody can complete %s", commands[i]->name, word);
	}
	buffer_free(&text);
}

static void each_choice_is_there(void **state)
{
	char names[] = SCHEMA_NAMES "|" COMPLETION_SHELLS;
	unsigned found = 0;

	(void)state;
	for (char *word = strtok(names, "|"); word; word = strtok(NULL, "|"))
		found += schema_text(word) || completion_script(word);
	assert_int_equal(found, 5);
	assert_null(completion_script("csh"));
}

static void finds_the_cursor(void **state)
{
	(void)state;
	assert_string_equal(COMPLETE(W("doc")), "doctor");
	assert_string_equal(COMPLETE(W("--vers")), "--version");
	assert_string_equal(COMPLETE(W("--json-schema"), W("e")), "events");
	assert_string_equal(COMPLETE(W("help"), W("doc")), "doctor");
	assert_string_equal(COMPLETE(W("nothing"), W("")), "");
	assert_string_equal(COMPLETE(W("run"), W("--forma")), "--format");
	assert_string_equal(COMPLETE(W("run"), W("--format"), W("")), "text json");
	assert_string_equal(COMPLETE(W("run"), W("--format=j")), "--format=json");
	assert_string_equal(COMPLETE(W("run"), W("--format=json"), W("--linge")), "--linger");
	assert_string_equal(COMPLETE(W("run"), W("--linger"), W("f")), "forever");
	assert_string_equal(COMPLETE(W("run"), W("-o"), W("")), ":files ");
	assert_string_equal(COMPLETE(W("run"), W("-qo"), W("x")), ":files ");
	assert_string_equal(COMPLETE(W("run"), W("-qox")), ":files -qo");
	assert_string_equal(COMPLETE(W("run"), W("--export=jsonl:a:b")), ":files --export=jsonl:");
	assert_string_equal(COMPLETE(W("run"), W("-u"), W("x")), ":users ");
	assert_string_equal(COMPLETE(W("export"), W("js")), "jsonl");
	assert_string_equal(COMPLETE(W("export"), W("jsonl"), W("")), ":files ");
	assert_string_equal(COMPLETE(W("export"), W("jsonl"), W("a"), W("")), "");
	assert_string_equal(COMPLETE(W("export"), W("-o"), W("a"), W("js")), "jsonl");
	assert_string_equal(COMPLETE(W("explain"), W("trace.")), "trace.lost");
	assert_string_equal(COMPLETE(W("run"), W("--fail-on"), W("any,trace.")), "any,trace.lost");
}

static void leaves_the_command_to_the_shell(void **state)
{
	(void)state;
	assert_string_equal(COMPLETE(W("run"), W("")), ":command 2");
	assert_string_equal(COMPLETE(W("run"), W("--"), W("")), ":command 3");
	assert_string_equal(COMPLETE(W("run"), W("-q"), W("-o"), W("x"), W("ls"), W("--format=")), ":command 5");
	assert_string_equal(COMPLETE(W("run"), W("ls"), W("-l"), W("")), ":command 2");
}

static void offers_nothing_that_acts(void **state)
{
	static const char *const bad[] = {"$(reboot)", "a;b", "a b", "`a`", "a\nb", "a\tb",
					  "*",         "~x",  "!1",  "'",   "\x1b[2J", "ü"};
	struct buffer text = {0};
	struct offers offers = {.out = &text, .word = ""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		offer(&offers, bad[i], NULL, NULL);
	assert_string_equal(buffer_text(&text), "");
	offer(&offers, "kworker/0:1H", NULL, "first.  second. third");
	assert_string_equal(buffer_text(&text), "kworker/0:1H\tfirst\n");
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_each_placeholder), cmocka_unit_test(each_choice_is_there),
	    cmocka_unit_test(finds_the_cursor),	      cmocka_unit_test(leaves_the_command_to_the_shell),
	    cmocka_unit_test(offers_nothing_that_acts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
