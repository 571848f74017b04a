/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Telling the facts that a demo's `.expect` asks for, with the values that were found: what the explanation speaks of,
 * in the numbers of this very run. Whether they are as expected is expect_check.c's matter.
 */
#include <string.h>

#include "base/text.h"
#include "cli/expect_internal.h"
#include "cli/wrap.h"

#define NAME_WIDTH 16
#define SHOWN_OF_A_ROLE 4 /* of many processes that play the same role */
#define WIDTH 100

/* "voluntary 7"; a key that is asked for twice (a lower and an upper bound) is told once. */
static void tell_words(const struct check *check, const struct directive *directive, const struct subject *subject,
		       const struct process *process, struct buffer *out)
{
	struct condition before = {0}, condition;

	for (unsigned i = 1; directive->words[i]; i++) {
		struct buffer found = {0};

		if (condition_read(directive->words[i], &condition) &&
		    fact_holds(check, process, subject->thread, directive->words[i], &found) >= 0 &&
		    !(before.key && before.key_length == condition.key_length &&
		      !strncmp(before.key, condition.key, condition.key_length))) {
			buffer_format(out, "%s%.*s ", out->length ? ", " : "", (int)condition.key_length,
				      condition.key);
			text_escape(out, buffer_text(&found), strlen(buffer_text(&found)), 0);
			before = condition;
		}
		buffer_free(&found);
	}
}

/* All lines about the same subject are told together, at the first of them. */
static bool is_first_of_subject(const struct check *check, const struct directive *directive)
{
	const struct directive *other = NULL;

	while ((other = expect_next(check->expect, "fact", other)) && other != directive)
		if (other->words[0] && !strcmp(other->words[0], directive->words[0]))
			return false;
	return true;
}

static void tell_process(const struct check *check, const char *name, const struct subject *subject,
			 const struct process *process, struct buffer *out)
{
	const struct directive *directive = NULL;
	struct buffer values = {0};
	size_t length = strlen(name);

	while ((directive = expect_next(check->expect, "fact", directive)))
		if (directive->words[0] && !strcmp(directive->words[0], name))
			tell_words(check, directive, subject, process, &values);
	if (values.length) {
		wrap_blanks(out, 2);
		text_escape(out, name, length, 0);
		wrap_blanks(out, length < NAME_WIDTH ? (int)(NAME_WIDTH - length) : 1);
		wrap_text(out, buffer_text(&values), NAME_WIDTH + 2, WIDTH,
			  2 + (int)(length < NAME_WIDTH ? NAME_WIDTH : length + 1));
	}
	buffer_free(&values);
}

static void tell_subject(const struct check *check, const struct directive *directive, struct buffer *out)
{
	struct subject subject;
	const struct role *role;
	unsigned shown = 0;

	if (!subject_read(directive, &subject) || !is_first_of_subject(check, directive))
		return;
	for (unsigned i = 0; (role = roles_get(check->roles, i)); i++) {
		const struct process *process = subject_is(&subject, role->name) ? process_of(check, role->pid) : NULL;

		if (process && shown++ < SHOWN_OF_A_ROLE)
			tell_process(check, directive->words[0], &subject, process, out);
	}
	if (shown > SHOWN_OF_A_ROLE)
		buffer_format(out, "  and %u more of that name\n", shown - SHOWN_OF_A_ROLE);
}

void expect_tell_facts(const struct expect *expect, const struct engine *engine, const struct roles *roles,
		       struct buffer *out)
{
	const struct check check = {.expect = expect, .engine = engine, .roles = roles};
	const struct directive *directive = NULL;

	while ((directive = expect_next(expect, "fact", directive)))
		tell_subject(&check, directive, out);
}
