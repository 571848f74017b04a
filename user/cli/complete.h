/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What may stand at the cursor of a command line that is being typed: for the shells' completion, which ask with
 * `lifeline --complete WORD…` (the words behind `lifeline`, the last one being typed). All is read from the tables of
 * commands, options, sinks and verdicts, and from what is there now (demos, processes).
 *
 * The answer has a line for each candidate: the whole word, a tab, and a few words on it (maybe none). A candidate that
 * ends in `:`, `=` or `,` wants more behind it. A line that begins with `:` says what only the shell knows:
 *   :files PREFIX    file names; PREFIX (maybe empty) is what stands before them in the same word
 *   :users PREFIX    names of users
 *   :command N       word N (from 0) begins a command line of its own
 *
 * What shells insert, a user may run without reading: nothing is offered that holds a character with a meaning to a
 * shell, such as a process that calls itself `$(reboot)`.
 */
#ifndef LIFELINE_CLI_COMPLETE_H
#define LIFELINE_CLI_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* count >= 1; a count of 0 is as one empty word. */
void complete_words(struct buffer *out, int count, char **words);

/* For those who offer. */
struct offers {
	struct buffer *out;
	const char *word;      /* as typed so far */
	size_t prefix;         /* bytes of it that are no part of the value: "--format=", "-o", "jsonl:", "zombie," */
};

/* One candidate, if it begins as the value does. `suffix` (":") follows it; of `help` the first sentence is told. Both
 * may be NULL. */
void offer(const struct offers *offers, const char *text, const char *suffix, const char *help);
/* What the shell knows best: "files", "users". */
void offer_action(const struct offers *offers, const char *action);
/*
 * Values by the placeholder that help shows for them: "FILE", "PID…", "CODE[,CODE…]", "text|json". False: nobody knows
 * that placeholder, which a test does not let pass.
 */
bool offer_values(const struct offers *offers, const char *placeholder);

#endif
