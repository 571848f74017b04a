/* SPDX-License-Identifier: BSD-2-Clause
 *
 * "Did you mean …?": the candidate closest to a word, by slips of typing.
 */
#ifndef LIFELINE_CLI_CLOSEST_H
#define LIFELINE_CLI_CLOSEST_H

#include <stddef.h>

#define CLOSEST_MAX 48 /* longer words are close to nothing */

struct closest {
	const char *word;
	unsigned distance;           /* of the best so far, or one more than what is still close */
	char found[CLOSEST_MAX + 1]; /* empty: none yet */
};

void closest_begin(struct closest *closest, const char *word);
/* Considers the first `length` bytes of the candidate. Among equally close ones the first offered stays. */
void closest_offer(struct closest *closest, const char *candidate, size_t length);
/* NULL if none is close. */
const char *closest_found(const struct closest *closest);

#endif
