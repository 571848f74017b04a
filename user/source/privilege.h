/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Why the kernel refused: which privilege or kernel feature is missing, in words. */
#ifndef LIFELINE_SOURCE_PRIVILEGE_H
#define LIFELINE_SOURCE_PRIVILEGE_H

#include <stdbool.h>

#include "base/error.h"

/* Numbers as in linux/capability.h. */
bool privilege_has(int capability);
/* Sets the error for "lifeline could not `attempt`", finding out the likeliest cause and what to try. Returns code. */
int privilege_explain(int code, const char *attempt, struct error *error);
/* "none", "integrity", "confidentiality", or "" if it cannot be read. */
const char *privilege_lockdown(char *buffer, unsigned size);

#endif
