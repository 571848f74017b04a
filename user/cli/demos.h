/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The demos that are installed or were built beside this program: KIND/NAME is a program with its `.expect` file.
 */
#ifndef LIFELINE_CLI_DEMOS_H
#define LIFELINE_CLI_DEMOS_H

#include "base/error.h"
#include "cli/expect.h"

struct demo {
	char *name;    /* "zombie/never-waits"; owned */
	char *program; /* its path; owned */
	struct expect *expect;
};

struct demos {
	struct demo *items; /* by name */
	unsigned count;
};

int demos_load(struct demos *demos, struct error *error);
void demos_free(struct demos *demos);
/* By name, or the default of a kind. NULL with a sentence and the closest name. */
const struct demo *demos_find(const struct demos *demos, const char *name, struct error *error);
/*
 * What the demo needs and is not there (its `needs` line): 1 with the reason in words, 0 if all is there, or a negative
 * errno if the line is not understood.
 */
int demo_lacks(const struct demo *demo, struct error *error);

#endif
