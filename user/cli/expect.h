/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a demo is expected to show, from the `.expect` file beside it (the format stands in docs/extending.md), and
 * whether an observation of it did.
 */
#ifndef LIFELINE_CLI_EXPECT_H
#define LIFELINE_CLI_EXPECT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/roles.h"
#include "engine/engine.h"

struct directive { /* one line */
	unsigned line;
	char *name;   /* owned: "expect" */
	char *text;   /* owned: what stands behind the name, as written */
	char **words; /* owned array, NULL-terminated, into `split` */
	char *split;  /* owned */
};

struct expect; /* the lines of one file */

/* -EINVAL with file and line in words if a line is not understood. */
int expect_load(const char *path, struct expect **expect, struct error *error);
void expect_free(struct expect *expect);

/* The next line of this name behind `after` (NULL: the first), or NULL. */
const struct directive *expect_next(const struct expect *expect, const char *name, const struct directive *after);
const char *expect_about(const struct expect *expect); /* one line; "" if there is none */

/*
 * Compares. Each difference is a line in `differences`: where it stands in the file, what was expected, what was found.
 * Returns how many there are.
 */
unsigned expect_compare(const struct expect *expect, const struct engine *engine, const struct roles *roles,
			struct buffer *differences);

/* The facts that the expectation asks for, as they were found: a line for each role, for the eye. Empty if none. */
void expect_tell_facts(const struct expect *expect, const struct engine *engine, const struct roles *roles,
		       struct buffer *out);

#endif
