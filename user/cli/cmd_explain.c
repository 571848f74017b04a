/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline explain CODE`: what a verdict means, how to confirm it, how to fix it. From the analyzers' verdict tables.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "cli/output.h"
#include "cli/command.h"
#include "cli/verdicts.h"
#include "cli/wrap.h"

struct explain_options {
	int color; /* enum color_mode */
};

static const struct option options[] = {
    {.name = "color",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct explain_options, color),
     .choices = "auto|always|never",
     .preset = "auto",
     .help = "Colours; auto: on a terminal, unless NO_COLOR is set."},
    {0},
};

struct page {
	struct buffer text;
	bool color;
	int columns;
};

static const char *severity_color(enum severity severity)
{
	static const char *const colors[] = {
	    [SEVERITY_NOTE] = "\x1b[1;36m", [SEVERITY_WARNING] = "\x1b[1;33m", [SEVERITY_ERROR] = "\x1b[1;31m"};

	return colors[severity];
}

static void append_head(struct page *page, const struct verdict *verdict)
{
	const char *name = severity_name(verdict->severity);

	if (page->color)
		buffer_format(&page->text, "%s%s[%s]\x1b[0m:", severity_color(verdict->severity), name, verdict->code);
	else
		buffer_format(&page->text, "%s[%s]:", name, verdict->code);
	wrap_text(&page->text, verdict->title, 2, page->columns, (int)(strlen(name) + strlen(verdict->code)) + 3);
}

static void append_section(struct page *page, const char *title, const char *body)
{
	if (!body)
		return;
	buffer_format(&page->text, page->color ? "\n\x1b[1m%s\x1b[0m\n" : "\n%s\n", title);
	wrap_text(&page->text, body, 2, page->columns, 0);
}

static void append_verdict(struct page *page, const struct verdict *verdict)
{
	append_head(page, verdict);
	append_section(page, "What it means", verdict->meaning);
	append_section(page, "How to confirm it", verdict->confirm);
	append_section(page, "How to fix it", verdict->fix);
}

static void append_kind(struct page *page, const struct verdict *verdict)
{
	int length = (int)strcspn(verdict->code, ".");

	buffer_format(&page->text, "%s%s%.*s%s\n", page->text.length ? "\n" : "", page->color ? "\x1b[1m" : "", length,
		      verdict->code, page->color ? "\x1b[0m" : "");
}

static bool same_kind(const struct verdict *a, const struct verdict *b)
{
	size_t length = strcspn(a->code, ".");

	return length == strcspn(b->code, ".") && !strncmp(a->code, b->code, length);
}

/* Those that `pattern` covers, a line each, under their kinds. */
static void append_list(struct page *page, const char *pattern)
{
	const struct verdict *last = NULL;
	const struct verdict *verdict;

	for (size_t i = 0; (verdict = verdict_at(i)); i++) {
		if (!verdict_matches(verdict, pattern))
			continue;
		if (!last || !same_kind(last, verdict))
			append_kind(page, verdict);
		last = verdict;
		buffer_format(&page->text, "  %-24s %-8s ", verdict->code, severity_name(verdict->severity));
		wrap_text(&page->text, verdict->title, 36, page->columns, 36);
	}
	buffer_text_append(&page->text,
			   "\n`lifeline explain CODE` tells what one means, how to confirm it, how to fix it.\n");
}

static const struct verdict *find_code(const char *code)
{
	const struct verdict *verdict;

	for (size_t i = 0; (verdict = verdict_at(i)); i++)
		if (!strcmp(verdict->code, code))
			return verdict;
	return NULL;
}

static int write_page(const char *word, enum color_mode color, struct error *error)
{
	const struct verdict *verdict = word ? find_code(word) : NULL;
	struct output output;
	struct page page = {0};
	int err = output_open(&output, NULL, "the text", stdout, color, error);

	if (err < 0)
		return err;
	page.color = output.color;
	page.columns = output_prose_columns(output.descriptor);
	if (verdict)
		append_verdict(&page, verdict);
	else
		append_list(&page, word ? word : "any");
	fputs(buffer_text(&page.text), output.file);
	err = page.text.failed ? error_errno(error, -ENOMEM, "cannot put the explanation together") : 0;
	buffer_free(&page.text);
	return output_close(&output, false, err ? NULL : error) < 0 ? -EIO : err;
}

static int run(void *data, int argument_count, char **arguments)
{
	const struct explain_options *explain = data;
	struct error error = {0};

	if (argument_count > 1) {
		error_set(&error, -EINVAL, "explain takes one code, %d were given", argument_count);
		error_hint(&error, "`lifeline explain` lists all");
		return complain(&error);
	}
	if (argument_count && verdict_check(arguments[0], &error) < 0)
		return complain(&error);
	return write_page(arguments[0], (enum color_mode)explain->color, &error) < 0 ? complain(&error) : 0;
}

const struct command command_explain = {
    .name = "explain",
    .summary = "what a verdict means, how to confirm it, how to fix it",
    .synopsis = "[CODE]",
    .description =
	"Tells what the verdict CODE (such as zombie.never-waited) means, how to see it with other tools, and what to "
	"change. A kind (zombie) lists its codes; without CODE all are listed.",
    .takes = "CODE",
    .options = options,
    .options_size = sizeof(struct explain_options),
    .examples = "lifeline explain zombie.never-waited\nlifeline explain orphan",
    .run = run,
};
