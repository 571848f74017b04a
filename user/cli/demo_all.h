/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Running many demos, one after another, for a table of what passed: the self-test of an installation.
 */
#ifndef LIFELINE_CLI_DEMO_ALL_H
#define LIFELINE_CLI_DEMO_ALL_H

#include "cli/demos.h"

#define DEMO_SKIPPED 77 /* what a runner returns for a demo that this machine cannot show; 0: passed; else failed */

/* Runs one, in a process of its own whose output is kept: what it prints is shown only if it fails. */
typedef int (*demo_runner)(const struct demo *demo, void *context);

/*
 * Those whose name or kind is among `wanted` (all, if there are none). One at a time, as demos are about time and about
 * who gets a processor. The exit status: 0 all passed or were skipped, 1 some failed, 125 a name that is none or
 * nothing could be run at all, 130 interrupted.
 */
int demo_run_all(const struct demos *demos, char *const *wanted, int wanted_count, demo_runner run, void *context);

#endif
